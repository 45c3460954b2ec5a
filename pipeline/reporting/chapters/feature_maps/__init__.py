"""Feature maps: what every layer of a subject gives at some steps of the sampling loop."""

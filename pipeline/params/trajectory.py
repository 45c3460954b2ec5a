"""The section `trajectory`: what happens at each step of the sampling loop."""

from pipeline.params.section import Following


class Trajectory(Following):
    """What happens to the images of a subject at each step of the sampling loop."""

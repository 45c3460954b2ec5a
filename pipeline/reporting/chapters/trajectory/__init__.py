"""Trajectory: what happens to a subject's images at each step of the sampling loop."""

"""The section `trajectory`: what happens at each step of the sampling loop."""

from pipeline.params.section import Following


class Trajectory(Following):
    """What happens at each step of the sampling loop."""

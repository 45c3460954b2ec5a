"""The section `growth`: what the variants draw step by step, and how this changes over training."""

from pipeline.params.section import Count, Following


class Growth(Following):
    """What the variants draw step by step, and the baseline after more and more training."""

    replicas: Count  # how many of the training seeds, from the first on, the baseline is followed of, at most

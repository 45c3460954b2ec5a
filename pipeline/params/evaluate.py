"""The section `evaluate`: the distances to the real images."""

from pipeline.params.section import Count, Section


class Evaluate(Section):
    """The distances to the real images."""

    neighbours: Count  # k of precision, recall, density and coverage

"""The section `evaluate`: how images are compared with the real ones."""

from pipeline.params.section import Count, Section


class Evaluate(Section):
    """How images are compared with the real ones."""

    neighbours: Count  # k of precision, recall, density and coverage
    teaching_images: Count  # images seen by the classifiers that learn from samples

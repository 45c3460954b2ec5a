"""The section `likeness`: when two images count as alike."""

from pipeline.params.section import Fraction, Section


class Likeness(Section):
    """When two images count as alike."""

    threshold: Fraction  # an image with a lower likeness (0: unrelated, 1: equal) to the untouched one has changed

"""The section `claims`: how the claims of the sources are decided."""

from pipeline.params.section import Fraction, Positive, Section


class Margins(Section):
    """How far apart two things may be that count as equal."""

    loss: Positive  # percent of the baseline's loss
    cost: Positive  # percent of the baseline's cost, in memory or time


class Claims(Section):
    """How the claims of the sources are decided."""

    false_discovery_rate: Fraction  # at most this share of the decided claims is decided by chance
    margins: Margins

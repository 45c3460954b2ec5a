"""The section `segment`: a network of the baseline's architecture that learns to segment."""

from pipeline.params.section import Count, Fraction, Section


class Segment(Section):
    """A network of the baseline's architecture that learns to say what each pixel shows, on textured backgrounds."""

    run: bool  # whether the stage does anything
    replicas: Count  # how many of the training seeds, from the first on, train one, at most
    images: Count  # seen in the training of one
    batch_size: Count  # images of an update; all else of the training is as in the section `train`
    tested: Count  # held-out composites that it is tested on, at most
    min_overlap: Fraction  # mean intersection over union below which the report says that it cannot segment

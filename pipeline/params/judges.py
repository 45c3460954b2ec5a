"""The section `judges`: the frozen networks that score images."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from pipeline.errors import UserError
from pipeline.files import is_file
from pipeline.params.section import Count, Fraction, NonNegative, Positive, Section, Seed


class Classifier(Section):
    """The data set's own classifier."""

    channels: Annotated[list[Count], Field(min_length=1, max_length=9)]  # width after each halving
    features: Count  # width of the feature layer
    images: Count  # images seen in training
    batch_size: Count
    lr: Positive
    weight_decay: NonNegative
    seed: Seed
    min_accuracy: Fraction  # on the test split


class Judges(Section):
    """The frozen networks that score images."""

    judge: Literal["classifier", "inception"]
    inception_weights: str | None  # path of a local file
    reference: Count  # the most real images that metrics over pairs of images use
    classifier: Classifier

    def check(self, name: str) -> None:
        if self.inception_weights is not None and not is_file(Path(self.inception_weights)):
            raise UserError(
                f"params.yaml: {name}.inception_weights is {self.inception_weights}, which is not a file; a local copy "
                "of torch-fidelity's weights-inception-2015-12-05-6726825d.pth is accepted, or null to fetch it."
            )

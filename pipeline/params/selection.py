"""The section `selection`: the best of many images by the CLIP judge, beside as many drawn at random."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.section import Count, Name, Section

By = Literal["quality", "clip_score"]  # what `scores.score` gives


class Selection(Section):
    """The best of many images by the CLIP judge, beside as many drawn at random."""

    run: bool  # whether the stage does anything
    variant: Name  # whose images
    candidates: Annotated[int, Field(ge=2, le=10**6)]  # images of each class, of every replica
    kept: Annotated[int, Field(ge=2, le=10**6)]  # of these, how many are selected; two or more have a diversity
    by: Annotated[list[By], Field(min_length=1)]  # the scores that images are selected by, each in turn
    draws: Annotated[int, Field(ge=100, le=10**6)]  # random selections that a selection is compared with
    shown: Count  # classes in the pictures, from the first on

    def check(self, name: str) -> None:
        if self.kept >= self.candidates:
            raise UserError(
                f"params.yaml: {name}.kept is {self.kept}, but must be below the {self.candidates} candidates of each "
                f"class ({name}.candidates) that it is selected from."
            )

    def check_classes(self, classes: int, drawn: int) -> None:
        """Refuse more candidates of each class than are drawn; classes: how many a data set has, which only `prepare`
        knows of a folder; drawn: images of all classes."""
        if self.run and self.candidates * classes > drawn:
            raise UserError(
                f"params.yaml: selection.candidates is {self.candidates} of each of {classes} classes, but "
                f"sample.count is {drawn}, which has {drawn // classes} of each."
            )

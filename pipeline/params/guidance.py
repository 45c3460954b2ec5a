"""The section `guidance`: what classifier-free guidance changes, and at which steps."""

from typing import Annotated

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.section import Count, Name, Section

Scale = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


class Guidance(Section):
    """What classifier-free guidance changes, and at which steps."""

    run: bool  # whether the stage does anything
    variant: Name  # the variant that is guided
    replicas: Count  # how many of the training seeds, from the first on, at most
    scales: Annotated[list[Scale], Field(min_length=3, max_length=12)]  # of guidance at all steps
    part_scale: Scale  # of guidance in a part of the loop alone
    parts: Annotated[int, Field(ge=4, le=10)]  # equal parts of the loop; with three the middle would be one of them
    steps: Annotated[int, Field(ge=4, le=10**4)]  # of the loop, evenly spaced
    seeds: Annotated[int, Field(ge=4, le=10**9)]  # images of every training seed and setting
    shown: Annotated[int, Field(ge=1, le=20)]  # seeds in the pictures
    batch_size: Count

    def check(self, name: str) -> None:
        if sorted(self.scales) != self.scales or not {0, 1, self.part_scale} <= set(self.scales):
            raise UserError(
                f"params.yaml: {name}.scales is {self.scales}, but must rise, with 0 (no class), 1 (no guidance) and "
                f"{name}.part_scale ({self.part_scale:g}) among them."
            )
        if self.part_scale in (0, 1):
            raise UserError(
                f"params.yaml: {name}.part_scale is {self.part_scale:g}, which is no guidance; any other is accepted."
            )
        if self.parts > self.steps:
            raise UserError(
                f"params.yaml: {name}.parts is {self.parts}, more than the {self.steps} steps of {name}.steps."
            )
        if self.shown > self.seeds:
            raise UserError(
                f"params.yaml: {name}.shown is {self.shown}, but must be at most the {self.seeds} seeds of "
                f"{name}.seeds, which it is the first of."
            )

    def check_classes(self, classes: int) -> None:
        """Refuse fewer images than two of each class; classes: how many a data set has, which only `prepare` knows of a
        folder."""
        if self.run and self.seeds < 2 * classes:
            raise UserError(
                f"params.yaml: guidance.seeds is {self.seeds}, but two images of each of the {classes} classes are "
                "needed, to say how various the images of a class are."
            )

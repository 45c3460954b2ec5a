"""The section `timesteps`: the loop's steps spent in other parts of the process, and when images show each word."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.section import Count, Section

Place = Annotated[float, Field(ge=0, le=1)]


class Timesteps(Section):
    """The loop's steps spent in other parts of the process, and when images show each word."""

    run: bool  # whether the stage does anything
    seeds: Annotated[int, Field(ge=2, le=10**9)]  # images that every spacing draws
    steps: Annotated[int, Field(ge=3, le=10**4)]  # of every spacing
    strength: Annotated[float, Field(gt=0, le=50)]  # logarithm of an exponential spacing's largest gap to its least
    positions: Annotated[list[Place], Field(min_length=2, max_length=9)]  # where these are densest, as shares
    samplers: Annotated[list[Literal["ddim", "ddpm"]], Field(min_length=1)]  # that every spacing is drawn by
    attended: Count  # of these, the first whose attention is followed
    shown: Annotated[int, Field(ge=1, le=20)]  # seeds in the pictures
    columns: Annotated[int, Field(ge=2, le=20)]  # steps in the picture of attention
    batch_size: Count

    def check(self, name: str) -> None:
        if len({round(100 * place) for place in self.positions}) < len(self.positions):
            raise UserError(f"params.yaml: {name}.positions must be different whole percents of the process, 0 to 1.")
        for key in ("seeds", "attended", "batch_size"):
            if self.shown > getattr(self, key):
                raise UserError(
                    f"params.yaml: {name}.shown is {self.shown}, but must be at most the {getattr(self, key)} of "
                    f"{name}.{key}, which it is the first of."
                )

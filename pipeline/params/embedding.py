"""The section `embedding`: what the timestep embedding holds, and what a network makes of it."""

from typing import Annotated

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.section import Count, Name, Section


class Embedding(Section):
    """What the timestep embedding holds, and what a network makes of it."""

    run: bool  # whether the stage does anything
    variants: Annotated[list[Name], Field(min_length=1)]  # those that are looked at
    levels: Annotated[int, Field(ge=8, le=64, multiple_of=8)]  # noise levels, the middles of as many parts of T
    rows: Annotated[int, Field(ge=9, le=500)]  # timesteps of the similarity matrix, evenly spaced
    images: Annotated[int, Field(ge=40, le=10**6)]  # held-out images whose noise level is read off the layers
    told_images: Count  # of these, how many are given to the network with every level told
    batch_size: Count  # images that a network takes at a time

    def check(self, name: str) -> None:
        if self.told_images > self.images:
            raise UserError(
                f"params.yaml: {name}.told_images is {self.told_images}, but must be at most the {self.images} images "
                f"of {name}.images, which it is the first of."
            )

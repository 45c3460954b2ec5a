"""The section `layers`: what each layer of the denoiser and of the segmentation network shows."""

from typing import Annotated

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.section import Count, Section, Shares, check_shares


class Layers(Section):
    """What each layer of the denoiser and of the segmentation network shows."""

    run: bool  # whether the stage does anything
    times: Shares  # noise levels
    images: Annotated[int, Field(ge=40, le=10**6)]  # held-out images that go through the networks
    skip_images: Count  # of these, how many go through them without each skip
    shown: Annotated[int, Field(ge=1, le=8)]  # images in the pictures
    batch_size: Count  # images that a network takes at a time

    def check(self, name: str) -> None:
        check_shares(f"{name}.times", self.times)
        for key in ("skip_images", "shown"):
            if getattr(self, key) > self.images:
                raise UserError(
                    f"params.yaml: {name}.{key} is {getattr(self, key)}, but must be at most the {self.images} images "
                    f"of {name}.images, which it is the first of."
                )

"""The section `text`: denoisers that are told a caption, and one of them with CLIP in its loss."""

from typing import Annotated

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.section import Count, Section


class Text(Section):
    """Denoisers that are told a caption by cross-attention to the text tower of the CLIP judge."""

    run: bool  # whether the stage does anything
    replicas: Count  # how many of the training seeds, from the first on, train a network of each kind, at most
    images: Count  # seen in the training of one, which is in all else as in the section `train`
    held_out: Annotated[int, Field(ge=0, le=10**4)]  # combinations of words that training never shows
    clip_weight: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]  # of CLIP's score in the loss of
    # `clip_loss`; 0: no such network is trained
    clip_from: Annotated[int, Field(ge=0)]  # images seen in training from which on CLIP has a say
    guidance: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]  # scale at which images are drawn; 1: none
    steps: Annotated[int, Field(ge=2, le=10**4)]  # of the loop, evenly spaced
    seeds: Count  # images of every combination of words
    natural: Annotated[int, Field(ge=20, le=10**6)]  # images drawn for captions of held-out real images
    attended: Annotated[int, Field(ge=2)]  # images, spread over the combinations, whose attention is followed
    shown: Count  # of these, images in the pictures of attention
    columns: Annotated[int, Field(ge=2, le=100)]  # steps in the pictures of attention
    batch_size: Count  # images that the network takes at a time; repeats fill up the last batch

    def check(self, name: str) -> None:
        if self.clip_weight and self.clip_from >= self.images:
            raise UserError(
                f"params.yaml: {name}.clip_from is {self.clip_from}, but must be below the {self.images} images seen "
                f"in training ({name}.images), or CLIP never has a say."
            )
        for key, asked, key_of_most, most in (
            ("attended", self.attended, "batch_size", self.batch_size),
            ("shown", self.shown, "attended", self.attended),
            ("columns", self.columns, "steps", self.steps),
        ):
            if asked > most:
                raise UserError(
                    f"params.yaml: {name}.{key} is {asked}, but must be at most the {most} of {name}.{key_of_most}."
                )

"""The section `scores`: what the CLIP judge says of every variant's images."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.params.section import Name, Section


class Scores(Section):
    """What the CLIP judge says of every variant's images."""

    run: bool  # whether the stage does anything
    variants: Literal["all"] | Annotated[list[Name], Field(min_length=1)]  # those whose images are scored
    shown: Annotated[int, Field(ge=1, le=20)]  # best and worst images in the pictures

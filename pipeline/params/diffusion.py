"""The section `diffusion`: the noise process."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.params.section import Section


class Diffusion(Section):
    """The noise process."""

    schedule: Literal["cosine", "linear"]
    timesteps: Annotated[int, Field(ge=2, le=100_000)]  # T
    prediction: Literal["epsilon", "v"]  # what the network predicts

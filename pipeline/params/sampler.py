"""The section `sampler`: the loop from noise to image."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.section import Count, Section, Seed


class Sampler(Section):
    """The loop from noise to image, the same in every stage that draws images."""

    name: Literal["ddim", "ddpm"]
    timesteps: Count | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]  # how many, or which
    clip: bool  # whether the predicted clean image is kept in [-1, 1]
    first_seed: Seed  # the seed of image 0

    @property
    def steps(self) -> int:
        """Return the number of steps, K."""
        return self.timesteps if isinstance(self.timesteps, int) else len(self.timesteps)

    def check(self, name: str) -> None:
        if isinstance(self.timesteps, list) and sorted(set(self.timesteps), reverse=True) != self.timesteps:
            raise UserError(f"params.yaml: {name}.timesteps is {self.timesteps}, but it must fall without repeats.")

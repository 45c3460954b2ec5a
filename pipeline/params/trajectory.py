"""The section `trajectory`: what happens at each step of the sampling loop."""

from typing import Annotated

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.section import Count, Section


class Trajectory(Section):
    """What happens at each step of the sampling loop."""

    run: bool  # whether the stage does anything
    seeds: Annotated[int, Field(ge=2, le=10**9)]  # images that are followed
    shown: Annotated[int, Field(ge=1, le=20)]  # seeds in the pictures
    columns: Annotated[int, Field(ge=2, le=20)]  # steps in the pictures
    branch_seeds: Annotated[int, Field(ge=2, le=10**9)]  # images that are continued with fresh noise
    branch_starts: Annotated[int, Field(ge=2, le=10**4)]  # steps from which they are
    continuations: Annotated[int, Field(ge=2, le=9)]  # of each image from each of these steps
    batch_size: Count

    def check(self, name: str) -> None:
        for key in ("shown", "branch_seeds"):
            if getattr(self, key) > self.seeds:
                raise UserError(
                    f"params.yaml: {name}.{key} is {getattr(self, key)}, but must be at most the {self.seeds} seeds of "
                    f"{name}.seeds, which it is the first of."
                )

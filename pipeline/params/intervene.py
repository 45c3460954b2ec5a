"""The section `intervene`: the sweeps of interventions over every subject."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.section import Count, Section


class Intervene(Section):
    """The sweeps of interventions over every subject."""

    run: bool
    seeds: Annotated[int, Field(ge=2)]  # images per cell
    starts: Annotated[int, Field(ge=3)] | Literal["all"]  # starting steps
    jumps: list[Count]  # n: steps that one call of the network covers
    length: Count  # steps without skips or blocks
    skips: Count  # ns, from the top
    single_skips: bool
    blocks: list[Count] | Literal["all"]  # nb, from the bottom
    fills: Annotated[list[Literal["zeros", "cache"]], Field(min_length=1)]  # what stands in for removed parts
    durations: list[Count]  # n, from each nb's own start
    relaxations: list[Annotated[int, Field(ge=0)]]  # r, between two cuts
    batch_size: Count
    shown: Annotated[int, Field(ge=1, le=20)]  # seeds in the pictures

    def check(self, name: str) -> None:
        if self.length not in self.jumps:
            raise UserError(
                f"params.yaml: {name}.length is {self.length}, but must be one of {name}.jumps "
                f"({', '.join(map(str, self.jumps))})."
            )

"""The section `intervene`: the sweeps of interventions over every subject."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.section import Count, Section


class Intervene(Section):
    """The sweeps of interventions over every subject."""

    run: bool  # whether the stage does anything
    seeds: Annotated[int, Field(ge=2, le=10**9)]  # images of every network and cell
    starts: Annotated[int, Field(ge=3)] | Literal["all"]  # starting steps
    phase_starts: Annotated[int, Field(ge=3)] | Literal["all"]  # starting steps of the jumps of the usual length
    jumps: list[Count]  # n: steps that one call of the network covers
    jump_noise: Literal["whole", "step"]  # what a jump draws: the noise of all its steps, or of one
    length: Count  # how many steps in a row go without skips or blocks
    skips: Count  # ns: how many skips are removed, from the top
    single_skips: bool  # whether each skip is also removed alone
    blocks: list[Count] | Literal["all"]  # nb: how many blocks are removed, from the bottom
    fills: Annotated[list[Literal["zeros", "cache"]], Field(min_length=1)]  # what stands in for removed parts
    durations: list[Count]  # n: steps in a row without nb blocks, from the step at which these become redundant
    relaxations: list[Annotated[int, Field(ge=0)]]  # r: steps of rest between two cuts
    batch_size: Count
    shown: Annotated[int, Field(ge=1, le=20)]  # seeds in the pictures

    def check(self, name: str) -> None:
        if self.length not in self.jumps:
            raise UserError(
                f"params.yaml: {name}.length is {self.length}, but it must be one of {name}.jumps "
                f"({', '.join(map(str, self.jumps))})."
            )

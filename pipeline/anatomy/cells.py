"""The sweeps' cells: which interventions are tried, from the source's figures scaled by params.yaml.

A cell is one intervention on all seeds. What is tried in the last two sweeps hangs on what the ones before have shown.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from pipeline.anatomy.interventions import Intervention, parse
from pipeline.anatomy.source import SOURCE_END, SOURCE_STEPS
from pipeline.params import Intervene


@dataclass(frozen=True)
class Cell:
    """A cell is one intervention of a sweep. sweep: `jump` (n steps are done as one), `skips` (the top `parts` skips
    are left out), `skip` (skip number `parts` alone), `blocks` (the bottom `parts` blocks), `duration` (blocks, over n
    steps), `relax` (blocks over n steps, r steps of rest, n steps again), or `end` (the clean image predicted at
    `start` is taken); start: the first step concerned; n: how many steps are; fill: what stands in for a part, `zeros`
    or `cache`; noise: what a jump draws, the `whole` of its noise or that of one `step`."""

    sweep: str
    start: int
    n: int = 1
    parts: int = 0
    r: int = 0
    fill: str = "zeros"
    noise: str = "whole"

    @property
    def name(self) -> str:
        """The name of its file, and of its numbers in summary.json."""
        parts = f"{self.parts:02d}-" if self.sweep in ("skips", "skip", "blocks", "duration", "relax") else ""
        rest = f"-r{self.r:02d}" if self.sweep == "relax" else ""
        return (
            f"{self.sweep}-{parts}{self.start:04d}-n{self.n:02d}{rest}"
            + "-cache" * (self.fill == "cache")
            + "-step" * (self.noise == "step")
        )

    @property
    def intervention(self) -> Intervention:
        """The intervention that the cell tries."""
        here = {"start": self.start, "count": self.n}
        if self.sweep == "jump":
            return parse([{"remove": "steps", "noise": self.noise, **here}])
        if self.sweep == "end":
            return parse([{"remove": "rest", "start": self.start}])
        if self.sweep in ("skips", "skip"):
            numbers = [self.parts] if self.sweep == "skip" else list(range(1, self.parts + 1))
            return parse([{"remove": "skips", "numbers": numbers, "fill": self.fill, **here}])
        blocks = {"remove": "blocks", "number": self.parts, "fill": self.fill, "count": self.n}
        cut = [{**blocks, "start": self.start}]
        if self.sweep == "relax":
            cut.append({**blocks, "start": self.start - self.n - self.r})
        return parse(cut)

    def as_dict(self) -> dict[str, Any]:
        """Return its values, for a row of a table."""
        return {"cell": self.name, **asdict(self)}


def starts(count: int | Literal["all"], length: int, steps: int) -> list[int]:
    """Return the steps at which a sweep starts, noisiest first: all of them, or `count`, evenly spaced, from the first
    to the last that leaves room for an intervention of the usual length."""
    if count == "all":
        return list(range(steps, 0, -1))
    last = min(length, steps)
    return sorted({round(k) for k in np.linspace(steps, last, min(count, steps))}, reverse=True)


def early_end(steps: int) -> int:
    """Return the step at which the source ends its shortcut, scaled to a loop of so many steps."""
    return max(round(SOURCE_END * steps / SOURCE_STEPS), 1)


def numbers_of_blocks(params: Intervene, blocks: int) -> list[int]:
    """Return every nb that is tried, the number of blocks that are removed, for a network of so many blocks."""
    return list(range(1, blocks + 1)) if params.blocks == "all" else params.blocks


def first(params: Intervene, steps: int, blocks: int) -> Iterator[Cell]:
    """Yield the sweeps over starting steps, for a loop of `steps` and a network of `blocks` blocks and skips."""
    n = params.length
    few, many = (starts(count, n, steps) for count in (params.starts, params.phase_starts))
    for start in sorted({*few, *many, early_end(steps)}, reverse=True):
        yield Cell("end", start)
    for covered in params.jumps:
        for start in many if covered == n else few:
            if covered <= start:
                yield Cell("jump", start, covered, noise=params.jump_noise if covered > 1 else "whole")
    for start in few:
        if n > start:
            continue
        for fill in params.fills:
            if fill == "cache" and start == steps:
                continue  # nothing has been computed yet
            yield Cell("skips", start, n, params.skips, fill=fill)
            for number in range(1, blocks + 1) if params.single_skips else ():
                yield Cell("skip", start, n, number, fill=fill)
            for number in numbers_of_blocks(params, blocks):
                yield Cell("blocks", start, n, number, fill=fill)


def durations(params: Intervene, own_start: dict[int, int]) -> Iterator[Cell]:
    """Yield the cells that ask how long blocks may be left out, from the step on at which they are redundant;
    own_start: nb -> that step."""
    for number, start in own_start.items():
        for n in params.durations:
            if n <= start:
                yield Cell("duration", start, n, number, fill=params.fills[0])


def relaxations(params: Intervene, own_start: dict[int, int], longest: dict[int, int], steps: int) -> Iterator[Cell]:
    """Yield the cells that ask how long a rest must be between two cuts. Each cut is as long as one alone may be, but a
    quarter of the steps at most, and no longer than leaves room for a rest of a fifth of them; own_start: nb -> the
    step from which on so many blocks are redundant; longest: nb -> the longest cut in steps."""
    for number, most in longest.items():
        room = (own_start[number] - steps // 5) // 2
        n = min(most, max(min(steps // 4, room), 1))
        for r in params.relaxations:
            if own_start[number] - n - r >= n:
                yield Cell("relax", own_start[number], n, number, r, params.fills[0])

"""Doing the sweeps' cells: from the kept steps of the untouched run, a tree per start, each cell saved when done."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.anatomy.cells import Cell
from pipeline.anatomy.interventions import Plan, plan
from pipeline.anatomy.sweep import Cache, Loop, Moment, cached_parts, calls
from pipeline.files import replacing
from pipeline.judges import similarity

Found = dict[str, np.ndarray]  # ssim [S], psnr [S] in dB, images uint8 of the first seeds, and where a judge can say,
# kept: bool [S], whether it sees the same class as before


class Trials:
    """Trials are cells tried on the same seeds. seeds, labels: int [S]; sees: images uint8 [S, H, W, C] -> classes [S],
    or None; shown: how many seeds' images are kept; store: a folder of finished cells, from which an interrupted run
    goes on."""

    def __init__(
        self,
        loop: Loop,
        seeds: np.ndarray,
        labels: np.ndarray,
        sees: Callable[[np.ndarray], np.ndarray] | None,
        shown: int,
        store: Path,
    ):
        self.loop, self.seeds, self.labels, self.sees = loop, seeds, labels, sees
        self.shown, self.store = shown, store
        self.found: dict[Cell, Found] = {}
        self._trajectory: dict[int, Moment] = {}
        self.untouched, self.unrelated = np.empty(0), np.empty(0)

    def start(self, expected: Iterable[Cell]) -> None:
        """Do the untouched run, and measure how alike its images are that have nothing to do with each other. The steps
        at which expected cells start are kept, with the outputs that these cells put in a part's place. Other cells may
        follow that start at the same steps with the same parts."""
        expected, before = list(expected), Cache()
        starts, kept = {cell.start for cell in expected}, cached_parts(map(self.plan, expected))
        for moment in self.loop.walk(self.loop.untouched, self.seeds, self.labels, kept):
            if moment.action.k in starts:
                self._trajectory[moment.action.k] = replace(moment, cache=before)
            before = moment.cache
        self.untouched = self.loop.subject.images(moment.after)
        self.unrelated = similarity.unrelated(self.untouched, self.labels)

    def plan(self, cell: Cell) -> Plan:
        """Return what a cell does at every step."""
        return plan(cell.intervention, self.loop.steps, self.loop.blocks)

    def todo(self, cells: Iterable[Cell]) -> list[Cell]:
        """Return the cells that are not in the store."""
        return [cell for cell in cells if not self._file(cell).is_file()]

    def calls(self, cells: Iterable[Cell]) -> int:
        """Return how often the network will be called for each seed."""
        counted = [self.plan(cell) for cell in self.todo(cells) if cell.sweep != "end"]
        return sum(calls(counted, self.loop.untouched).values()) - self.loop.steps

    def run(self, cells: Iterable[Cell]) -> Iterator[Cell]:
        """Do the cells, or take them from the store; each is in `found` when it comes."""
        cells = list(cells)
        at: dict[int, dict[Plan, list[Cell]]] = defaultdict(lambda: defaultdict(list))
        missing = set(self.todo(cells))
        for cell in cells:
            if cell not in missing:
                with np.load(self._file(cell)) as saved:
                    self.found[cell] = dict(saved)
                yield cell
            elif cell.sweep == "end":
                yield self._note(cell, self.loop.subject.images(self._trajectory[cell.start].x0))
            elif self.plan(cell) == self.loop.untouched:
                yield self._note(cell, self.untouched)
            else:
                at[cell.start][self.plan(cell)].append(cell)
        for start, group in at.items():
            for steps, x in self.loop.branch(self._trajectory[start], list(group), self.seeds, self.labels):
                images = self.loop.subject.images(x)
                for cell in group[steps]:
                    yield self._note(cell, images)
        for cell in cells:  # in the order asked for, whatever came from the store
            self.found[cell] = self.found.pop(cell)

    def _note(self, cell: Cell, images: np.ndarray) -> Cell:
        """Compare a cell's images with the untouched ones, and keep the result in `found` and in the store."""
        found = {
            "ssim": similarity.ssim(images, self.untouched),
            "psnr": similarity.psnr(images, self.untouched),
            "images": images[: self.shown],
        }
        if self.sees is not None:
            found["kept"] = self.sees(images) == self.sees(self.untouched)
        with replacing(self._file(cell)) as unfinished, open(unfinished, "wb") as file:
            np.savez(file, allow_pickle=False, **found)
        self.found[cell] = found
        return cell

    def _file(self, cell: Cell) -> Path:
        """Return the cell's file in the store."""
        return self.store / f"{cell.name}.npz"

"""This file turns what every cell did to every seed's image into curves, phases and limits, each with its interval."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.anatomy import phases
from pipeline.anatomy.cells import Cell
from pipeline.anatomy.intervened import KINDS
from pipeline.anatomy.trials import Found
from pipeline.judges import number, similarity
from pipeline.judges.number import Number

MEANS = ("ssim", "likeness", "psnr")  # what is averaged over seeds


@dataclass(frozen=True)
class Curves:
    """The cells' results as curves. found: what each cell gave; unrelated: [S], whose mean is the SSIM at which
    likeness is 0 (`similarity.unrelated`); draws: int [B, S], resamples of the seeds; threshold: the likeness below
    which an image has changed."""

    found: dict[Cell, Found]
    unrelated: np.ndarray
    draws: np.ndarray
    threshold: float

    def values(self, cell: Cell, name: str) -> np.ndarray:
        """Return what a cell gave for every seed, [S]: ssim, likeness, psnr (dB) or kept."""
        found = self.found[cell]
        return similarity.calibrated(found["ssim"], self.unrelated) if name == "likeness" else found[name]

    def numbers(self, cell: Cell) -> dict[str, Number]:
        """Return the numbers of a cell: ssim, likeness and psnr (dB), the mean over seeds with its spread (standard
        deviation); under, the share of images below the threshold; and where a judge can say kept, the share that
        it takes for the same class as before."""
        n = self.draws.shape[1]
        out: dict[str, Number] = {}
        for name in MEANS:
            values = self.values(cell, name)
            mean = number.resampled(values.mean(), n, values[self.draws].mean(axis=1), KINDS[name])
            out[name] = {**mean, "spread": float(values.std(ddof=1))}
        shares = {"under": self.values(cell, "likeness") < self.threshold}
        shares |= {"kept": self.values(cell, "kept")} if "kept" in self.found[cell] else {}
        return out | {name: number.share(hits) for name, hits in shares.items()}

    def of_unrelated(self) -> Number:
        """Return the mean SSIM of images that have nothing to do with each other, with its spread over images."""
        mean = number.resampled(
            self.unrelated.mean(), len(self.unrelated), self.unrelated[self.draws].mean(axis=1), "correlation"
        )
        return {**mean, "spread": float(self.unrelated.std(ddof=1))}

    def means(self, cells: Iterable[Cell], name: str = "likeness") -> np.ndarray:
        """Return the means over seeds of P cells, [1 + B, P]: those of all seeds first, then those of each resample."""
        values = np.stack([self.values(cell, name) for cell in cells], axis=-1)
        return np.concatenate([values.mean(axis=0)[None], values[self.draws].mean(axis=1)])

    def select(self, sweep: str, fill: str = "zeros", **fields: int) -> list[Cell]:
        """Return the cells of a sweep, from the first step to the last, shortest first."""
        chosen = [
            cell
            for cell in self.found
            if cell.sweep == sweep and cell.fill == fill and all(getattr(cell, k) == v for k, v in fields.items())
        ]
        return sorted(chosen, key=lambda cell: (cell.parts, -cell.start, cell.n, cell.r))

    def numbers_of_parts(self, sweep: str) -> list[int]:
        """Return the numbers of parts that a sweep has tried."""
        return sorted({cell.parts for cell in self.found if cell.sweep == sweep})

    def own_start(self, nb: int, fill: str) -> Number | None:
        """Return the step from which on the bottom nb blocks are redundant, 0 where they never are; None if it was not
        tried."""
        cells = self.select("blocks", fill, parts=nb)
        return self._limit(self.redundant(cells)) if cells else None

    def longest(self, nb: int, fill: str) -> Number | None:
        """Return how many steps in a row may go without nb blocks, from their own start on; None if it was not tried.
        `tried` is the most that could have been found."""
        cells = self.select("duration", fill, parts=nb)
        if not cells:
            return None
        lengths = [cell.n for cell in cells]
        return {**self._limit(phases.longest(self.means(cells), lengths, self.threshold)), "tried": max(lengths)}

    def shortest(self, nb: int, fill: str) -> Number | None:
        """Return how long a rest must be between two cuts of nb blocks; None if it was not tried. A value above `tried`
        says that no rest which was tried is long enough."""
        cells = self.select("relax", fill, parts=nb)
        if not cells:
            return None
        rests = [cell.r for cell in cells]
        return {**self._limit(phases.shortest(self.means(cells), rests, self.threshold)), "tried": max(rests)}

    def own_starts(self, fill: str, n: int) -> dict[int, int]:
        """Return nb -> the step from which on so many blocks are redundant, of those that ever are; but where there are
        phases of n steps done as one (`boundaries`), no step before the first that was tried after the first phase."""
        found = {nb: self.own_start(nb, fill) for nb in self.numbers_of_parts("blocks")}
        own = {nb: int(limit["value"]) for nb, limit in found.items() if limit and limit["value"]}
        for ends in self.boundaries(n)[:1]:
            latest = max(cell.start for cell in self.found if cell.start < ends["value"])
            own = {nb: min(start, latest) for nb, start in own.items()}
        return own

    def longest_cuts(self, fill: str) -> dict[int, int]:
        """Return nb -> how many steps in a row may go without so many blocks, of those that may be left out at all."""
        found = {nb: self.longest(nb, fill) for nb in self.numbers_of_parts("duration")}
        return {nb: int(limit["value"]) for nb, limit in found.items() if limit and limit["value"]}

    def unrestored(self, fill: str) -> set[int]:
        """Return the numbers of blocks that cannot do with the shortest rest that was tried between two cuts."""
        shortest = {cell.parts: cell for cell in reversed(self.select("relax", fill))}
        return {nb for nb, cell in shortest.items() if self.means([cell])[0, 0] < self.threshold}

    def sooner(self, one: list[Cell], other: list[Cell]) -> Number:
        """Return by how many steps the first cells' blocks are redundant before the others'."""
        return self._limit(self.redundant(one) - self.redundant(other))

    def redundant(self, cells: list[Cell]) -> np.ndarray:
        """Return the step from which on the cells' blocks are redundant, [1 + B], 0 where they never are."""
        return phases.redundant_from(self.means(cells), [cell.start for cell in cells], self.threshold)

    def boundaries(self, n: int) -> list[Number]:
        """Return where composition goes over into transition, and transition into denoising: the two change points of
        SSIM and PSNR over the first of n steps that are done as one. They are steps, halfway between two starts. The
        list is empty below `phases.FEWEST` starts."""
        cells = self.select("jump", n=n)
        if len(cells) < phases.FEWEST:
            return []
        places = phases.change_points(self._both(cells))
        starts = np.array([cell.start for cell in cells])
        between = (starts[:-1] + starts[1:]) / 2
        return [self._limit(between[places[:, which] - 1]) for which in (0, 1)]

    def three_phases(self, n: int) -> Number | None:
        """Return how much better three levels fit the curves of SSIM and PSNR than any curve without phases does
        (`phases.gains`), over the first of n steps that are done as one; None below `phases.FEWEST` starts."""
        cells = self.select("jump", n=n)
        if len(cells) < phases.FEWEST:
            return None
        found = phases.gains(self._both(cells), np.array([cell.start for cell in cells]))
        return number.least({rival: self.number(gains) for rival, gains in found.items()})

    def _both(self, cells: list[Cell]) -> np.ndarray:
        """Return the means of SSIM and PSNR, [1 + B, 2, P]."""
        return np.stack([self.means(cells, "ssim"), self.means(cells, "psnr")], axis=1)

    def difference(self, one: list[Cell], other: list[Cell], name: str = "likeness") -> Number:
        """Return the mean over the first cells less the mean over the others, paired by seed."""
        return self.number(self.means(one, name).mean(axis=1) - self.means(other, name).mean(axis=1))

    def over_threshold(self, cell: Cell, looser: float = 0.0) -> Number:
        """Return the mean likeness of a cell less the threshold, or less one that is looser by so much."""
        return self.number(self.means([cell])[:, 0] - (self.threshold - looser))

    def changed(self, cells: list[Cell]) -> Number:
        """Return the share of images that have changed, over all cells."""
        shares = np.mean([self.values(cell, "likeness") < self.threshold for cell in cells], axis=0)
        return number.resampled(shares.mean(), len(shares), shares[self.draws].mean(axis=1), "share")

    def always_kept(self, cells: list[Cell]) -> Number:
        """Return the share of seeds whose image keeps its class in every cell."""
        return number.share(np.all([self.values(cell, "kept") for cell in cells], axis=0))

    def number(self, found: np.ndarray) -> Number:
        """Return the number of all seeds, which comes first, with the interval that the resamples [B] give."""
        return number.resampled(found[0], self.draws.shape[1], found[1:])

    def _limit(self, found: np.ndarray) -> Number:
        """Return the limit of all seeds, which comes first, with the interval that the resamples' limits [B] behind it
        give."""
        return number.of_few_values(found[0], self.draws.shape[1], found[1:])

    def per_seed(self, seeds: np.ndarray) -> pd.DataFrame:
        """Return a row per cell and seed: ssim, likeness, psnr (dB), and where a judge can say, kept."""
        judged = all("kept" in found for found in self.found.values())
        columns = ["ssim", "likeness", "psnr", *(["kept"] if judged else [])]
        pieces = [
            pd.DataFrame({"cell": cell.name, "seed": seeds, **{name: self.values(cell, name) for name in columns}})
            for cell in self.found
        ]
        return pd.concat(pieces, ignore_index=True)

    def table(self, snr_db: dict[int, float]) -> pd.DataFrame:
        """Return a row per cell: its values, the signal-to-noise ratio (dB) at its first step, and its numbers."""
        rows = []
        for cell in self.found:
            row = {**cell.as_dict(), "snr_db": snr_db[cell.start]}
            for name, found in self.numbers(cell).items():
                row |= {name: found["value"], f"{name}_low": found["ci95"][0], f"{name}_high": found["ci95"][1]}
                row |= {f"{name}_spread": found["spread"]} if "spread" in found else {}
            rows.append({**row, "n_seeds": self.draws.shape[1]})
        return pd.DataFrame(rows)

"""What the sweeps say of the source's sentences (Prasad et al. 2023): phases, limits, and an effect for each claim.

Every effect is signed so that a positive one speaks for the source.
"""

import numpy as np

from pipeline.anatomy.cells import Cell, early_end
from pipeline.anatomy.curves import Curves
from pipeline.anatomy.effects import Sweeps
from pipeline.judges.number import Number
from pipeline.params import Intervene

REST = (0.15, 0.2)  # of the steps, the rest that the source finds to be needed: 15 to 20 of 100
CUT = 0.07  # of the steps, the longest cut that the source finds to be possible: 7 of 100


def findings(curves: Curves, params: Intervene, snr_db: dict[int, float]) -> dict[str, Number]:
    """Return the phases, limits and effects that the sweeps show, by dotted name: `phases.NAME`, `limits.NB.FILL.NAME`
    (the number has NB and FILL as fields too) and `effects.NAME`.

    snr_db: step -> signal-to-noise ratio of x at it in dB, of every step; those numbers that are steps carry the ratio
    there.
    """
    names = ("phases.composition_ends", "phases.denoising_begins")
    out: dict[str, Number] = dict(zip(names, curves.boundaries(params.length), strict=False))
    at_steps = list(out.values())
    for nb in curves.numbers_of_parts("blocks"):
        for fill in params.fills:
            start = curves.own_start(nb, fill)
            at_steps += [start] if start and start["value"] >= 1 else []
            limits = {
                "redundant_from": start,
                "longest_cut": curves.longest(nb, fill),
                "shortest_rest": curves.shortest(nb, fill),
            }
            for name, number in limits.items():
                if number:
                    number["nb"], number["fill"] = nb, fill
                    out[f"limits.{nb}.{fill}.{name}"] = number
    known = sorted(snr_db)
    for number in at_steps:
        number["snr_db"] = float(np.interp(number["value"], known, [snr_db[k] for k in known]))
    return out | {f"effects.{name}": number for name, number in effects(curves, params, max(snr_db)).items()}


def effects(curves: Curves, params: Intervene, steps: int) -> dict[Sweeps, Number]:
    """Return the effects that the cells tried can show, in a sampling loop of so many steps. What each says stands with
    its name, in `Sweeps`."""
    jumps = curves.select("jump", n=params.length)
    fill = params.fills[0]
    skips = curves.select("skips", fill, n=params.length)
    blocks = {nb: curves.select("blocks", fill, parts=nb) for nb in curves.numbers_of_parts("blocks")}
    cuts = {nb: curves.select("duration", fill, parts=nb) for nb in curves.numbers_of_parts("duration")}
    rests = {nb: curves.select("relax", fill, parts=nb) for nb in curves.numbers_of_parts("relax")}
    several = [cells for cells in rests.values() if len(cells) > 1]
    enough = [[c for c in cells if REST[0] * steps <= c.r <= REST[1] * steps] for cells in rests.values()]
    twos = curves.select("jump", n=2)
    out: dict[Sweeps, Number] = {}
    if twos:
        out[Sweeps.ONE_STEP_IS_LITTLE] = curves.over_threshold(_worst(curves, twos))
    if len(jumps) >= 3:
        out[Sweeps.FIRST_STEPS_COMPOSE] = curves.difference(_late(jumps), _early(jumps))
    if blocks:
        least, most = blocks[min(blocks)], blocks[max(blocks)]
        later = {cell.start for cell in _later(least)}
        first, last = (curves.means(cells).mean(axis=1) for cells in (_early(least), _late(least)))
        lesser = np.minimum(curves.threshold - first, last - curves.threshold)
        out[Sweeps.DEEP_BLOCKS_COMPOSE] = curves.number(lesser)
        without_skips = [cell for cell in skips if cell.start in later]
        out[Sweeps.SKIPS_DENOISE] = curves.difference(_later(least), without_skips, "psnr")
        if len(blocks) > 1:
            out[Sweeps.BOTTOM_UP] = curves.sooner(least, most)
    longest = [cells[-1] for cells in cuts.values() if cells[-1].n >= CUT * steps]
    if longest:
        best = curves.means(longest).max(axis=1)
        out[Sweeps.CUTS_ARE_LIMITED] = curves.number(curves.threshold - best)
    if any(enough):
        worst = _worst(curves, [cells[-1] for cells in enough if cells])
        out[Sweeps.REST_RESTORES] = curves.over_threshold(worst)
    if several:
        out[Sweeps.REST_HELPS] = curves.difference([c[-1] for c in several], [c[0] for c in several])
    for cell in curves.select("end", start=early_end(steps)):
        out[Sweeps.LAST_STEPS_ARE_SPARE] = curves.over_threshold(cell)
    return out


def _early(cells: list[Cell]) -> list[Cell]:
    """Return the first third of the starts."""
    return cells[: max(len(cells) // 3, 1)]


def _late(cells: list[Cell]) -> list[Cell]:
    """Return the last third of the starts."""
    return cells[-max(len(cells) // 3, 1) :]


def _later(cells: list[Cell]) -> list[Cell]:
    """Return all starts after the first third."""
    return cells[max(len(cells) // 3, 1) :]


def _worst(curves: Curves, cells: list[Cell]) -> Cell:
    """Return the cell with the lowest mean SSIM."""
    return cells[int(np.argmin([curves.found[cell]["ssim"].mean() for cell in cells]))]

"""What the sweeps say of the source's sentences (Prasad et al. 2023): phases, limits, and an effect for each claim.

Every effect is signed so that a positive one speaks for the source.
"""

import numpy as np

from pipeline.anatomy.cells import Cell, early_end
from pipeline.anatomy.curves import Curves, Number
from pipeline.params import Intervene

REST = (0.15, 0.2)  # of the steps, the rest that the source finds to be needed: 15 to 20 of 100
CUT = 0.07  # of the steps, the longest cut that the source finds to be possible: 7 of 100


def findings(curves: Curves, params: Intervene, snr_db: dict[int, float]) -> dict[str, Number]:
    """Dotted name -> number; those that are steps have the signal-to-noise ratio there as `snr_db`.

    snr_db: step -> signal-to-noise ratio of x at it, of every step.
    """
    steps = max(snr_db)
    names = ("phases.composition_ends", "phases.denoising_begins")
    out: dict[str, Number] = dict(zip(names, curves.boundaries(params.length), strict=False))
    for nb in curves.parts("blocks"):
        for fill in params.fills:
            limits = {
                "redundant_from": curves.own_start(nb, fill),
                "longest_cut": curves.longest(nb, fill),
                "shortest_rest": curves.shortest(nb, fill),
            }
            out |= {f"limits.{nb}.{fill}.{name}": number for name, number in limits.items() if number}
    for name, number in out.items():
        if name.startswith("phases.") or (name.endswith(".redundant_from") and number["value"] >= 1):
            known = sorted(snr_db)
            number["snr_db"] = float(np.interp(number["value"], known, [snr_db[k] for k in known]))
    return out | {f"effects.{name}": number for name, number in _effects(curves, params, steps).items() if number}


def _effects(curves: Curves, params: Intervene, steps: int) -> dict[str, Number | None]:
    jumps = curves.select("jump", n=params.length)
    fill = params.fills[0]
    skips = curves.select("skips", fill, n=params.length)
    blocks = {nb: curves.select("blocks", fill, parts=nb) for nb in curves.parts("blocks")}
    cuts = {nb: curves.select("duration", fill, parts=nb) for nb in curves.parts("duration")}
    rests = {nb: curves.select("relax", fill, parts=nb) for nb in curves.parts("relax")}
    several = [cells for cells in rests.values() if len(cells) > 1]
    enough = [[c for c in cells if REST[0] * steps <= c.r <= REST[1] * steps] for cells in rests.values()]
    twos = curves.select("jump", n=2)
    out: dict[str, Number | None] = {}
    if twos:
        out["one_step_is_little"] = curves.over_threshold(_worst(curves, twos))
    if len(jumps) >= 3:
        out["first_steps_compose"] = curves.difference(_late(jumps), _early(jumps))
    if blocks:
        least, most = blocks[min(blocks)], blocks[max(blocks)]
        later = {cell.start for cell in _later(least)}
        first, last = (curves.means(cells).mean(axis=1) for cells in (_early(least), _late(least)))
        out["deep_blocks_compose"] = curves.number(np.minimum(curves.threshold - first, last - curves.threshold))
        out["skips_denoise"] = curves.difference(_later(least), [c for c in skips if c.start in later], "psnr")
        if len(blocks) > 1:
            out["bottom_up"] = curves.sooner(least, most)
    longest = [cells[-1] for cells in cuts.values() if cells[-1].n >= CUT * steps]
    if longest:
        out["cuts_are_limited"] = curves.number(curves.threshold - curves.means(longest).max(axis=1))
    if any(enough):
        out["rest_restores"] = curves.over_threshold(_worst(curves, [cells[-1] for cells in enough if cells]))
    if several:
        out["rest_helps"] = curves.difference([c[-1] for c in several], [c[0] for c in several])
    for cell in curves.select("end", start=early_end(steps)):
        out["last_steps_are_spare"] = curves.over_threshold(cell)
    return out


def _early(cells: list[Cell]) -> list[Cell]:
    """The first third of the starts."""
    return cells[: max(len(cells) // 3, 1)]


def _late(cells: list[Cell]) -> list[Cell]:
    """The last third of the starts."""
    return cells[-max(len(cells) // 3, 1) :]


def _later(cells: list[Cell]) -> list[Cell]:
    """All starts after the first third."""
    return cells[max(len(cells) // 3, 1) :]


def _worst(curves: Curves, cells: list[Cell]) -> Cell:
    return cells[int(np.argmin([curves.found[cell]["ssim"].mean() for cell in cells]))]

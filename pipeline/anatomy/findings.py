"""What the sweeps say of the source's sentences (Prasad et al. 2023): phases, limits, and an effect for each claim.

Every effect is signed so that a positive one speaks for the source.
"""

import numpy as np

from pipeline.anatomy.cells import Cell
from pipeline.anatomy.curves import Curves, Number
from pipeline.params import Intervene

EARLY_END = 0.18  # of the steps are left out at the source's end: t = 18 of 100
REST = 0.2  # of the steps is the longest rest that the source finds to be needed: 20 of 100


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
    rests = {nb: cells for nb, cells in rests.items() if len(cells) > 1}
    short = [cell for n in params.jumps if n > 1 for cell in curves.select("jump", n=n)]
    short = [cell for cell in short if cell.n == min(each.n for each in short)]
    ends = curves.select("end")
    out: dict[str, Number | None] = {}
    if short:
        out["one_step_is_little"] = curves.over_threshold(_worst(curves, short))
    if len(jumps) >= 3:
        out["first_steps_compose"] = curves.difference(_late(jumps), _early(jumps))
    if blocks:
        least, most = blocks[min(blocks)], blocks[max(blocks)]
        later = {cell.start for cell in _later(least)}
        out["deep_blocks_compose"] = curves.difference(_late(least), _early(least))
        out["skips_denoise"] = curves.difference(_later(least), [c for c in skips if c.start in later], "psnr")
        if len(blocks) > 1:
            out["bottom_up"] = curves.sooner(least, most)
    if cuts:
        longest = [cells[-1] for cells in cuts.values()]
        above = curves.means(longest).max(axis=1) - curves.threshold
        out["cuts_are_limited"] = curves.number(-above)
    if rests:
        near = [min(cells, key=lambda cell: abs(cell.r - REST * steps)) for cells in rests.values()]
        out["rest_restores"] = curves.over_threshold(_worst(curves, near))
        out["rest_helps"] = curves.difference([c[-1] for c in rests.values()], [c[0] for c in rests.values()])
    if ends:
        out["last_steps_are_spare"] = curves.over_threshold(
            min(ends, key=lambda cell: abs(cell.start - EARLY_END * steps))
        )
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

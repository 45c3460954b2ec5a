"""What the sweeps say of the source's sentences (Prasad et al. 2023): phases, limits, and an effect for each claim.

Every effect is signed so that a positive one speaks for the source.
"""

import numpy as np

from pipeline.anatomy.cells import Cell, early_end
from pipeline.anatomy.curves import Curves
from pipeline.anatomy.effects import Sweeps
from pipeline.anatomy.source import SOURCE_LOOSER
from pipeline.judges.number import Number, least, negative, shifted
from pipeline.params import Intervene

REST = (0.15, 0.2)  # of the steps, the rest that the source finds to be needed: 15 to 20 of 100
SHORT_REST = (0.1, 0.12)  # of the steps, the rest that a looser threshold needs there: 10 to 12 of 100
CUT = (0.07, 0.25)  # of the steps: more than the longest cut that the source finds to be possible, and no half loop
MOSTLY, MOST = 0.5, 0.9  # shares of images


def findings(curves: Curves, params: Intervene, snr_db: dict[int, float]) -> dict[str, Number]:
    """Return the phases, limits and effects that the sweeps show, by dotted name: `unrelated.ssim`, `phases.NAME`,
    `limits.NB.FILL.NAME` (the number has NB and FILL as fields too) and `effects.NAME`.

    snr_db: step -> signal-to-noise ratio of x at it in dB, of every step; those numbers that are steps carry the ratio
    there.
    """
    names = ("phases.composition_ends", "phases.denoising_begins")
    out: dict[str, Number] = dict(zip(names, curves.boundaries(params.length), strict=False))
    phases = [number["value"] for number in out.values()]
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
    out["unrelated.ssim"] = curves.of_unrelated()
    return out | {f"effects.{name}": number for name, number in effects(curves, params, max(snr_db), phases).items()}


def effects(curves: Curves, params: Intervene, steps: int, phases: list[float]) -> dict[Sweeps, Number]:
    """Return the effects that the cells tried can show, in a sampling loop of so many steps. What each says stands with
    its name, in `Sweeps`. phases: where the first phase ends and the last one begins, or nothing."""
    fill = params.fills[0]
    blocks = {nb: curves.select("blocks", fill, parts=nb) for nb in curves.numbers_of_parts("blocks")}
    cuts = {nb: curves.select("duration", fill, parts=nb) for nb in curves.numbers_of_parts("duration")}
    twos = curves.select("jump", n=2)
    jumps = curves.select("jump", n=params.length)
    out: dict[Sweeps, Number] = {}
    if twos:
        out[Sweeps.ONE_STEP_IS_LITTLE] = curves.over_threshold(_worst(curves, twos))
    if jumps:
        out[Sweeps.JUMPS_SHOW] = shifted(curves.changed(jumps), -MOSTLY)
    if phases:
        out |= _of_phases(curves, params, phases)
    if len(blocks) > 1:
        least_blocks, most_blocks = blocks[min(blocks)], blocks[max(blocks)]
        found = {int(curves.redundant(cells)[0]) for cells in (least_blocks, most_blocks)}
        if found not in ({0}, {max(cell.start for cell in least_blocks)}):
            out[Sweeps.BOTTOM_UP] = curves.sooner(least_blocks, most_blocks)
    low, high = CUT
    longest = {nb: [cell for cell in cells if low * steps < cell.n <= high * steps] for nb, cells in cuts.items()}
    under = {f"nb = {nb}": negative(curves.over_threshold(cells[-1])) for nb, cells in longest.items() if cells}
    if under:
        out[Sweeps.CUTS_ARE_LIMITED] = least(under)
    for cell in curves.select("end", start=early_end(steps)):
        out[Sweeps.LAST_STEPS_ARE_SPARE] = curves.over_threshold(cell)
    return out | _of_rests(curves, fill, steps)


def _of_phases(curves: Curves, params: Intervene, phases: list[float]) -> dict[Sweeps, Number]:
    """Return the effects that compare the phases."""
    first, last = phases
    fill, judged = params.fills[0], all("kept" in found for found in curves.found.values())
    jumps, skips = curves.select("jump", n=params.length), curves.select("skips", fill, n=params.length)
    numbers = curves.numbers_of_parts("blocks")
    blocks = curves.select("blocks", fill, parts=numbers[0]) if numbers else []
    early, after = (
        [[cell for cell in cells if (cell.start > first) == within] for cells in (jumps, skips, blocks)]
        for within in (True, False)
    )
    (first_jumps, first_skips, first_blocks), (_, later_skips, later_blocks) = early, after
    late = [cell for cell in jumps if cell.start < last]
    out: dict[Sweeps, Number] = {}
    phased = curves.three_phases(params.length)
    if phased:
        out[Sweeps.THREE_PHASES] = phased
    if judged:
        out[Sweeps.FIRST_STEPS_COMPOSE] = curves.difference(late, first_jumps, "kept")
        out[Sweeps.LAST_STEPS_DENOISE] = shifted(curves.always_kept(late), -MOST)
    if judged and first_skips and later_skips:
        out[Sweeps.SKIPS_COMPOSE] = curves.difference(later_skips, first_skips, "kept")
    if first_blocks and later_blocks:
        within, beyond = (curves.means(cells).mean(axis=1) for cells in (first_blocks, later_blocks))
        lesser = np.minimum(curves.threshold - within, beyond - curves.threshold)
        out[Sweeps.DEEP_BLOCKS_COMPOSE] = curves.number(lesser)
    if later_skips and later_blocks:
        out[Sweeps.SKIPS_DENOISE] = curves.difference(later_blocks, later_skips, "psnr")
    return out


def _of_rests(curves: Curves, fill: str, steps: int) -> dict[Sweeps, Number]:
    """Return the effects of a rest between two cuts, of the numbers of blocks that fail after the shortest rest."""
    rests = [curves.select("relax", fill, parts=nb) for nb in sorted(curves.unrestored(fill))]
    out: dict[Sweeps, Number] = {}
    for effect, (low, high), looser in (
        (Sweeps.REST_RESTORES, REST, 0.0),
        (Sweeps.SHORT_REST_APPROXIMATES, SHORT_REST, SOURCE_LOOSER),
    ):
        enough = [[cell for cell in cells if low * steps <= cell.r <= high * steps] for cells in rests]
        if any(enough):
            worst = _worst(curves, [cells[-1] for cells in enough if cells])
            out[effect] = curves.over_threshold(worst, looser)
    several = [cells for cells in rests if len(cells) > 1]
    if several:
        out[Sweeps.REST_HELPS] = curves.difference([c[-1] for c in several], [c[0] for c in several])
    return out


def _worst(curves: Curves, cells: list[Cell]) -> Cell:
    """Return the cell with the lowest mean likeness."""
    return cells[int(np.argmin(curves.means(cells)[0]))]

"""The numbers of `saliency`: means over seeds of what was measured of each map, paired differences, and the effects
that claims are decided by."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from pipeline.anatomy.effects import Saliency as Effects
from pipeline.anatomy.salient import (
    ADVERSARIALLY,
    CAM,
    CENTRE,
    GAMES,
    KNOW_NOTHING,
    MASKS,
    OTHER,
    RANDOM,
    RANDOMLY,
    RISE,
    RIVALS,
    WEIGHTS,
    shares,
)
from pipeline.judges import bootstrap, number
from pipeline.judges.number import Kind, Number, least

MEASURES: dict[str, Kind | None] = {
    "gain": None,
    "insertion": "correlation",
    "deletion": "correlation",
    "iou": "share",
    "pointing": "share",
    "foreground": "correlation",
    "edges": "correlation",
}
HALF = 0.5  # of a map's likeness to itself: fresh weights must take away more than this


@dataclass(frozen=True)
class Over:
    """The seeds that numbers are over, and how they are resampled. labels: int [S]; count, seed: of the resamples."""

    labels: np.ndarray
    count: int
    seed: int

    def mean(self, values: np.ndarray, kind: Kind | None = None) -> Number | None:
        """Return the mean of values [S, ...] over seeds and all else, with its interval over seeds. Seeds with a value
        that is not a number are left out; where fewer than two remain there is no number."""
        each = values.reshape(len(values), -1).mean(axis=1)
        there = np.isfinite(each)
        if there.sum() < 2:
            return None
        of = self.labels[: len(each)][there]
        if of.tobytes() not in self._drawn:
            self._drawn[of.tobytes()] = bootstrap.draws(of, self.count, self.seed)
        means = each[there][self._drawn[of.tobytes()]].mean(axis=1)
        return number.resampled(each[there].mean(), int(there.sum()), means, kind)

    @cached_property
    def _drawn(self) -> dict[bytes, np.ndarray]:
        """The resamples that were needed so far, by the labels of the seeds."""
        return {}


def curves(played: np.ndarray, methods: list[str], times: list[str], over: Over) -> pd.DataFrame:
    """Return a row per time, method, game and share of the pixels: score, score_low, score_high, n; played: float64
    [times, S, methods, 2, points + 1]."""
    there = shares(played.shape[-1] - 1)
    rows = []
    for t, m, g, at in np.ndindex(len(times), len(methods), len(GAMES), len(there)):
        found = over.mean(played[t, :, m, g, at], "correlation")
        if found:
            row = {"time": times[t], "method": methods[m], "game": GAMES[g], "share": there[at]}
            rows.append({**row, **number.columns("score", found), "n": found["n"]})
    return pd.DataFrame(rows)


def findings(
    games: pd.DataFrame,
    agreement: np.ndarray,
    convergence: pd.DataFrame,
    checks: pd.DataFrame,
    reached: float,
    over: Over,
) -> dict[str, Number]:
    """Return every number by its dotted name: TIME.METHOD.MEASURE, TIME.METHOD.over.RIVAL (by how much the gain is
    larger, paired), TIME.agreement, TIME.convergence.MASKS, TIME.converged, TIME.sanity.METHOD.CHECK, TIME.noise.CHECK,
    the same of the mean over times in the place of TIME, and effects.EFFECT.

    games, convergence, checks: as in `Salient`; agreement: [S, times], the rank correlation of the two methods' maps;
    reached: the correlation from which on two maps count as one.
    """
    times = list(dict.fromkeys(games["time"]))
    of = {measure: by_seed(games, measure) for measure in MEASURES}
    out: dict[str, Number | None] = {}
    for where, some in [*((time, [time]) for time in times), ("mean", times)]:
        for measure, kind in MEASURES.items():
            for name, values in of[measure].items():
                out[f"{where}.{name}.{measure}"] = over.mean(values[some].to_numpy(), kind)
        for name in (RISE, CAM):
            for rival in RIVALS:
                gap = of["gain"][name][some] - of["gain"][rival][some]
                out[f"{where}.{name}.over.{rival}"] = over.mean(gap.to_numpy())
        out[f"{where}.agreement"] = over.mean(agreement[:, [times.index(time) for time in some]])
        out |= _converging(where, convergence[convergence["time"].isin(some)], reached, over)
        for (method, check), rows in checks[checks["time"].isin(some)].groupby(["method", "check"], sort=False):
            stays = rows.pivot_table("correlation", "seed", "time").to_numpy()
            out[f"{where}.sanity.{method}.{check}"] = over.mean(stays, "correlation")
            if method == RISE and check in (RANDOMLY, ADVERSARIALLY):
                like = rows.pivot_table("likeness", "seed", "time").to_numpy()
                out[f"{where}.noise.{check}"] = over.mean(like, "correlation")
    out |= {f"effects.{name}": effect for name, effect in _effects(of, agreement, checks, times, over).items()}
    return {name: found for name, found in out.items() if found is not None}


def by_seed(games: pd.DataFrame, measure: str) -> dict[str, pd.DataFrame]:
    """Return method -> the measure of every seed (rows) at every time (columns, the noisiest first)."""
    whole = games.pivot(index="seed", columns=["method", "time"], values=measure)
    times = list(dict.fromkeys(games["time"]))
    return {str(method): whole[method][times] for method in dict.fromkeys(games["method"])}


def _converging(where: str, rows: pd.DataFrame, reached: float, over: Over) -> dict[str, Number | None]:
    """Return how alike two maps are, by their number of masks, and the smallest number at which they count as one,
    which is left out where none does."""
    out: dict[str, Number | None] = {}
    first: Number | None = None
    for count in sorted(rows["masks"].unique().tolist()):
        some = rows[rows["masks"] == count]
        found = over.mean(some.pivot_table("correlation", "seed", "time").to_numpy(), "correlation")
        out[f"{where}.convergence.{count}"] = found
        if found and found["value"] >= reached and first is None:
            first = number.counted(count, found["n"])
    return {**out, f"{where}.converged": first}


def hierarchy(values: pd.DataFrame) -> np.ndarray:
    """Return by how much a measure is larger early than late, [S]: at the noisier and at the cleaner half of the times;
    a middle one is in neither. values: every seed (rows) at two times or more (columns, the noisiest first)."""
    half = values.shape[1] // 2
    found = values.to_numpy()
    return np.asarray(found[:, :half].mean(axis=1) - found[:, -half:].mean(axis=1))


def _effects(
    of: dict[str, dict[str, pd.DataFrame]], agreement: np.ndarray, checks: pd.DataFrame, times: list[str], over: Over
) -> dict[str, Number | None]:
    """Return what decides the claims."""

    def gap(measure: str, one: str, other: str) -> Number | None:
        return over.mean((of[measure][one][times] - of[measure][other][times]).to_numpy())

    def correlation(method: str, check: str) -> np.ndarray:
        mine = checks[(checks["method"] == method) & (checks["check"] == check)]
        return mine.pivot_table("correlation", "seed", "time").to_numpy()

    def beaten(measure: str, method: str, rivals: tuple[str, ...]) -> Number | None:
        gaps = {rival: gap(measure, method, rival) for rival in rivals}
        there = {rival: found for rival, found in gaps.items() if found}
        return least(there) if len(there) == len(rivals) else None

    out = {
        Effects.RISE_EXPLAINS: beaten("gain", RISE, KNOW_NOTHING),
        Effects.CAM_EXPLAINS: beaten("gain", CAM, KNOW_NOTHING),
        Effects.RISE_COVERS: beaten("iou", RISE, (RANDOM, CENTRE)),
        Effects.METHODS_AGREE: over.mean(agreement),
        Effects.RISE_NEEDS_WEIGHTS: over.mean(HALF * correlation(RISE, MASKS) - correlation(RISE, f"{WEIGHTS}100")),
        Effects.CAM_NEEDS_WEIGHTS: over.mean(HALF - correlation(CAM, f"{WEIGHTS}100")),
        Effects.RISE_IS_OWN: gap("gain", RISE, f"{RISE}{OTHER}"),
        Effects.CAM_IS_OWN: gap("gain", CAM, f"{CAM}{OTHER}"),
        Effects.RISE_FOLLOWS_NOISE: over.mean(correlation(RISE, RANDOMLY) - correlation(RISE, ADVERSARIALLY)),
    }
    if len(times) > 1:
        out[Effects.SEMANTICS_FIRST] = over.mean(hierarchy(of["foreground"][RISE]))
        out[Effects.EDGES_LATE] = over.mean(-hierarchy(of["edges"][RISE]))
    return {str(effect): found for effect, found in out.items()}

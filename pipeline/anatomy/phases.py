"""What the curves say: where they change, whether they have phases, from which step parts are redundant, how long, and
after what rest."""

from itertools import combinations

import numpy as np

FEWEST = 12  # starts below which no phases are told
CURVES = {"a straight line": 1, "a smooth curve": 3}  # a curve without phases -> its degree as a polynomial


def change_points(curves: np.ndarray) -> np.ndarray:
    """Return the two places [..., 2] that divide curves [..., M, P] into three stretches, so that the squared deviation
    from the stretches' means is least, over all M curves at once, each measured by its own spread over P points. A
    place is the first index of the second or third stretch.

    The search is exact, over all pairs of places (the optimal partitioning that Killick et al. 2012 speed up); P is at
    least 3. The spread is that of the mean over the leading axes, so that all resamples are weighed alike.
    """
    return _levels(_scaled(curves), 3)[0]


def gains(curves: np.ndarray, starts: np.ndarray) -> dict[str, np.ndarray]:
    """Return how much better three levels fit than two levels, a straight line and a smooth curve (a cubic) do: rival
    -> [1 + B], the logarithm of the ratio of the squared deviations that they leave, less what must be expected if the
    rival were true.

    curves: [1 + B, M, P], those of all seeds first, then those of each resample; starts: [P], their steps. Three levels
    fit chance too. So the rival's own fit is given the noise of every resample in turn, and the gain that only one of
    twenty such curves exceeds is taken off, where it is above 0 (a parametric bootstrap, Efron and Tibshirani 1993).
    """
    scaled = _scaled(curves)
    noise = scaled[1:] - scaled[0]
    out = {}
    for rival in ("two levels", *CURVES):
        fitted = _fit(scaled[:1], rival, starts)[0]
        by_chance = np.quantile(_gain(fitted + noise, rival, starts), 0.95)
        out[rival] = _gain(scaled, rival, starts) - max(by_chance, 0)
    return out


def _gain(curves: np.ndarray, rival: str, starts: np.ndarray) -> np.ndarray:
    """Return the logarithm of the ratio of what a rival and three levels leave of curves [..., M, P], [...]."""
    left = [((curves - _fit(curves, each, starts)) ** 2).sum(axis=(-2, -1)) for each in (rival, "three levels")]
    return np.log((left[0] + 1e-9) / (left[1] + 1e-9))


def _fit(curves: np.ndarray, kind: str, starts: np.ndarray) -> np.ndarray:
    """Return the least-squares fit of a kind to each of the curves [..., M, P]."""
    if kind in CURVES:
        basis = np.linalg.qr(np.vander((starts - starts.mean()) / np.ptp(starts), CURVES[kind] + 1))[0]
        return curves @ basis @ basis.T
    places, _ = _levels(curves, 3 if kind == "three levels" else 2)
    which = (np.arange(curves.shape[-1]) >= places[..., None]).sum(axis=-2)  # the stretch of every point
    out = np.zeros_like(curves)
    for stretch in range(places.shape[-1] + 1):
        inside = (which == stretch)[..., None, :]
        out += inside * ((curves * inside).sum(axis=-1) / inside.sum(axis=-1))[..., None]
    return out


def _scaled(curves: np.ndarray) -> np.ndarray:
    """Return the curves [..., M, P], each divided by its spread over the points; a flat one is 0."""
    spread = curves.reshape(-1, *curves.shape[-2:]).mean(axis=0).std(axis=-1)
    flat = spread <= 1e-9 * abs(curves).max()
    return np.where(flat[:, None], 0, curves) / np.where(flat, 1, spread)[:, None]


def _levels(scaled: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places [..., count - 1] that divide the curves best into so many stretches, and the squared deviation
    [...] that is left."""
    points = scaled.shape[-1]
    zero = np.zeros((*scaled.shape[:-1], 1))
    sums = np.concatenate([zero, scaled.cumsum(axis=-1)], axis=-1)
    squares = np.concatenate([zero, (scaled**2).cumsum(axis=-1)], axis=-1)

    def deviation(start: int, end: int) -> np.ndarray:
        total = sums[..., end] - sums[..., start]
        return (squares[..., end] - squares[..., start] - total**2 / (end - start)).sum(axis=-1)

    tried = list(combinations(range(1, points), count - 1))
    ends = [(0, *places, points) for places in tried]
    costs = np.stack([sum(map(deviation, at, at[1:])) for at in ends], axis=-1)
    return np.array(tried)[costs.argmin(axis=-1)], costs.min(axis=-1)


def redundant_from(likeness: np.ndarray, starts: list[int], threshold: float) -> np.ndarray:
    """Return the earliest start (largest step) from which on likeness [..., P] stays at the threshold or above; 0 where
    it never does. starts: P steps, falling."""
    lasting = np.logical_and.accumulate((likeness >= threshold)[..., ::-1], axis=-1)[..., ::-1]
    return np.where(lasting.any(axis=-1), np.array(starts)[lasting.argmax(axis=-1)], 0)


def longest(likeness: np.ndarray, lengths: list[int], threshold: float) -> np.ndarray:
    """Return the longest of rising lengths up to which likeness [..., P] stays at the threshold or above; 0 where none
    does."""
    lasting = np.logical_and.accumulate(likeness >= threshold, axis=-1).sum(axis=-1)
    return np.array([0, *lengths])[lasting]


def shortest(likeness: np.ndarray, rests: list[int], threshold: float) -> np.ndarray:
    """Return the shortest of rising rests from which on likeness [..., P] stays at the threshold or above; one step
    more than the longest where none does."""
    lasting = np.logical_and.accumulate((likeness >= threshold)[..., ::-1], axis=-1).sum(axis=-1)
    return np.array([rests[-1] + 1, *rests[::-1]])[lasting]

"""What the curves say: where they change, from which step parts are redundant, how long, and after what rest."""

from itertools import combinations

import numpy as np


def change_points(curves: np.ndarray) -> np.ndarray:
    """Return the two places [..., 2] that divide curves [..., M, P] into three stretches, so that the squared deviation
    from the stretches' means is least, over all M curves at once, each measured by its own spread over P points. A
    place is the first index of the second or third stretch.

    The search is exact, over all pairs of places (the optimal partitioning that Killick et al. 2012 speed up); P is at
    least 3. The spread is that of the mean over the leading axes, so that all resamples are weighed alike.
    """
    points = curves.shape[-1]
    spread = curves.reshape(-1, *curves.shape[-2:]).mean(axis=0).std(axis=-1)
    flat = spread <= 1e-9 * abs(curves).max()
    scaled = np.where(flat[:, None], 0, curves) / np.where(flat, 1, spread)[:, None]
    zero = np.zeros((*scaled.shape[:-1], 1))
    sums = np.concatenate([zero, scaled.cumsum(axis=-1)], axis=-1)
    squares = np.concatenate([zero, (scaled**2).cumsum(axis=-1)], axis=-1)

    def deviation(start: int, end: int) -> np.ndarray:
        total = sums[..., end] - sums[..., start]
        return (squares[..., end] - squares[..., start] - total**2 / (end - start)).sum(axis=-1)

    pairs = list(combinations(range(1, points), 2))
    costs = np.stack([deviation(0, i) + deviation(i, j) + deviation(j, points) for i, j in pairs], axis=-1)
    return np.array(pairs)[costs.argmin(axis=-1)]


def redundant_from(ssim: np.ndarray, starts: list[int], threshold: float) -> np.ndarray:
    """Return the earliest start (largest step) from which on SSIM [..., P] stays at the threshold or above; 0 where it
    never does. starts: P steps, falling."""
    lasting = np.logical_and.accumulate((ssim >= threshold)[..., ::-1], axis=-1)[..., ::-1]
    return np.where(lasting.any(axis=-1), np.array(starts)[lasting.argmax(axis=-1)], 0)


def longest(ssim: np.ndarray, lengths: list[int], threshold: float) -> np.ndarray:
    """Return the longest of rising lengths up to which SSIM [..., P] stays at the threshold or above; 0 where none
    does."""
    lasting = np.logical_and.accumulate(ssim >= threshold, axis=-1).sum(axis=-1)
    return np.array([0, *lengths])[lasting]


def shortest(ssim: np.ndarray, rests: list[int], threshold: float) -> np.ndarray:
    """Return the shortest of rising rests from which on SSIM [..., P] stays at the threshold or above; one step more
    than the longest where none does."""
    lasting = np.logical_and.accumulate((ssim >= threshold)[..., ::-1], axis=-1).sum(axis=-1)
    return np.array([rests[-1] + 1, *rests[::-1]])[lasting]

"""The kernel distance: unbiased squared MMD, under the cubic kernel (x.y / F + 1)^3 (Binkowski et al. 2018) or
another."""

from collections.abc import Callable

import numpy as np

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]  # of x [N, F] and y [M, F], float64 [N, M]


def cubic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return (x.y / F + 1)^3 of each pair, float64 [N, M]; x: [N, F]; y: [M, F]."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    return (x @ y.T / x.shape[1] + 1) ** 3


def distance(features: np.ndarray, reference: np.ndarray, kernel: Kernel = cubic) -> float:
    """Return the distance between features [N, F] and reference features [M, F]; its mean is 0 for equal
    distributions."""
    everything = np.arange(len(features))[None]
    return float(resampled_distances(features, reference, everything, kernel)[0])


def resampled_distances(
    features: np.ndarray, reference: np.ndarray, indices: np.ndarray, kernel: Kernel = cubic
) -> np.ndarray:
    """Return the distance of each resample of the features, float64 [B]; indices: int [B, n], rows of `features`.

    Pairs of an image with itself are left out, also where a resample holds it twice.
    """
    within, across = kernel(features, features), kernel(features, reference).mean(axis=1)
    among = kernel(reference, reference)
    m, n = len(reference), indices.shape[1]
    real = (among.sum() - np.trace(among)) / (m * (m - 1))
    counts = np.stack([np.bincount(index, minlength=len(features)) for index in indices]).astype(np.float64)
    twice = (counts**2) @ np.diagonal(within)
    generated = (np.einsum("bi,bi->b", counts @ within, counts) - twice) / (n**2 - (counts**2).sum(axis=1))
    return generated + real - 2 * (counts @ across) / n

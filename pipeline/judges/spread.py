"""How various the images of a class are: their variance in feature space about the mean of the class."""

import numpy as np


def within(features: np.ndarray, labels: np.ndarray) -> float:
    """Return the variance within the classes, the sum over features: unbiased, and pooled over classes by their degrees
    of freedom. features: [N, F]; labels: int [N], some class of which has two members."""
    return float(resampled_within(features, labels, np.arange(len(labels))[None])[0])


def resampled_within(features: np.ndarray, labels: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Return the variance within the classes of each resample, float64 [B]; draws: int [B, N], rows of `features`."""
    count, n = draws.shape
    times = np.bincount((draws + n * np.arange(count)[:, None]).ravel(), minlength=count * n).reshape(count, n)
    squares = (features**2).sum(axis=1)
    total, freedom = np.zeros(count), np.full(count, n)
    for label in np.unique(labels):
        mine = times[:, labels == label]
        members = mine.sum(axis=1)
        sums = mine @ features[labels == label]
        total += mine @ squares[labels == label] - (sums**2).sum(axis=1) / np.maximum(members, 1)
        freedom = freedom - (members > 0)
    return total / freedom

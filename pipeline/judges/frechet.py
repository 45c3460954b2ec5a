"""The Frechet distance between two sets of features, each taken as a Gaussian (Heusel et al. 2017, eq. 6)."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Gaussian:
    """A Gaussian in feature space. mean: float64 [F]; covariance: float64 [F, F], normalised by n - 1; n: how many
    images it was computed from."""

    mean: np.ndarray
    covariance: np.ndarray
    n: int


def gaussian(features: np.ndarray) -> Gaussian:
    """Return the mean and the covariance of features [N, F]."""
    features = features.astype(np.float64)
    return Gaussian(features.mean(axis=0), np.cov(features, rowvar=False), len(features))


def distance(features: np.ndarray, reference: Gaussian) -> float:
    """Return |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) between features [N, F] and the reference."""
    everything = np.arange(len(features))[None]
    return float(resampled_distances(features, reference, everything)[0])


def resampled_distances(features: np.ndarray, reference: Gaussian, indices: np.ndarray) -> np.ndarray:
    """Return the distance of each resample of the features, float64 [B]; indices: int [B, n], rows of `features`.

    tr (C1 C2)^(1/2) is the sum of the singular values of X R / sqrt(n - 1), where X are the centred features, with
    C1 = X'X / (n - 1), and R is the symmetric root of C2. It is real and not negative at any rank, so there may be
    fewer images than features.
    """
    values, vectors = np.linalg.eigh(reference.covariance)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    features = features.astype(np.float64)
    rotated, squares = features @ root, (features**2).sum(axis=1)
    out = np.empty(len(indices))
    for row, index in enumerate(indices):
        n = len(index)
        mean = features[index].mean(axis=0)
        trace = (squares[index].sum() - n * mean @ mean) / (n - 1)
        x = rotated[index] - rotated[index].mean(axis=0)
        gram = x.T @ x if x.shape[1] <= n else x @ x.T
        root_trace = np.sqrt(np.linalg.eigvalsh(gram / (n - 1)).clip(0)).sum()
        gap = mean - reference.mean
        out[row] = gap @ gap + trace + np.trace(reference.covariance) - 2 * root_trace
    return out

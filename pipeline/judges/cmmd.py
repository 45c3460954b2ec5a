"""CMMD, the distance of Jayasumana et al. (2024): 1000 times the squared MMD of CLIP's features under a Gaussian
kernel of width 10. It takes no features for a Gaussian, and is unbiased at any number of images."""

import numpy as np

from pipeline.judges import kernel

SIGMA, TIMES = 10.0, 1000.0


def gaussian(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return exp(-|x - y|^2 / (2 sigma^2)) of each pair, float64 [N, M]; x: [N, F]; y: [M, F]."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    squares = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * x @ y.T
    return np.asarray(np.exp(-squares.clip(0) / (2 * SIGMA**2)))


def resampled_distances(features: np.ndarray, reference: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Return the distance of each resample of the features to the reference, float64 [B].

    features: [N, F] and reference: [M, F], as `Clip.image_features` gives them; indices: int [B, n], rows of
    `features`.
    """
    return TIMES * kernel.resampled_distances(features, reference, indices, gaussian)


def distance(features: np.ndarray, reference: np.ndarray) -> float:
    """Return the distance between features [N, F] and reference features [M, F]; its mean is 0 for equal
    distributions."""
    return TIMES * kernel.distance(features, reference, gaussian)

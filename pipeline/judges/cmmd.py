"""CMMD, the distance of Jayasumana et al. (2024): 1000 times the squared MMD of CLIP's features under a Gaussian
kernel of width 10. It takes no features for a Gaussian, and is unbiased at any number of images."""

from functools import partial

import numpy as np
from sklearn.metrics.pairwise import rbf_kernel

from pipeline.judges import kernel

SIGMA, TIMES = 10.0, 1000.0

gaussian = partial(rbf_kernel, gamma=1 / (2 * SIGMA**2))  # of x [N, F] and y [M, F], float64 [N, M]


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

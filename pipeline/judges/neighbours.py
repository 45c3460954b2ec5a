"""Improved precision and recall: is an image within reach of the other set? (Kynkaanniemi et al. 2019, eq. 1 and 2)."""

import numpy as np
from scipy.spatial.distance import cdist


def covered(points: np.ndarray, by: np.ndarray, k: int) -> np.ndarray:
    """bool [N]: which points [N, F] lie within the distance to the k-th neighbour of some member of `by` [M, F].

    Precision is the mean over generated points covered by real ones, recall the mean over real points covered by
    generated ones.
    """
    nearest = min(k, len(by) - 1)  # the 0th is the point itself
    radii = np.partition(cdist(by, by), nearest, axis=1)[:, nearest]
    return (cdist(points, by) <= radii).any(axis=1)

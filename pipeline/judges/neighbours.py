"""Who lies near whom in feature space: the balls behind precision, recall, density and coverage, by the prdc library.

Kynkaanniemi et al. 2019, eq. 1 and 2; Naeem et al. 2020, eq. 3 and 4.
"""

import numpy as np
from prdc.prdc import compute_nearest_neighbour_distances, compute_pairwise_distance

from pipeline.errors import UserError


def inside(points: np.ndarray, centres: np.ndarray, k: int) -> np.ndarray:
    """bool [N, M]: which points [N, F] lie within the distance from a centre [M, F] to its k-th nearest neighbour.

    With generated points and real centres: the share of points in some ball is precision, the mean number of balls
    that a point lies in, over k, is density, and the share of centres with some point in their ball is coverage. With
    real points and generated centres, the share of points in some ball is recall.
    """
    if len(centres) < k + 2:
        raise UserError(
            f"{len(centres)} images are too few for a {k}-th neighbour each (evaluate.neighbours): {k + 2} are needed."
        )
    return compute_pairwise_distance(points, centres) <= compute_nearest_neighbour_distances(centres, k)

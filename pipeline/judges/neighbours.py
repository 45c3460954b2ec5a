"""Neighbours in feature space: the balls behind precision, recall, density and coverage, by the prdc library.

Kynkaanniemi et al. 2019, eq. 1 and 2; Naeem et al. 2020, eq. 3 and 4.
"""

import numpy as np
from prdc.prdc import compute_nearest_neighbour_distances, compute_pairwise_distance

from pipeline.errors import UserError


def inside(points: np.ndarray, centres: np.ndarray, k: int) -> np.ndarray:
    """Say which points lie in the ball of which centre, bool [N, M]; points: [N, F]; centres: [M, F].

    The ball of a centre reaches to its k-th nearest neighbour among the centres. With generated points and real
    centres, the share of points in some ball is the precision; the mean number of balls around a point, divided by k,
    is the density; and the share of centres with some point in their ball is the coverage. With real points and
    generated centres, the share of points in some ball is the recall. Too few centres are a `UserError`.
    """
    if len(centres) < k + 2:
        raise UserError(
            f"{len(centres)} images are too few for a {k}-th neighbour each (evaluate.neighbours): {k + 2} are needed."
        )
    return compute_pairwise_distance(points, centres) <= compute_nearest_neighbour_distances(centres, k)

"""The seeds of images: a seed names an image. This file needs no torch."""

import numpy as np

REPLICA_SEEDS = 10_000_000  # more than any study draws of one replica


def seeds_from(first: int, count: int, replica: int = 0) -> np.ndarray:
    """Return `count` seeds in a row, int64 [N]; a seed names an image. Every replica of a variant has seeds of its own
    (`REPLICA_SEEDS` apart), so that noise which happens to be kind to a variant is not in all of its replicas."""
    return first + replica * REPLICA_SEEDS + np.arange(count)

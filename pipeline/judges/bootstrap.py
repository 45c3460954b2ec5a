"""Intervals by resampling (Efron and Tibshirani 1993), the same draws for every variant so that differences pair up."""

import numpy as np


def draws(n: int, count: int, seed: int) -> np.ndarray:
    """int [count, n]: `count` resamples of n things with replacement, fixed by n and seed."""
    return np.random.default_rng([seed, n]).integers(n, size=(count, n))


def interval(value: float, replicates: np.ndarray, bounds: tuple[float, float] = (-np.inf, np.inf)) -> list[float]:
    """The 95 % interval [low, high] around `value`: percentiles of the replicates, less the bias of resampling,
    and never outside `bounds`, the values that are possible at all.

    A resample holds about 63 % of the images, so its Frechet distance is larger than the whole's; without the shift
    the interval could miss its own estimate. The bias of the estimate at its n is not removed: the floor at the same
    n shows it.
    """
    low, high = np.quantile(replicates - replicates.mean(), [0.025, 0.975])
    return [float(np.clip(value + end, *bounds)) for end in (low, high)]

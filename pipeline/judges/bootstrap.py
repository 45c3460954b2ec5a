"""Intervals by resampling (Efron and Tibshirani 1993), with the same draws for every variant, so that differences are
paired."""

from math import sqrt

import numpy as np
from scipy.special import ndtri  # scipy.stats has this interval too, but takes seconds to import

FEW = 5  # the fewest members of a class; with less, resampling within the class would nearly repeat the sample


def draws(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Draw `count` resamples with replacement of n things with these labels, int [count, n], fixed by labels and seed.

    Position i of a resample holds a thing of the same class as thing i. Seeds take the classes in turn, and splits are
    stratified, so the number of things of a class is not left to chance and must not vary here either. Where some class
    has fewer than `FEW` members, all things are resampled as one class.
    """
    if np.unique(labels, return_counts=True)[1].min() < FEW:
        labels = np.zeros_like(labels)
    out = np.empty((count, len(labels)), dtype=np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        generator = np.random.default_rng([seed, int(label), len(members)])
        out[:, members] = members[generator.integers(len(members), size=(count, len(members)))]
    return out


def interval(value: float, replicates: np.ndarray, bounds: tuple[float, float] = (-np.inf, np.inf)) -> list[float]:
    """Return the 95 % interval [low, high] around `value`: percentiles of the replicates without the bias of
    resampling, within `bounds`, the least and the largest possible value.

    A resample holds about 63 % of the images, so its Frechet distance is larger than that of all images; without this
    shift the interval could miss its own estimate. The bias that the estimate has at its n stays: the floor, which has
    the same n, shows it.
    """
    low, high = np.quantile(replicates - replicates.mean(), [0.025, 0.975])
    return [float(np.clip(value + end, *bounds)) for end in (low, high)]


def proportion_interval(hits: np.ndarray) -> list[float]:
    """Return the 95 % interval [low, high] of a share (Wilson 1927, as in Newcombe 1998, method 3); hits: bool [N].

    Resampling N hits out of N would give an interval of width 0; this one has the width that fits N.
    """
    k, n, z = int(hits.sum()), len(hits), float(ndtri(0.975))
    p = k / n
    denominator = 2 * (n + z**2)
    centre, half = (2 * n * p + z**2) / denominator, z / denominator * sqrt(4 * n * p * (1 - p) + z**2)
    return [0.0 if k == 0 else centre - half, 1.0 if k == n else centre + half]

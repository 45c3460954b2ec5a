"""Means over a few networks, of many numbers at once, with intervals for which the numbers help each other.

Three networks alone say little of how far networks differ: Student's interval is wide or narrow by chance. But all
numbers of a subject are of the same networks. So the variance between networks is taken in units of what the images
alone make it, and a number's own ratio is moderated by those of all others: they are taken as draws from a scaled
inverse chi-squared distribution, whose scale s0^2 and degrees of freedom d0 are fitted to their logarithms, and the
moderated ratio is the mean of both, weighted by their degrees of freedom, which add up (Smyth 2004, equation 5 and
section 6.2). An interval is never narrower than the images alone make it: networks that agree, or a share that is 1 in
all of them, are no proof of no error.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import polygamma, psi, stdtrit

NORMAL = 1.959964  # half of a 95 % interval, in standard errors of the normal distribution
ENOUGH = 8  # ratios, below which each number stands for itself
MOST_DOF = 1000.0  # of the fitted distribution, where the ratios differ no more than chance would make them


@dataclass(frozen=True)
class Means:
    """Means of P numbers over networks, [P] each: value, the ends of the 95 % interval, and the degrees of freedom."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    dof: np.ndarray


def means(values: np.ndarray, lows: np.ndarray, highs: np.ndarray) -> Means:
    """Return the means of P numbers over R networks. values, lows, highs: float [R, P], each network's number with its
    interval over images, not a number where it lacks one. What is in fewer than two networks is not a number."""
    count = np.isfinite(values).sum(axis=0)
    there = count > 1
    if not there.all():
        some = means(values[:, there], lows[:, there], highs[:, there])
        empty = np.full((4, len(there)), np.nan)
        empty[:, there] = some.value, some.low, some.high, some.dof
        return Means(*empty)
    own_dof = count - 1.0
    mean, between = np.nanmean(values, axis=0), np.nanvar(values, axis=0, ddof=1)
    below, above = (np.nanmean(np.square(values - ends), axis=0) / NORMAL**2 for ends in (lows, highs))
    of_images = (below + above) / 2
    ratio = np.divide(between, of_images, out=np.ones_like(between), where=of_images > 0)
    sampled = (of_images > 0) & (between > 0)
    prior_dof, prior = fitted(ratio[sampled], own_dof[sampled]) if sampled.sum() >= ENOUGH else (0.0, 1.0)
    dof = prior_dof + own_dof
    moderated = (prior_dof * prior + own_dof * ratio) / dof
    times = np.maximum(stdtrit(dof, 0.975) * np.sqrt(moderated), NORMAL)
    reach_down, reach_up = (times * np.sqrt(side / count) for side in (below, above))
    unsampled = stdtrit(own_dof, 0.975) * np.sqrt(between / count)  # of what has no interval over images
    reach_down, reach_up = (np.where(of_images > 0, reach, unsampled) for reach in (reach_down, reach_up))
    return Means(mean, mean - reach_down, mean + reach_up, dof)


def fitted(ratios: np.ndarray, dof: np.ndarray) -> tuple[float, float]:
    """Return the degrees of freedom d0 and the scale s0^2 of the distribution of ratios, [P], which have `dof` degrees
    of freedom each, [P] (Smyth 2004, section 6.2)."""
    logs = np.log(ratios) - psi(dof / 2) + np.log(dof / 2)
    excess = float(logs.var(ddof=1) - polygamma(1, dof / 2).mean())
    if excess <= polygamma(1, MOST_DOF / 2):
        return MOST_DOF, float(np.exp(logs.mean()))
    prior_dof = 2 * _inverse_trigamma(excess)
    return prior_dof, float(np.exp(logs.mean() + psi(prior_dof / 2) - np.log(prior_dof / 2)))


def _inverse_trigamma(value: float) -> float:
    """Return where the trigamma function has a value, by Newton's method on its reciprocal (Smyth 2004, appendix)."""
    x = 0.5 + 1 / value
    for _ in range(50):
        at = float(polygamma(1, x))
        step = at * (1 - at / value) / float(polygamma(2, x))
        x += step
        if abs(step) < 1e-9 * x:
            break
    return x

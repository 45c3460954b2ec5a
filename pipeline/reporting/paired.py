"""Differences between variants, paired draw by draw, as entries of summary.json."""

from typing import Any

import numpy as np
from scipy import stats

from pipeline.judges import bootstrap

Entry = dict[str, Any]  # {value, n, and where sampled ci95: [low, high]; over replicas also replicas: [their values]}


def centred(value: float, replicates: np.ndarray) -> np.ndarray:
    """The replicates around the estimate: a resample's Frechet distance is larger than the whole's, and a ratio of such
    distances would be too near to 1."""
    return replicates - replicates.mean() + value


def difference(value: float, base: float, replicates: np.ndarray, base_replicates: np.ndarray, n: int) -> Entry:
    """value - base; replicates: of both, from the same draws."""
    gap = value - base
    return {"value": float(gap), "n": n, "ci95": bootstrap.interval(gap, replicates - base_replicates)}


def relative(value: float, base: float, replicates: np.ndarray, base_replicates: np.ndarray, n: int) -> Entry:
    """The change against `base` in percent of it."""
    change = 100 * (value / base - 1)
    changes = 100 * (centred(value, replicates) / centred(base, base_replicates) - 1)
    return {"value": float(change), "n": n, "ci95": bootstrap.interval(change, changes)}


def negative(entry: Entry) -> Entry:
    """The same the other way round."""
    return scaled(entry, -1)


def scaled(entry: Entry, by: float) -> Entry:
    """The same in another unit; `by` may be negative."""
    out = {**entry, "value": entry["value"] * by}
    if "ci95" in entry:
        out["ci95"] = sorted(end * by for end in entry["ci95"])
    if "replicas" in entry:
        out["replicas"] = [value * by for value in entry["replicas"]]
    return out


def student(values: np.ndarray) -> tuple[float, list[float]]:
    """The mean of independent values, and its 95 % interval (Student's)."""
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), [float(values.mean() - half), float(values.mean() + half)]


def rank_correlation(x: np.ndarray, y: np.ndarray) -> Entry:
    """Spearman's rank correlation of n pairs with its 95 % interval by Bonett and Wright (2000).

    Where the order is perfect, which has no standard error, the open end is that of the next value there is (two
    neighbours swapped). 0 where one does not vary; the interval is everything below four pairs.
    """
    n = len(x)
    varies = n > 1 and np.ptp(x) > 0 and np.ptp(y) > 0
    rho = float(stats.spearmanr(x, y).statistic) if varies else 0.0
    if n < 4 or not varies:
        return {"value": rho, "n": n, "ci95": [-1.0, 1.0]}
    nearest = 1 - 12 / (n * (n**2 - 1))
    inner = float(np.clip(rho, -nearest, nearest))
    middle, half = np.arctanh(inner), 1.959964 * np.sqrt((1 + inner**2 / 2) / (n - 3))
    low, high = float(np.tanh(middle - half)), float(np.tanh(middle + half))
    return {"value": rho, "n": n, "ci95": [min(low, rho), max(high, rho)]}

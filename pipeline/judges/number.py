"""A number that never travels without its n: how every value that a report prints is made, changed and kept.

A `Number` is a plain dictionary, so that a JSON file holds it as it is. Its constructors know which values are possible
at all (its kind), so that no interval reaches beyond them.
"""

from collections.abc import Sequence
from typing import Literal, NotRequired, TypedDict

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from pipeline.judges import bootstrap

Kind = Literal["share", "size", "correlation", "psnr"]
MOST_PSNR = float(10 * np.log10(255**2 * 12))  # in dB, of what 8-bit rounding alone (variance 1/12) makes of an image
BOUNDS: dict[str, tuple[float, float]] = {
    "share": (0.0, 1.0),
    "size": (0.0, np.inf),
    "correlation": (-1.0, 1.0),
    "psnr": (0.0, MOST_PSNR),
}


class Number(TypedDict):
    """A value and what is known of it."""

    value: float
    n: int  # what the value is of: images, seeds, runs
    ci95: NotRequired[list[float]]  # its 95 % interval [low, high], where it was sampled
    kind: NotRequired[Kind]  # which values are possible (`BOUNDS`); any, where it is not there
    replicas: NotRequired[list[float]]  # the values of single training seeds, whose mean it is
    spread: NotRequired[float]  # standard deviation of what it is the mean of
    quartiles: NotRequired[list[float]]  # of what it is the median of
    n_reference: NotRequired[int]  # real images that it was compared with
    required: NotRequired[float]  # what it must reach
    snr_db: NotRequired[float]  # signal-to-noise ratio at a step that it names
    tried: NotRequired[float]  # the largest value that could have been found
    nb: NotRequired[int]  # how many blocks were left out
    fill: NotRequired[str]  # what stood in for them: zeros or cache
    against: NotRequired[str]  # which of several rivals decides
    verdict: NotRequired[str]  # what it says of a claim, whose effect it is
    class_name: NotRequired[str]  # the class that it is of
    sha256: NotRequired[str]  # of what was counted


def counted(value: float, n: int = 1) -> Number:
    """A value without an interval: it was counted, or measured once."""
    return {"value": value, "n": n}


def resampled(value: float, n: int, replicates: np.ndarray, kind: Kind | None = None) -> Number:
    """A value whose interval its resamples [B] give (`bootstrap.interval`)."""
    ends = bootstrap.interval(float(value), replicates, BOUNDS[kind] if kind else (-np.inf, np.inf))
    out: Number = {"value": float(value), "n": n, "ci95": ends}
    if kind:
        out["kind"] = kind
    return out


def of_few_values(value: float, n: int, replicates: np.ndarray) -> Number:
    """A value that can only be one of few, such as a step. Its interval holds the middle 95 % of the resamples' values
    [B], and the value itself."""
    low, high = np.quantile(replicates, [0.025, 0.975], method="nearest")
    return {"value": float(value), "n": n, "ci95": [float(min(low, value)), float(max(high, value))]}


def median(values: np.ndarray) -> Number:
    """The median of repeats [N], with the interval of the sign test (Conover 1999), which needs six of them."""
    from scipy.stats import quantile_test  # seconds, which only the rivals' times need

    found = quantile_test(values).confidence_interval(0.95)
    out: Number = {"value": float(np.median(values)), "n": len(values)}
    if np.isfinite([*found]).all():
        out["ci95"] = [float(found.low), float(found.high)]
    return out


def share(hits: np.ndarray) -> Number:
    """The share of hits, bool [N], with Wilson's interval."""
    return {"value": float(hits.mean()), "n": len(hits), "ci95": bootstrap.proportion_interval(hits), "kind": "share"}


def centred(value: float, replicates: np.ndarray) -> np.ndarray:
    """The replicates around the estimate: a resample's Frechet distance is larger than the whole's, and a ratio of such
    distances would be too near to 1."""
    return replicates - replicates.mean() + value


def difference(value: float, base: float, replicates: np.ndarray, base_replicates: np.ndarray, n: int) -> Number:
    """value - base; replicates: of both, from the same draws, so that the difference is paired."""
    return resampled(value - base, n, replicates - base_replicates)


def relative(value: float, base: float, replicates: np.ndarray, base_replicates: np.ndarray, n: int) -> Number:
    """The change against `base` in percent of it, paired in the same way."""
    changes = 100 * (centred(value, replicates) / centred(base, base_replicates) - 1)
    return resampled(100 * (value / base - 1), n, changes)


def negative(number: Number) -> Number:
    """The same the other way round."""
    return scaled(number, -1)


def scaled(number: Number, by: float) -> Number:
    """The same in another unit; `by` may be negative. What was possible in the old unit is forgotten."""
    out: Number = {**number, "value": number["value"] * by}
    out.pop("kind", None)
    if "ci95" in number:
        out["ci95"] = sorted(end * by for end in number["ci95"])
    if "replicas" in number:
        out["replicas"] = [value * by for value in number["replicas"]]
    return out


def shifted(number: Number, by: float) -> Number:
    """The same with a constant added."""
    out: Number = {**number, "value": number["value"] + by}
    out.pop("kind", None)
    if "ci95" in number:
        out["ci95"] = [end + by for end in number["ci95"]]
    if "replicas" in number:
        out["replicas"] = [value + by for value in number["replicas"]]
    return out


def least(gaps: dict[str, Number]) -> Number:
    """All gaps at once: the interval is above 0 only where every gap is, and below 0 where some one is
    (intersection-union); `against` names the smallest."""
    nearest = min(gaps, key=lambda each: gaps[each]["value"])
    ends = [min(gap["ci95"][end] for gap in gaps.values()) for end in (0, 1)]
    return {**gaps[nearest], "ci95": ends, "against": nearest}


def student(values: np.ndarray) -> tuple[float, list[float]]:
    """The mean of independent values, and its 95 % interval (Student's)."""
    half = stdtrit(len(values) - 1, 0.975) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), [float(values.mean() - half), float(values.mean() + half)]


def over_replicas(numbers: Sequence[Number]) -> Number:
    """One number for all training seeds: their mean with Student's 95 % interval, within what is possible.

    What cannot differ, and what there is only one of, stays as it is.
    """
    first = numbers[0]
    values = np.array([number["value"] for number in numbers], dtype=float)
    if len(values) == 1 or ("ci95" not in first and (values == values[0]).all()):
        return first
    mean, ends = student(values)
    low, high = BOUNDS.get(first.get("kind", ""), (-np.inf, np.inf))
    n = first["n"] if "ci95" in first else len(values)
    inside = [float(np.clip(end, low, high)) for end in ends]
    return {**first, "value": mean, "n": n, "ci95": inside, "replicas": values.tolist()}


def rank_correlation(x: np.ndarray, y: np.ndarray) -> Number:
    """Spearman's rank correlation of n pairs with its 95 % interval by Bonett and Wright (2000).

    Where the order is perfect, which has no standard error, the open end is that of the next value there is (two
    neighbours swapped). 0 where one does not vary; the interval is everything below four pairs.
    """
    n = len(x)
    varies = n > 1 and np.ptp(x) > 0 and np.ptp(y) > 0
    rho = float(pd.DataFrame({"x": x, "y": y}).corr(method="spearman").to_numpy()[0, 1]) if varies else 0.0
    if n < 4 or not varies:
        return {"value": rho, "n": n, "ci95": [-1.0, 1.0], "kind": "correlation"}
    nearest = 1 - 12 / (n * (n**2 - 1))
    inner = float(np.clip(rho, -nearest, nearest))
    middle, half = np.arctanh(inner), 1.959964 * np.sqrt((1 + inner**2 / 2) / (n - 3))
    low, high = float(np.tanh(middle - half)), float(np.tanh(middle + half))
    return {"value": rho, "n": n, "ci95": [min(low, rho), max(high, rho)], "kind": "correlation"}

"""A number, which never travels without its n: every value that a report prints is made and changed here.

A `Number` is a plain dictionary, so that a JSON file holds it as it is. It has a kind, which says what values are
possible, so that no interval reaches beyond them.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NotRequired, TypedDict

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtr, stdtrit

from pipeline.judges import bootstrap

Kind = Literal["share", "size", "correlation", "psnr", "likeness", "explained"]
MOST_PSNR = float(10 * np.log10(255**2 * 12))  # in dB, of 8-bit rounding alone (variance 1/12)
BOUNDS: dict[str, tuple[float, float]] = {
    "share": (0.0, 1.0),
    "size": (0.0, np.inf),
    "correlation": (-1.0, 1.0),
    "psnr": (0.0, MOST_PSNR),
    "likeness": (-np.inf, 1.0),
    "explained": (-np.inf, 1.0),  # a share of variance, which a bad guess has less than none of
}


class Number(TypedDict):
    """A value and what is known about it."""

    value: float
    n: int  # how many images, seeds or runs the value comes from
    ci95: NotRequired[list[float]]  # its 95 % interval [low, high], where it was sampled
    p: NotRequired[float]  # two-sided p-value of no effect, where the value is one; it belongs to the interval
    dof: NotRequired[float]  # degrees of freedom of Student's t behind the interval; without them it is the normal's
    kind: NotRequired[Kind]  # which values are possible (`BOUNDS`); without it, any value is
    replicas: NotRequired[list[float]]  # the values of the single replicas, of which the value is the mean
    ranged: NotRequired[bool]  # whether the ends in `ci95` are the least and the greatest network, and no interval
    spread: NotRequired[float]  # standard deviation of the values, where the value is their mean
    n_reference: NotRequired[int]  # real images that it was compared with
    required: NotRequired[float]  # the value that it must reach
    snr_db: NotRequired[float]  # signal-to-noise ratio in dB, where the value is a step
    tried: NotRequired[float]  # the largest value that was tried
    nb: NotRequired[int]  # how many blocks were left out
    fill: NotRequired[str]  # what stood in for them: zeros or cache
    against: NotRequired[str]  # the rival that decides, where there are several
    adjusted_p: NotRequired[float]  # the p-value adjusted over the whole ledger, where the value is a claim's effect
    verdict: NotRequired[str]  # the verdict on a claim, where the value is its effect
    class_name: NotRequired[str]  # the class, where the value is that of one class
    sha256: NotRequired[str]  # hash of the images that were counted


def columns(name: str, found: Number) -> dict[str, float]:
    """Return a number as columns of a table: `name`, `name_low` and `name_high`, not a number without an interval."""
    low, high = found.get("ci95", [np.nan, np.nan])
    return {name: found["value"], f"{name}_low": low, f"{name}_high": high}


def counted(value: float, n: int = 1) -> Number:
    """Make a number without an interval, for a value that was counted, or measured once."""
    return {"value": value, "n": n}


def resampled(value: float, n: int, replicates: np.ndarray, kind: Kind | None = None) -> Number:
    """Make a number whose interval comes from its resamples [B] (`bootstrap.interval`). Without a kind it is an effect,
    which may be 0, and has a p-value too."""
    ends = bootstrap.interval(float(value), replicates, BOUNDS[kind] if kind else (-np.inf, np.inf))
    out: Number = {"value": float(value), "n": n, "ci95": ends}
    if kind:
        out["kind"] = kind
    else:
        out["p"] = _p_of(centred(float(value), replicates))
    return out


def _p_of(replicates: np.ndarray) -> float:
    """Return the two-sided p-value of 0 among resamples [B] (Davison and Hinkley 1997, equation 4.11)."""
    beyond = min((replicates <= 0).sum(), (replicates >= 0).sum())
    return float(min(1.0, 2 * (beyond + 1) / (len(replicates) + 1)))


def of_few_values(value: float, n: int, replicates: np.ndarray) -> Number:
    """Make a number for a value that can only be one of few, such as a step. Its interval holds the middle 95 % of the
    resamples' values [B], and the value itself."""
    low, high = np.quantile(replicates, [0.025, 0.975], method="nearest")
    ends = [float(min(low, value)), float(max(high, value))]
    return {"value": float(value), "n": n, "ci95": ends, "p": _p_of(replicates)}


def median(values: np.ndarray) -> Number:
    """Return the median of repeats [N], with the interval of the sign test (Conover 1999), which needs six of them."""
    from scipy.stats import quantile_test  # takes seconds to import, and only the rivals' times need it

    test = quantile_test(values)
    found = test.confidence_interval(0.95)
    out: Number = {"value": float(np.median(values)), "n": len(values)}
    if np.isfinite([*found]).all():
        out |= {"ci95": [float(found.low), float(found.high)], "p": float(test.pvalue)}
    return out


def share(hits: np.ndarray) -> Number:
    """Return the share of hits with Wilson's interval; hits: bool [N]."""
    return {"value": float(hits.mean()), "n": len(hits), "ci95": bootstrap.proportion_interval(hits), "kind": "share"}


def is_proportion(value: float, n: int) -> bool:
    """Say whether a value is so many of n."""
    return bool(np.isclose(value * n, np.round(value * n), rtol=0, atol=1e-6))


def of_alike(value: float, n: int) -> list[float]:
    """Return Wilson's 95 % interval of a share of n images (`is_proportion`)."""
    return bootstrap.proportion_interval(np.arange(n) < round(value * n))


def centred(value: float, replicates: np.ndarray) -> np.ndarray:
    """Shift the replicates so that their mean is the value. The Frechet distance of a resample is larger than that of
    all images, so a ratio of such distances would be too near to 1."""
    return replicates - replicates.mean() + value


def difference(value: float, base: float, replicates: np.ndarray, base_replicates: np.ndarray, n: int) -> Number:
    """Return value - base; the replicates of both are from the same draws, so that the difference is paired."""
    return resampled(value - base, n, replicates - base_replicates)


def negative(number: Number) -> Number:
    """Return the number with the other sign."""
    return scaled(number, -1)


def scaled(number: Number, by: float) -> Number:
    """Return the number times `by`, which may be negative. It loses its kind, which is true of the old unit alone."""
    return _mapped(number, lambda x: x * by)


def shifted(number: Number, by: float) -> Number:
    """Return the number plus a constant. It loses its kind, and its p-value is that of the new 0."""
    out = _mapped(number, lambda x: x + by)
    if "p" in number:
        out["p"] = p_value(number, -by)
    return out


def in_percent(number: Number) -> Number:
    """Return the logarithm of a ratio as a change in percent. A change that was averaged, and has its interval, on the
    scale of logarithms counts halving and doubling alike, and its interval never falls below -100 %."""
    return _mapped(number, lambda x: float(100 * np.expm1(x)))


def _mapped(number: Number, to: Callable[[float], float]) -> Number:
    """Return the number on another scale, to which `to` maps every value in order or in reverse; without its kind."""
    out: Number = {**number, "value": to(number["value"])}
    out.pop("kind", None)
    if "ci95" in number:
        out["ci95"] = sorted(map(to, number["ci95"]))
    if "replicas" in number:
        out["replicas"] = list(map(to, number["replicas"]))
    return out


def p_value(number: Number, bound: float = 0) -> float:
    """Return the two-sided p-value of a bound, read off from the number's interval: either half of it is taken as that
    of Student's t with its degrees of freedom, so that p is 0.05 where the bound is an end of the interval."""
    value, (low, high), dof = number["value"], number["ci95"], number.get("dof", np.inf)
    half = value - low if bound < value else high - value
    if bound == value or half == 0:
        return float(bound == value)
    return float(2 * stdtr(dof, -abs(value - bound) / half * _quantile(0.975, dof)))


def least(gaps: dict[str, Number]) -> Number:
    """Return all gaps as one number, which is above 0 only where every gap is (intersection-union, Berger 1982), and
    below 0 where some gap is.

    For the first no correction is needed: the lower end is the least of the lower ends, and p the largest. For the
    second there are as many chances as gaps, so the upper ends and p are corrected for their number (Bonferroni).
    `against` names the smallest gap.
    """
    nearest, k = min(gaps, key=lambda each: gaps[each]["value"]), len(gaps)
    low = min(gap["ci95"][0] for gap in gaps.values())
    high = min(gap["value"] + _stretch(gap, k) * (gap["ci95"][1] - gap["value"]) for gap in gaps.values())
    below = [gap["p"] for gap in gaps.values() if gap["value"] < 0]
    p = min(1.0, k * min(below)) if below else max(gap["p"] for gap in gaps.values())
    return {**gaps[nearest], "ci95": [low, high], "p": p, "against": nearest}


def _stretch(number: Number, k: int) -> float:
    """Return by how much half of a 95 % interval must be longer so that it is one of k."""
    dof = number.get("dof", np.inf)
    return _quantile(1 - 0.025 / k, dof) / _quantile(0.975, dof)


def _quantile(share: float, dof: float) -> float:
    """Return a quantile of Student's t, which is the normal's where the degrees of freedom are infinite."""
    return float(ndtri(share) if np.isinf(dof) else stdtrit(dof, share))


def student(values: np.ndarray) -> tuple[float, list[float]]:
    """Return the mean of independent values [N], and its 95 % interval (Student's)."""
    half = stdtrit(len(values) - 1, 0.975) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), [float(values.mean() - half), float(values.mean() + half)]


def over_replicas(numbers: Sequence[Number]) -> Number:
    """Return one number for all replicas: their mean with Student's 95 % interval, within what is possible. It is for
    what a replica has once, such as a correlation over its variants; what every variant has is `Replicated`.

    A number of a single replica stays as it is. A share of images that is the same in all replicas has Wilson's
    interval over the images of one, for no difference between replicas is no proof of no error.
    """
    first = numbers[0]
    values = np.array([number["value"] for number in numbers], dtype=float)
    if len(values) == 1:
        return first
    if first.get("kind") == "share" and np.ptp(values) == 0 and is_proportion(first["value"], first["n"]):
        alike: Number = {**first, "ci95": of_alike(first["value"], first["n"]), "replicas": values.tolist()}
        return {**alike, "p": p_value(alike)}
    mean, ends = student(values)
    low, high = BOUNDS.get(first.get("kind", ""), (-np.inf, np.inf))
    out: Number = {**first, "value": mean, "ci95": ends, "dof": len(values) - 1, "replicas": values.tolist()}
    out["p"] = p_value(out)
    return {**out, "ci95": [float(np.clip(end, low, high)) for end in ends]}


def rank_correlation(x: np.ndarray, y: np.ndarray) -> Number:
    """Return Spearman's rank correlation of n pairs with its 95 % interval by Bonett and Wright (2000).

    A perfect order has no standard error; its inner end is that of the next possible value (two neighbours swapped).
    The value is 0 where x or y does not vary. Then, and where there are fewer than four pairs, the interval is -1..1.
    """
    n = len(x)
    varies = n > 1 and np.ptp(x) > 0 and np.ptp(y) > 0
    rho = float(pd.DataFrame({"x": x, "y": y}).corr(method="spearman").to_numpy()[0, 1]) if varies else 0.0
    if n < 4 or not varies:
        return {"value": rho, "n": n, "ci95": [-1.0, 1.0], "p": 1.0, "kind": "correlation"}
    nearest = 1 - 12 / (n * (n**2 - 1))
    inner = float(np.clip(rho, -nearest, nearest))
    middle, half = np.arctanh(inner), 1.959964 * np.sqrt((1 + inner**2 / 2) / (n - 3))
    low, high = float(np.tanh(middle - half)), float(np.tanh(middle + half))
    p = float(2 * stdtr(np.inf, -abs(middle) / half * 1.959964))
    return {"value": rho, "n": n, "ci95": [min(low, rho), max(high, rho)], "p": p, "kind": "correlation"}

"""What was found of a subject's networks, put together.

A number of a subject is the mean over its networks with Student's 95 % interval, so what another training would change
is in it. The interval is never narrower than the images alone make it: networks that agree by chance, or because a
share is 1 in all of them, are no proof of no error.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from pipeline.files import entries, is_folder
from pipeline.judges.number import BOUNDS, Kind, Number, p_value

FEWEST = 2  # networks that a number needs, where a subject has several


def folders(out: Path) -> list[Path]:
    """Return the folders of a subject's networks that a stage has written; none where the stage was switched off."""
    inside = [each for each in entries(out) if each.name.isdecimal()] if is_folder(out) else []
    return sorted(inside, key=lambda each: int(each.name))


def numbers(
    found: Sequence[Mapping[str, Number]], spanned: Callable[[str], bool] = lambda name: False
) -> dict[str, Number]:
    """Return the numbers of all networks as one, by name; those that fewer than `FEWEST` networks have are left out.
    spanned: which names are of numbers that can only be one of few values, such as a limit: of them the median is
    taken, and the least and the greatest are their ends."""
    if len(found) == 1:
        return dict(found[0])
    names = dict.fromkeys(name for each in found for name in each)
    several = {name: [each[name] for each in found if name in each] for name in names}
    return {name: _spanned(of) if spanned(name) else _mean(of) for name, of in several.items() if len(of) >= FEWEST}


def _mean(numbers: Sequence[Number]) -> Number:
    """Return the mean of a number over networks, with its interval where it has one."""
    out = _common(numbers)
    values = np.array([[each["value"]] for each in numbers], dtype=float)
    out["value"] = float(values.mean())
    if not all("ci95" in each for each in numbers):
        return out
    lows, highs = (np.array([[each["ci95"][end]] for each in numbers], dtype=float) for end in (0, 1))
    low, high = (float(end[0]) for end in _ends(values, lows, highs))
    out |= {"ci95": [low, high], "dof": len(numbers) - 1, "replicas": values[:, 0].tolist()}
    if "p" in out:
        out["p"] = p_value(out)
    bounds = BOUNDS.get(out.get("kind", ""), (-np.inf, np.inf))
    return {**out, "ci95": [float(np.clip(end, *bounds)) for end in (low, high)]}


def _spanned(numbers: Sequence[Number]) -> Number:
    """Return the median of a number over networks, the lower one of two, and the least and the greatest as its ends."""
    ordered = sorted(numbers, key=lambda each: each["value"])
    middle = ordered[(len(ordered) - 1) // 2]
    ends = [ordered[0]["value"], ordered[-1]["value"]]
    return {**_common(numbers), **middle, "n": sum(each["n"] for each in numbers), "ci95": ends}


def _common(numbers: Sequence[Number]) -> Number:
    """Return the first number with the count of all, the rival that most are nearest to, and means of what it has
    beside its value."""
    out: Number = {**numbers[0], "n": sum(each["n"] for each in numbers)}
    if "against" in out:
        out["against"] = Counter(each["against"] for each in numbers).most_common(1)[0][0]
    for name in ("spread", "snr_db"):
        if name in out:
            out[name] = float(np.mean([each[name] for each in numbers]))
    return out


def _ends(values: np.ndarray, lows: np.ndarray, highs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the intervals of means over networks, [P] each. values, lows, highs: float [R, P], of every
    network, not a number where it lacks one."""
    count = np.isfinite(values).sum(axis=0)
    mean = np.nanmean(values, axis=0)
    half = stdtrit(count - 1, 0.975) * np.nanstd(values, axis=0, ddof=1) / np.sqrt(count)
    below, above = (np.sqrt(np.nansum((values - ends) ** 2, axis=0)) / count for ends in (lows, highs))
    return mean - np.maximum(half, below), mean + np.maximum(half, above)


def tables(
    found: Sequence[pd.DataFrame], by: Sequence[str], kinds: Mapping[str, Kind], counts: Sequence[str] = ("n",)
) -> pd.DataFrame:
    """Return the tables of all networks as one, with the rows of the first that at least `FEWEST` networks have.

    by: the columns that a row is known by; kinds: which values a column may have, of those with an interval in the
    columns `_low` and `_high` behind its name; counts: columns that are added up. Of other columns with fractions the
    mean is taken, and of all else what the first table has.
    """
    if len(found) == 1:
        return found[0]
    keyed = [table.set_index(list(by)) for table in found]
    there = sum(keyed[0].index.isin(each.index).astype(int) for each in keyed)
    index = keyed[0].index[there >= FEWEST]
    aligned = [each.reindex(index) for each in keyed]
    out = keyed[0].loc[index].copy()

    def stacked(name: str) -> np.ndarray:
        return np.stack([each[name].to_numpy(dtype=float) for each in aligned if name in each])

    for name in out.columns:
        if f"{name}_low" in out:
            values = stacked(name)
            ends = _ends(values, stacked(f"{name}_low"), stacked(f"{name}_high"))
            bounds = BOUNDS.get(kinds.get(name, ""), (-np.inf, np.inf))
            out[name] = np.nanmean(values, axis=0)
            out[f"{name}_low"], out[f"{name}_high"] = (np.clip(end, *bounds) for end in ends)
        elif name in counts:
            out[name] = np.nansum(stacked(name), axis=0).astype(int)
        elif pd.api.types.is_float_dtype(out[name]) and not str(name).endswith(("_low", "_high")):
            out[name] = np.nanmean(stacked(name), axis=0)
    return out.reset_index()[list(found[0].columns)]


def joined(found: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of all networks, with the place of the network in the column `network`."""
    return pd.concat([table.assign(network=place) for place, table in enumerate(found)], ignore_index=True)

"""What was found of a subject's networks, put together.

A number of a subject is the mean over its networks, each of which was looked at on images of its own, with Student's
95 % interval, so what another training would change is in it. The interval is never narrower than the images alone make
it: networks that agree by chance, or because a share is 1 in all of them, are no proof of no error.
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
    """Return the numbers of all networks as one, by name; those that fewer than `FEWEST` of several networks have are
    left out. spanned: which names are of numbers that can only be one of few values, such as a limit: of them the
    median is taken, and the least and the greatest network are the ends."""
    if len(found) == 1:
        return dict(found[0])
    names = dict.fromkeys(name for each in found for name in each)
    several = {name: [each[name] for each in found if name in each] for name in names}
    return {name: _spanned(of) if spanned(name) else _mean(of) for name, of in several.items() if len(of) >= FEWEST}


def _mean(numbers: Sequence[Number]) -> Number:
    """Return the mean of a number over networks, with its interval where all of them have one."""
    out = _common(numbers)
    values = np.array([[each["value"]] for each in numbers], dtype=float)
    out["value"] = float(values.mean())
    if not all("ci95" in each for each in numbers):
        return out
    lows, highs = (np.array([[each["ci95"][end]] for each in numbers], dtype=float) for end in (0, 1))
    low, high = (float(end[0]) for end in _ends(values, lows, highs))
    out |= {"ci95": [low, high], "dof": len(numbers) - 1, "replicas": values[:, 0].tolist()}
    if all("p" in each for each in numbers):
        out["p"] = p_value(out) if low < high else min(each["p"] for each in numbers)
    bounds = BOUNDS.get(out.get("kind", ""), (-np.inf, np.inf))
    return {**out, "ci95": [float(np.clip(end, *bounds)) for end in (low, high)]}


def _spanned(numbers: Sequence[Number]) -> Number:
    """Return the median of a number over networks, the lower one of two. Its ends are the range of the networks."""
    ordered = sorted(numbers, key=lambda each: each["value"])
    median = ordered[(len(ordered) - 1) // 2]
    values = [each["value"] for each in numbers]
    out = {**_common(numbers), "value": median["value"], "ci95": [min(values), max(values)], "ranged": True}
    out["replicas"] = values
    out |= {"snr_db": median["snr_db"]} if "snr_db" in median else {}
    return out  # type: ignore[return-value]


def _common(numbers: Sequence[Number]) -> Number:
    """Return the first number with the count of all, the rival that most are nearest to, the largest value that any has
    tried, and means of what it has beside its value; without what is said of the value itself."""
    out: Number = {**numbers[0], "n": sum(each["n"] for each in numbers)}
    out.pop("ci95", None)
    out.pop("p", None)
    if "against" in out:
        out["against"] = Counter(each["against"] for each in numbers).most_common(1)[0][0]
    if "tried" in out:
        out["tried"] = max(each["tried"] for each in numbers)
    for name in ("spread", "snr_db"):
        if name in out:
            out[name] = float(np.mean([each[name] for each in numbers]))
    return out


def _ends(values: np.ndarray, lows: np.ndarray, highs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the intervals of means over networks, [P] each. values, lows, highs: float [R, P], of every
    network, not a number where it lacks one; what is in fewer than two networks has none."""
    count = np.isfinite(values).sum(axis=0)
    mean = _means(values)
    variance = np.nansum(np.square(values - mean), axis=0) / np.maximum(count - 1, 1)
    half = stdtrit(np.maximum(count - 1, 1), 0.975) * np.sqrt(variance / np.maximum(count, 1))
    below, above = (
        np.sqrt(np.nansum(np.square(values - ends), axis=0)) / np.maximum(count, 1) for ends in (lows, highs)
    )
    several = np.where(count >= FEWEST, 0.0, np.nan)
    return mean - np.maximum(half, below) + several, mean + np.maximum(half, above) + several


def _means(values: np.ndarray) -> np.ndarray:
    """Return the means over networks, [P], not a number where none has a value; values: float [R, P]."""
    count = np.isfinite(values).sum(axis=0)
    return np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan)


def tables(
    found: Sequence[pd.DataFrame], by: Sequence[str], kinds: Mapping[str, Kind], counts: Sequence[str] = ("n",)
) -> pd.DataFrame:
    """Return the tables of several networks as one, with the rows that at least `FEWEST` of them have, in the order in
    which they are found first.

    by: the columns that a row is known by; kinds: which values a column may have, of those with an interval in the
    columns `_low` and `_high` behind its name; counts: columns that are added up. Of other columns with fractions the
    mean is taken, and of all else what the first network that has the row says.
    """
    keyed = [table.set_index(list(by)) for table in found]
    every = pd.concat(keyed)
    index = every.index[~every.index.duplicated()]
    there = sum(index.isin(each.index).astype(int) for each in keyed)
    index = index[there >= FEWEST]
    aligned = [each.reindex(index) for each in keyed]
    out = every[~every.index.duplicated()].loc[index].copy()

    def stacked(name: str) -> np.ndarray:
        return np.stack([each[name].to_numpy(dtype=float) for each in aligned if name in each])

    for name in out.columns:
        if f"{name}_low" in out:
            values = stacked(name)
            ends = _ends(values, stacked(f"{name}_low"), stacked(f"{name}_high"))
            bounds = BOUNDS.get(kinds.get(name, ""), (-np.inf, np.inf))
            out[name] = _means(values)
            out[f"{name}_low"], out[f"{name}_high"] = (np.clip(end, *bounds) for end in ends)
        elif name in counts:
            out[name] = np.nansum(stacked(name), axis=0).astype(int)
        elif pd.api.types.is_float_dtype(out[name]) and not str(name).endswith(("_low", "_high")):
            out[name] = _means(stacked(name))
    return out.reset_index()[list(found[0].columns)]


def joined(found: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of all networks, with the place of the network in the column `network`."""
    return pd.concat([table.assign(network=place) for place, table in enumerate(found)], ignore_index=True)

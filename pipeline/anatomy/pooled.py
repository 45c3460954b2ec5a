"""What was found of a subject's networks, put together: a number is the mean over the networks, each of which was
looked at on images of its own, so what another training would change is in its interval (`moderated`)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.anatomy import moderated
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
    several = {name: of for name, of in several.items() if len(of) >= FEWEST}
    sampled = [name for name, of in several.items() if not spanned(name) and all("ci95" in each for each in of)]
    over = dict(zip(sampled, _sampled([[each.get(name) for name in sampled] for each in found]), strict=True))
    return {
        name: over[name] if name in over else _spanned(of) if spanned(name) else _counted(of)
        for name, of in several.items()
    }


def _sampled(found: Sequence[Sequence[Number | None]]) -> list[Number]:
    """Return the means over networks of numbers that have intervals; found: of every network, None where it lacks
    one."""

    def stacked(part: Callable[[Number], float]) -> np.ndarray:
        return np.array([[part(number) if number else np.nan for number in of] for of in found], dtype=float)

    if not found[0]:
        return []
    values = stacked(lambda number: number["value"])
    means = moderated.means(values, stacked(lambda each: each["ci95"][0]), stacked(lambda each: each["ci95"][1]))
    out = list[Number]()
    for place, of in enumerate(zip(*found, strict=True)):
        there = [number for number in of if number]
        ends = [float(means.low[place]), float(means.high[place])]
        mean: Number = {**_common(there), "value": float(means.value[place]), "ci95": ends}
        mean |= {"dof": float(means.dof[place]), "replicas": [number["value"] for number in there]}
        if "p" in mean:
            mean["p"] = p_value(mean)
        bounds = BOUNDS.get(mean.get("kind", ""), (-np.inf, np.inf))
        out.append({**mean, "ci95": [float(np.clip(end, *bounds)) for end in ends]})
    return out


def _counted(numbers: Sequence[Number]) -> Number:
    """Return the mean of a number that has no interval."""
    return {**_common(numbers), "value": float(np.mean([each["value"] for each in numbers]))}


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

    def stacked(names: list[str]) -> np.ndarray:
        return np.stack([each[names].to_numpy(dtype=float).T.ravel() for each in aligned])

    sampled = [name for name in out.columns if f"{name}_low" in out]
    ends = {end: [f"{name}_{end}" for name in sampled] for end in ("low", "high")}
    if sampled and len(out):
        means = moderated.means(stacked(sampled), stacked(ends["low"]), stacked(ends["high"]))
        parts = ("", means.value), ("_low", means.low), ("_high", means.high)
        for end, every in parts:
            for name, column in zip(sampled, every.reshape(len(sampled), -1), strict=True):
                out[f"{name}{end}"] = np.clip(column, *BOUNDS.get(kinds.get(name, ""), (-np.inf, np.inf)))
    taken = {*sampled, *ends["low"], *ends["high"]}
    for name in out.columns:
        if name in counts:
            out[name] = np.nansum(stacked([name]), axis=0).astype(int)
        elif name not in taken and pd.api.types.is_float_dtype(out[name]):
            out[name] = np.nanmean(stacked([name]), axis=0)
    return out.reset_index()[list(found[0].columns)]


def joined(found: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of all networks, with the place of the network in the column `network`."""
    return pd.concat([table.assign(network=place) for place, table in enumerate(found)], ignore_index=True)

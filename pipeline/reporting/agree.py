"""Two reports side by side: whether another machine, training seed or revision comes to the same verdicts.

Both are read from their summary.json. Times and peak memory are of the machine, and are left out. The range of several
networks that stands behind a limit is no interval, and nothing is asked of it.
"""

import json
from dataclasses import asdict, dataclass
from math import hypot, inf
from pathlib import Path

from scipy.special import ndtri, stdtrit

from pipeline.judges.number import Number
from pipeline.reporting.claims import CONTRADICTED, NO_DATA, SUPPORTED
from pipeline.reporting.summary import Summary, load
from pipeline.reporting.table import Cell, Column, Table, percent, words

OF_THE_MACHINE = frozenset(  # the last parts of the names of times and peak memory, and of claims about them
    (
        "seconds",
        "seconds_change",
        "seconds_per_image",
        "peak_bytes",
        "time",
        "width_doubles_time",
        "strategy_saves",
        "found_saves_more",
    )
)
TOLERATED = 0.05  # of the verdicts may change, but none from supported to contradicted or back
SHOWN = 10  # numbers in the table of those that are farthest apart


@dataclass(frozen=True)
class Changed:
    """A claim whose verdict differs; flipped: whether it went from supported to contradicted or back."""

    name: str
    one: str
    other: str
    flipped: bool


@dataclass(frozen=True)
class Apart:
    """A number in both reports; errors: how far apart its values are, in units of the standard error of their
    difference."""

    name: str
    one: float
    other: float
    errors: float


@dataclass(frozen=True)
class Agreement:
    """What two reports have in common. claims: how many have a verdict in one of them; changed: those whose verdict
    differs; intervals: how many stand beside a value of the other report; held: how many of them hold it; apart: the
    numbers that are farthest apart; unequal: numbers that were counted and differ; only_one, only_other: names that are
    in one report alone."""

    claims: int
    changed: list[Changed]
    intervals: int
    held: int
    apart: list[Apart]
    unequal: list[str]
    only_one: list[str]
    only_other: list[str]

    @property
    def agrees(self) -> bool:
        """Whether no verdict has flipped and at most one in twenty has changed."""
        return not any(each.flipped for each in self.changed) and len(self.changed) <= TOLERATED * self.claims

    def save(self, file: Path) -> None:
        """Write everything as JSON."""
        text = json.dumps({"agrees": self.agrees, **asdict(self)}, indent=2, allow_nan=False)
        file.write_text(text + "\n", encoding="utf-8")

    def __str__(self) -> str:
        lines = [f"{len(self.changed)} of {self.claims} verdicts differ."]
        if self.changed:
            rows = [[f"{each.name}{' (flipped)' * each.flipped}", each.one, each.other] for each in self.changed]
            lines += ["", str(Table([words("claim"), words("one"), words("other")], rows)), ""]
        share = f" ({percent(round(self.held / self.intervals, 3))})" if self.intervals else ""
        lines.append(f"{self.held} of {self.intervals} intervals{share} hold the other report's value.")
        if self.apart:
            columns = [words("farthest apart"), Column("one", 4), Column("other", 4), Column("standard errors", 1)]
            far: list[list[Cell]] = [[each.name, each.one, each.other, each.errors] for each in self.apart]
            lines += ["", str(Table(columns, far)), ""]
        for names, said in (
            (self.unequal, "numbers that were counted differ"),
            (self.only_one, "numbers are in the first report alone"),
            (self.only_other, "numbers are in the second report alone"),
        ):
            if names:
                some = ", ".join(names[:SHOWN])
                lines.append(f"{len(names)} {said}: {some}{', ...' if len(names) > SHOWN else ''}.")
        lines.append("The reports agree." if self.agrees else "The reports do not agree.")
        return "\n".join(lines)


def read(folder: Path) -> Summary:
    """Read the summary.json of a report, without what is of the machine; what is no report is a `UserError`."""
    found = load(folder)
    return {name: number for name, number in found.items() if name.rsplit(".", 1)[-1] not in OF_THE_MACHINE}


def agree(one: Summary, other: Summary) -> Agreement:
    """Compare two summaries."""
    both = [name for name in one if name in other]
    verdicts = {
        name: tuple(each[name]["verdict"] if name in each else NO_DATA for each in (one, other))
        for name in dict.fromkeys([*one, *other])
        if name.startswith("claims.")
    }
    changed = [
        Changed(name.removeprefix("claims."), mine, theirs, {mine, theirs} == {SUPPORTED, CONTRADICTED})
        for name, (mine, theirs) in verdicts.items()
        if mine != theirs
    ]
    sampled = [name for name in both if _has_interval(one[name]) and _has_interval(other[name])]
    holds = [
        each[name]["ci95"][0] <= beside[name]["value"] <= each[name]["ci95"][1]
        for name in sampled
        for each, beside in ((one, other), (other, one))
    ]
    apart = [Apart(name, one[name]["value"], other[name]["value"], _errors(one[name], other[name])) for name in sampled]
    known = sorted((each for each in apart if 0 < each.errors < inf), key=lambda each: -each.errors)
    exact = [name for name in both if "ci95" not in one[name] or "ci95" not in other[name]]
    exact += [each.name for each in apart if each.errors == inf]
    return Agreement(
        len(verdicts),
        changed,
        len(holds),
        sum(holds),
        known[:SHOWN],
        [name for name in exact if one[name]["value"] != other[name]["value"]],
        [name for name in one if name not in other],
        [name for name in other if name not in one],
    )


def _has_interval(number: Number) -> bool:
    """Whether the ends of a number are a 95 % interval, and not the range of its networks."""
    return "ci95" in number and not number.get("ranged", False)


def _errors(one: Number, other: Number) -> float:
    """How far apart two values are in standard errors of their difference; infinite where they differ without any."""
    gap = other["value"] - one["value"]
    if gap == 0:
        return 0.0
    error = hypot(_error(one, gap > 0), _error(other, gap < 0))
    return abs(gap) / error if error else inf


def _error(number: Number, upward: bool) -> float:
    """The standard error of a number, from the half of its interval that points upward, or downward."""
    half = number["ci95"][1] - number["value"] if upward else number["value"] - number["ci95"][0]
    return float(half / (stdtrit(number["dof"], 0.975) if "dof" in number else ndtri(0.975)))

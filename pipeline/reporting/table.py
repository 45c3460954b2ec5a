"""Numbers and tables as the report writes them: one function that formats a number, and tables made of rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.judges.number import Number

NOTHING = "\u2013"  # a dash
TOGETHER = ",\u00a0"  # between the ends of an interval in a table, which a narrow page does not part
Cell = Number | str | float | int | None


def text(number: Number | float, digits: int = 2, times: float = 1, sign: bool = False) -> str:
    """A value with its interval, such as 1.23 [1.10, 1.35].

    digits: decimals, of which a value of a thousand or more has none; times: what the value is multiplied by, such as
    100 for percent; sign: whether a plus is shown.
    """
    value = number["value"] if isinstance(number, dict) else number
    digits = 0 if abs(value * times) >= 1000 else digits
    form = f"{'+' if sign else ''},.{digits}f"
    ends = number.get("ci95") if isinstance(number, dict) else None
    shown = f"{value * times:{form}}"
    return f"{shown} [{ends[0] * times:{form}}, {ends[1] * times:{form}}]" if ends else shown


def effect(number: Number, unit: str) -> str:
    """An effect with its sign, unit and as many digits as it needs, such as +16.4 [+5.7, +26.6] %."""
    size = max(abs(each) for each in [number["value"], *number.get("ci95", [])])
    digits = 1 if size >= 10 else 2 if size >= 0.5 else 4
    return f"{text(number, digits, sign=True)} {unit}".strip()


def chance(p: float) -> str:
    """An adjusted p-value with as many digits as matter, such as p = 0.012."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def percent(share: float) -> str:
    """A share as percent with as few digits as it has: 0.125 is 12.5 %."""
    return f"{100 * share:g} %"


def listed(words: Sequence[Any], last: str = "and") -> str:
    """Words as a list in a sentence: a, b and c."""
    said = [str(word) for word in words]
    return f" {last} ".join([*([", ".join(said[:-1])] if said[:-1] else []), *said[-1:]])


def trainings(count: int) -> str:
    """How many training seeds there are, in words."""
    return f"{count} training seeds" if count > 1 else "one training seed"


@dataclass(frozen=True)
class Column:
    """A column of a table. heading: with the unit in it, where there is one; digits, times, sign: as in `text`; left:
    whether it is set to the left, as words are."""

    heading: str
    digits: int = 2
    times: float = 1
    sign: bool = False
    left: bool = False

    def shown(self, cell: Cell) -> str:
        """A cell as text: words as they are, nothing as a dash, numbers in the column's form. An
        interval stays on one line."""
        if cell is None:
            return NOTHING
        if isinstance(cell, str):
            return cell
        if isinstance(cell, int):
            return f"{cell:,}"
        return text(cell, self.digits, self.times, self.sign).replace(", ", TOGETHER)


@dataclass(frozen=True)
class Table:
    """Rows under columns, as Markdown when it is made a string."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]

    def __str__(self) -> str:
        lines = [[column.heading for column in self.columns]]
        lines.append([":--" if column.left else "--:" for column in self.columns])
        for row in self.rows:
            lines.append([column.shown(cell) for column, cell in zip(self.columns, row, strict=True)])
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def words(heading: str) -> Column:
    """A column of words."""
    return Column(heading, left=True)

"""Numbers as the report writes them, and its templates."""

from math import inf
from pathlib import Path
from typing import Any

import jinja2


def render(template: Path, **values: Any) -> str:
    """A template filled in; a value that it lacks is an error."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    words = {"number": number, "interval": interval, "count": count, "effect": effect, "limit": limit}
    return environment.from_string(template.read_text(encoding="utf-8")).render(**words, **values)


def effect(entry: dict[str, Any], unit: str) -> str:
    """An effect of the ledger: +16.4 [+5.7, +26.6] %, with as many digits as it needs."""
    size = max(abs(entry["value"]), *(abs(end) for end in entry["ci95"]))
    digits = 1 if size >= 10 else 2 if size >= 0.5 else 4
    return f"{number(entry, digits, sign=True)} {unit}".strip()


def number(entry: dict[str, Any], digits: int = 2, scale: float = 1, sign: bool = False) -> str:
    """A value with its interval: 1.23 [1.10, 1.35]; thousands have no decimals."""
    digits = 0 if abs(entry["value"] * scale) >= 1000 else digits
    value = f"{entry['value'] * scale:{'+' if sign else ''},.{digits}f}"
    return f"{value} {interval(entry, digits, scale, sign)}" if "ci95" in entry else value


def interval(entry: dict[str, Any], digits: int = 2, scale: float = 1, sign: bool = False) -> str:
    """The interval alone: [1.10, 1.35]."""
    low, high = (f"{end * scale:{'+' if sign else ''},.{digits}f}" for end in entry["ci95"])
    return f"[{low}, {high}]"


def count(entry: dict[str, Any]) -> str:
    """A count as people read it: 412,345."""
    return f"{entry['value']:,.0f}"


def limit(entry: dict[str, Any] | None, never: float | None = None, words: str = "") -> str:
    """A limit with its interval, with words where it is `never`; `tried`: the largest that could have been found."""
    if entry is None:
        return "-"
    tried = entry.get("tried", inf)

    def shown(value: float) -> str:
        return words if value == never else f"{value:g}" if value <= tried else f"more than {tried:g}"

    value, (low, high) = shown(entry["value"]), map(shown, entry["ci95"])
    if entry["value"] == tried and never == 0:
        value = f"at least {value}"
    return value if low == high else f"{value} [{low}, {high}]"

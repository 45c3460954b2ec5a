"""What all figures share: a variant has one colour and one line style throughout, and a file is written whole."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from pipeline.files import replacing
from pipeline.judges.number import Number

COLOURS = ["#222222", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999933"]  # Okabe and Ito 2008
STYLES = ["-", "--", ":"]
GREY = "#999999"
WIDTH = 6  # inches of most figures: their letters are still read where a phone shows them 9 cm wide
MARK_INCHES, LETTER_INCHES = 0.65, 0.072  # that a mark and a letter take in a legend, about
DPI = 130
FAR = 20  # times the smallest value: a value beyond it would press the others against the axis


def panels(rows: int, columns: int, width: float, height: float, **how: Any) -> tuple[Figure, Any]:
    """A figure of so many inches with rows and columns of axes [rows, columns], as in Matplotlib's `subplots`."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **how)


def colour(index: int) -> str:
    """The colour of the variant at this position in params.yaml."""
    return COLOURS[index % len(COLOURS)]


def style(index: int) -> str:
    """Its line style: variants beyond the eighth take the colours again."""
    return STYLES[index // len(COLOURS) % len(STYLES)]


def line(ax: Axes, index: int, label: str | None, x: Any, y: Any, **how: Any) -> None:
    """Draw the line of a variant; x, y: anything that Matplotlib draws."""
    ax.plot(x, y, color=colour(index), linestyle=style(index), linewidth=1.5, label=label, **how)


def band(ax: Axes, index: int, label: str | None, x: Any, runs: Any, **how: Any) -> None:
    """Draw the mean of a variant's replicas as a line, and a band from the lowest to the highest where there are
    several; runs: float [R, N]."""
    values = np.asarray(runs, dtype=float)
    line(ax, index, label, x, values.mean(axis=0), **how)
    if len(values) > 1:
        ax.fill_between(x, values.min(axis=0), values.max(axis=0), color=colour(index), alpha=0.15, linewidth=0)


def replicas(numbers: list[Number]) -> np.ndarray:
    """The values of the single replicas of some numbers, float64 [R, N]; of numbers of one replica, [1, N]."""
    return np.array([number.get("replicas", [number["value"]]) for number in numbers]).T


def beyond(rows: dict[str, Number]) -> list[str]:
    """Name the variants whose values are so large that they would press the others against the axis. A figure shows
    them as an arrow with the value."""
    bound = FAR * min(number["value"] for number in rows.values())
    return [variant for variant, number in rows.items() if number["value"] > bound]


def ends(numbers: list[Number]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The lower and the upper ends of the numbers' intervals."""
    low, high = zip(*(number["ci95"] for number in numbers), strict=True)
    return low, high


def grid(ax: Axes) -> None:
    """Draw thin lines behind an axis' ticks."""
    ax.grid(alpha=0.25, linewidth=0.5)


def log(ax: Axes, axis: str) -> None:
    """Make an axis, x or y, logarithmic with readable ticks."""
    ax.set(**{f"{axis}scale": "log"})
    chosen = ax.xaxis if axis == "x" else ax.yaxis
    chosen.set_major_locator(LogLocator(subs=(1, 2, 5)))
    chosen.set_major_formatter("{x:g}")
    chosen.set_minor_locator(NullLocator())


def legend(figure: Figure, *panels: Axes) -> None:
    """Put the legend beneath all panels, where it hides no line, with every name that one of these panels has; there is
    none where no line has a name."""
    named: dict[str, Artist] = {}
    for ax in panels:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            named.setdefault(str(label), handle)
    if named:
        widest = MARK_INCHES + LETTER_INCHES * max(map(len, named))
        columns = max(min(len(named), int(figure.get_figwidth() / widest)), 1)
        handles = list(named.values())
        figure.legend(handles, list(named), loc="outside lower center", frameon=False, ncols=columns, fontsize=9)


def write(figure: Figure, path: Path) -> None:
    """Write a PNG, whole or not at all."""
    FigureCanvasAgg(figure)  # by which the letters are measured
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)  # alone: to lay out, `savefig` goes through a whole drawing of its own
        figure.set_layout_engine("none")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as unfinished:
        figure.savefig(unfinished, format="png", dpi=DPI, metadata={"Software": None})

"""What all figures share: a variant has one colour and one line style throughout, and a file is written whole."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from pipeline.files import replacing
from pipeline.judges.number import Number

COLOURS = ["#222222", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999933"]  # Okabe and Ito 2008
STYLES = ["-", "--", ":"]
GREY = "#999999"
FAR = 20  # times the smallest value: a value beyond it would press the others against the axis


def panels(rows: int, columns: int, width: float, height: float, **how: Any) -> tuple[Figure, Any]:
    """A figure of so many inches with rows and columns of axes [rows, columns], as in Matplotlib's `subplots`."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **how)


def colour(index: int) -> str:
    """The colour of the variant at this position in params.yaml."""
    return COLOURS[index % len(COLOURS)]


def style(index: int) -> str:
    """Its line style: variants beyond the eighth take the colours again."""
    return STYLES[index // len(COLOURS) % len(STYLES)]


def line(ax: Axes, index: int, label: str | None, x: Any, y: Any, runs: int = 1, **how: Any) -> None:
    """Draw the line of a variant; x, y: anything that Matplotlib draws; of several runs each is thinner."""
    width = 1.5 if runs == 1 else 0.9
    ax.plot(x, y, color=colour(index), linestyle=style(index), linewidth=width, label=label, **how)


def far_apart(rows: dict[str, Number]) -> bool:
    """Whether one variant would press the others against the axis."""
    values = [number["value"] for number in rows.values()]
    return max(values) > FAR * min(values)


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


def legend(figure: Figure, ax: Axes) -> None:
    """Put the legend beneath all panels, where it hides no line; there is none where no line has a name."""
    handles, labels = ax.get_legend_handles_labels()
    if labels:
        figure.legend(handles, labels, frameon=False, loc="outside lower center", ncols=min(len(labels), 5), fontsize=9)


def write(figure: Figure, path: Path) -> None:
    """Write a PNG, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as unfinished:
        figure.savefig(unfinished, format="png", dpi=130, metadata={"Software": None})

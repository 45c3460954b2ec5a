"""What figures over the layers of a network share: their names, a shade for each noise level, and lines with bands."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from pipeline.reporting.plots import GREY, grid

NOISE = LinearSegmentedColormap.from_list("noise", ["#9ecae1", "#08306b"])  # from low noise to high


def noise(view: str) -> str:
    """The noise level of a view in percent of T: t025 is 25 %."""
    return f"{int(view.removeprefix('t'))} %"


def shades(views: list[str]) -> dict[str, Any]:
    """A colour for each noise level, the lowest first, the darker the more noise."""
    return {view: NOISE(i / max(len(views) - 1, 1)) for i, view in enumerate(views)}


def spoken(layers: list[str]) -> list[str]:
    """The names of layers as words: skip 1, block 11."""
    return [layer.replace("_0", " ").replace("_", " ") for layer in layers]


def banded(
    ax: Axes, values: np.ndarray, low: np.ndarray, high: np.ndarray, colour: Any, label: str | None, how: str = "-"
) -> None:
    """Draw a line over layers, with a band from `low` to `high`; values, low, high: [layers]."""
    x = np.arange(len(values))
    ax.plot(x, values, color=colour, linestyle=how, linewidth=1.4, label=label)
    ax.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)


def axis(ax: Axes, layers: list[str]) -> None:
    """Name the layers on the x axis, and mark the middle."""
    ax.set_xticks(range(len(layers)), spoken(layers), rotation=90, fontsize=8)
    for i, layer in enumerate(layers):
        if layer.startswith("middle"):
            ax.axvline(i, color=GREY, linewidth=0.8, linestyle=":")
    grid(ax)

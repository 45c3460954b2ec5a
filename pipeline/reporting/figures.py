"""The report's curves and dots; colours are one per variant throughout."""

from pathlib import Path

import matplotlib
import pandas as pd

from pipeline.files import replacing

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

COLOURS = ["#222222", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999933"]  # Okabe and Ito 2008


def colour(index: int) -> str:
    """The colour of the variant at this position in params.yaml."""
    return COLOURS[index % len(COLOURS)]


def loss_curves(path: Path, curves: dict[str, list[pd.DataFrame]]) -> None:
    """Training and validation loss against images seen, a line per replica in its variant's colour."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
    columns = [("train_loss", "training loss (as trained)"), ("validation_loss", "validation loss (averaged weights)")]
    for ax, (column, title) in zip(axes, columns, strict=True):
        for i, (variant, runs) in enumerate(curves.items()):
            for j, curve in enumerate(runs):
                shown, label = curve[["images_seen", column]].dropna(), variant if j == 0 else None
                width = 1.6 if len(runs) == 1 else 1.0
                ax.plot(shown["images_seen"] / 1000, shown[column], color=colour(i), label=label, linewidth=width)
        ax.set(title=title, xlabel="thousand images seen", yscale="log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_locator(NullLocator())
        ax.grid(alpha=0.25, linewidth=0.5)
    axes[0].set_ylabel("mean squared error")
    axes[1].legend(frameon=False)
    _write(figure, path)


def distances(path: Path, rows: dict[str, dict], floor: dict, label: str) -> None:
    """A dot with its 95 % interval per variant, the floor as a band; rows: variant -> {value, ci95}."""
    figure, ax = plt.subplots(figsize=(7, 0.45 * len(rows) + 1.5), layout="constrained")
    ax.axvspan(*floor["ci95"], color="#bbbbbb", alpha=0.5, linewidth=0, label="floor: real test images")
    for i, (variant, number) in enumerate(rows.items()):
        low, high = number["ci95"]
        ax.plot([low, high], [i, i], color=colour(i), linewidth=2.5, solid_capstyle="round")
        ax.plot(number["value"], i, "o", color=colour(i), markersize=7)
    ax.set(yticks=range(len(rows)), yticklabels=list(rows), xlabel=f"{label}, lower is better")
    ax.set_xlim(left=0)
    ax.invert_yaxis()
    ax.grid(alpha=0.25, axis="x")
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, 1.0 + 0.6 / len(rows)), borderaxespad=0)
    _write(figure, path)


def _write(figure: Figure, path: Path) -> None:
    with replacing(path) as unfinished:
        figure.savefig(unfinished, format="png", dpi=130, metadata={"Software": None})
    plt.close(figure)

"""The report's curves and dots; a variant has one colour and one line style throughout."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd

from pipeline.files import replacing
from pipeline.reporting.paired import Entry

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

COLOURS = ["#222222", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999933"]  # Okabe and Ito 2008
STYLES = ["-", "--", ":"]
CHANGES = [-50, -25, 0, 25, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000]  # percent, shown as ticks
Point = tuple[float, Entry]  # a place on the x axis, and the number there


def colour(index: int) -> str:
    """The colour of the variant at this position in params.yaml."""
    return COLOURS[index % len(COLOURS)]


def style(index: int) -> str:
    """Its line style: variants beyond the eighth take the colours again."""
    return STYLES[index // len(COLOURS) % len(STYLES)]


def loss_curves(path: Path, curves: dict[str, list[pd.DataFrame]]) -> None:
    """Training and validation loss against images seen, a line per replica; curves: loss.csv."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
    columns = [("train_loss", "training loss (as trained)"), ("validation_loss", "validation loss (averaged weights)")]
    for ax, (column, title) in zip(axes, columns, strict=True):
        for i, (variant, runs) in enumerate(curves.items()):
            for j, curve in enumerate(runs):
                shown = curve[["images_seen", column]].dropna()
                _line(ax, i, variant if j == 0 else None, shown["images_seen"] / 1000, shown[column], len(runs))
        ax.set(title=title, xlabel="thousand images seen")
        _log_y(ax)
    axes[0].set_ylabel("mean squared error")
    legend(figure, axes[0])
    write(figure, path)


def early_loss(path: Path, updates: dict[str, list[pd.DataFrame]], share: float) -> None:
    """Training loss over the first part of training, a running mean; updates: updates.csv, share: of training."""
    figure, ax = plt.subplots(figsize=(7, 3.8), layout="constrained")
    for i, (variant, runs) in enumerate(updates.items()):
        for j, run in enumerate(runs):
            window = max(round(share * len(run) / 12), 1)
            smooth = run["loss"].rolling(window).mean()[: max(round(share * len(run)), 2)]
            images = run["images_seen"][: len(smooth)] / 1000
            _line(ax, i, variant if j == 0 else None, images, smooth, len(runs))
    ax.set(xlabel="thousand images seen", ylabel="mean squared error, running mean")
    _log_y(ax)
    legend(figure, ax)
    write(figure, path)


def over_training(path: Path, panels: list[tuple[str, dict[str, list[Point]], Entry | None]]) -> None:
    """Numbers of the snapshots against images seen, a panel each: (label of y, variant -> points, the floor)."""
    figure, axes = plt.subplots(1, len(panels), figsize=(9, 4.2), squeeze=False, layout="constrained")
    for ax, (label, lines, floor) in zip(axes[0], panels, strict=True):
        for i, (variant, points) in enumerate(lines.items()):
            images = np.array([x for x, _ in points]) / 1000 * (1 + 0.012 * (i - len(lines) / 2))  # side by side
            values = [entry["value"] for _, entry in points]
            low, high = zip(*(entry["ci95"] for _, entry in points), strict=True)
            _line(ax, i, variant, images, values, 1, marker="o", markersize=3)
            ax.vlines(images, low, high, color=colour(i), linewidth=0.9, alpha=0.6)
        if floor is not None:
            ax.axhspan(*floor["ci95"], color="#bbbbbb", alpha=0.5, linewidth=0, label="floor: real test images")
        ax.set(xlabel="thousand images seen", ylabel=label, xscale="log")
        shown = sorted({x / 1000 for points in lines.values() for x, _ in points})
        ax.set_xticks(shown, [f"{x:g}" for x in shown])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.grid(alpha=0.25, linewidth=0.5)
    _log_y(axes[0, 0])
    legend(figure, axes[0, 0])
    write(figure, path)


def noise_levels(
    path: Path, snr_db: list[float], losses: dict[str, list[Entry]], changes: dict[str, list[Entry]], baseline: str
) -> None:
    """Validation loss by noise level, and its change against the baseline; snr_db: of each level, cleanest first."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
    places = np.arange(len(snr_db))
    for i, (variant, entries) in enumerate(losses.items()):
        _line(axes[0], i, variant, places, [entry["value"] for entry in entries], 1, marker="o", markersize=3)
    for i, (variant, entries) in enumerate(changes.items()):
        shift = places + 0.06 * (i - len(changes) / 2)
        if variant == baseline:
            axes[1].axhline(0, color=colour(i), linewidth=1)
        else:
            _line(axes[1], i, variant, shift, [entry["value"] for entry in entries], 1, marker="o", markersize=3)
            low, high = zip(*(entry["ci95"] for entry in entries), strict=True)
            axes[1].vlines(shift, low, high, color=colour(i), linewidth=0.9, alpha=0.6)
    axes[0].set_ylabel("mean squared error of the noise")
    axes[1].set_ylabel("change against the baseline, %")
    axes[1].set_yscale("symlog", linthresh=50, linscale=2)
    axes[1].yaxis.set_major_locator(FixedLocator(CHANGES))
    axes[1].yaxis.set_major_formatter("{x:+g}")
    axes[1].yaxis.set_minor_locator(NullLocator())
    _log_y(axes[0])
    for ax in axes:
        ax.set_xticks(places, [f"{round(level):+d}" for level in snr_db])
        ax.set_xlabel("signal-to-noise ratio, dB (clean to noisy)")
        ax.grid(alpha=0.25, linewidth=0.5)
    legend(figure, axes[0])
    write(figure, path)


def distances(path: Path, rows: dict[str, Entry], floor: Entry, label: str) -> None:
    """A dot with its 95 % interval per variant, the floor as a band."""
    figure, ax = plt.subplots(figsize=(7, 0.4 * len(rows) + 1.5), layout="constrained")
    ax.axvspan(*floor["ci95"], color="#bbbbbb", alpha=0.5, linewidth=0, label="floor: real test images")
    for i, (variant, number) in enumerate(rows.items()):
        low, high = number["ci95"]
        ax.plot([low, high], [i, i], color=colour(i), linewidth=2.5, solid_capstyle="round")
        ax.plot(number["value"], i, "o", color=colour(i), markersize=7)
    ax.set(yticks=range(len(rows)), yticklabels=list(rows), xlabel=f"{label}, lower is better")
    if _far_apart(rows):
        log(ax, "x")
    else:
        ax.set_xlim(left=0)
    ax.invert_yaxis()
    ax.grid(alpha=0.25, axis="x")
    figure.legend(*ax.get_legend_handles_labels(), frameon=False, loc="outside upper right")
    write(figure, path)


def pareto(path: Path, costs: dict[str, float], rows: dict[str, Entry], label: str) -> None:
    """Distance against multiply-adds; the line joins the variants that none beats in both. costs: multiply-adds."""
    figure, ax = plt.subplots(figsize=(7, 4.4), layout="constrained")
    best, front = np.inf, []
    for variant in sorted(rows, key=lambda each: (costs[each], rows[each]["value"])):
        if rows[variant]["value"] < best:
            best = rows[variant]["value"]
            front.append(variant)
    ax.plot([costs[v] / 1e6 for v in front], [rows[v]["value"] for v in front], color="#999999", linewidth=1, zorder=0)
    for i, (variant, number) in enumerate(rows.items()):
        x = costs[variant] / 1e6
        ax.vlines(x, *number["ci95"], color=colour(i), linewidth=1.2, alpha=0.7)
        marker = "osD"[i // len(COLOURS) % 3]
        ax.plot(x, number["value"], marker, color=colour(i), markersize=6, label=variant)
    ax.set(xlabel="million multiply-adds per image and step", ylabel=f"{label}, lower is better", xscale="log")
    ticks = [base * 10**power for power in range(-3, 6) for base in (1, 1.5, 2, 3, 5, 7)]
    low, high = ax.get_xlim()
    ax.set_xticks([tick for tick in ticks if low <= tick <= high], [f"{t:g}" for t in ticks if low <= t <= high])
    ax.xaxis.set_minor_locator(NullLocator())
    if _far_apart(rows):
        log(ax, "y")
    else:
        ax.set_ylim(bottom=0)
    ax.grid(alpha=0.25, linewidth=0.5)
    legend(figure, ax)
    write(figure, path)


def hard_classes(
    path: Path,
    names: list[str],
    found: list[Entry],
    floor: list[Entry],
    accuracy: list[Entry],
    label: str,
    baseline: int,
) -> None:
    """Distance and accuracy of classes of the baseline's images; floor: the distance of the real test images;
    baseline: its position in params.yaml."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    places = np.arange(len(names))
    for ax, entries, scale in ((axes[0], found, 1), (axes[1], accuracy, 100)):
        low, high = zip(*(entry["ci95"] for entry in entries), strict=True)
        ax.vlines(places, scale * np.array(low), scale * np.array(high), color=colour(baseline), linewidth=2)
        ax.plot(places, [scale * entry["value"] for entry in entries], "o", color=colour(baseline), label="baseline")
        rotation = 90 if max(map(len, names)) > 3 else 0
        ax.set_xticks(places, names, rotation=rotation)
        ax.grid(alpha=0.25, axis="y")
    low, high = zip(*(entry["ci95"] for entry in floor), strict=True)
    real = [entry["value"] for entry in floor]
    axes[0].vlines(places + 0.25, low, high, color="#999999", linewidth=2)
    axes[0].plot(places + 0.25, real, "s", color="#999999", markersize=5, label="real test images")
    axes[0].set_ylabel(f"{label} to the class's images")
    axes[1].set_ylabel("recognised, %")
    legend(figure, axes[0])
    write(figure, path)


def _line(ax: Axes, index: int, label: str | None, x: Any, y: Any, runs: int, **how: Any) -> None:
    """A variant's line; x, y: anything that Matplotlib draws; of several runs each is thinner."""
    width = 1.5 if runs == 1 else 0.9
    ax.plot(x, y, color=colour(index), linestyle=style(index), linewidth=width, label=label, **how)


def _far_apart(rows: dict[str, Entry]) -> bool:
    """Whether one variant would press the others against the axis."""
    values = [entry["value"] for entry in rows.values()]
    return max(values) > 20 * min(values)


def log(ax: Axes, of: str) -> None:
    """A logarithmic axis (x or y) with readable ticks."""
    ax.set(**{f"{of}scale": "log"})
    axis = ax.xaxis if of == "x" else ax.yaxis
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())


def _log_y(ax: Axes) -> None:
    log(ax, "y")
    ax.grid(alpha=0.25, linewidth=0.5)


def legend(figure: Figure, ax: Axes) -> None:
    """Beneath all panels, where it hides no line; none where no line has a name."""
    handles, labels = ax.get_legend_handles_labels()
    if labels:
        figure.legend(handles, labels, frameon=False, loc="outside lower center", ncols=min(len(labels), 5), fontsize=9)


def write(figure: Figure, path: Path) -> None:
    with replacing(path) as unfinished:
        figure.savefig(unfinished, format="png", dpi=130, metadata={"Software": None})
    plt.close(figure)

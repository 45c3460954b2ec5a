"""Curves of a subject's sweeps, over steps and over signal-to-noise ratio (Prasad et al. 2023, Figures 4 to 10)."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.judges.number import Number
from pipeline.reporting.plots import GREY, grid, legend, panels, write

FIRST = "first step concerned"
NOISIEST = -30.0  # dB; all that is noisier is drawn here
NAMES = {"ssim": "SSIM", "psnr": "PSNR, dB", "under": "share of images changed", "kept": "share of the same class"}
FILLS = {"zeros": "zeros", "cache": "their last output"}
Findings = dict[str, Number]
Drawn = list[tuple[str, str]]  # the file and the caption of a picture


def draw(
    folder: Path, curves: pd.DataFrame, findings: Findings, threshold: float, length: int, fills: Sequence[str]
) -> Drawn:
    """Every figure that there are cells for, into an existing folder; curves: curves.csv, findings: findings.json;
    length: the usual number of steps of an intervention; fills: what stands in, the usual first."""
    drawn: Drawn = []

    def add(name: str, caption: str, figure: Figure | None) -> None:
        if figure is not None:
            write(figure, folder / f"{name}.png")
            drawn.append((f"{name}.png", caption))

    usual = (curves["fill"] == fills[0]) | curves["sweep"].isin(["jump", "end"])
    of = dict(list(curves[usual].groupby("sweep")))
    others = curves[~usual & (curves["sweep"] == "blocks")]
    if "jump" in of:
        caption = (
            "Likeness to the untouched image when n steps are done in one, by the first of them. The lower a line is, "
            f"the more those steps matter. Thick: n = {length}, with a band of one standard deviation; bars are 95 % "
            "intervals of the means, grey bands where the phases part. Source: Figures 4 and 18, n = 5 of 100."
        )
        add("jumps", caption, jumps(of["jump"], findings, threshold, length))
    if {"skips", "blocks"} <= set(of):
        caption = (
            f"Likeness after {length} steps without the top skips, and without the deepest blocks. Where the line of "
            "the skips is lower, skips matter more than deep blocks. Bars are 95 % intervals, bands one standard "
            "deviation. Source: Figure 7."
        )
        add("connections", caption, connections(of["skips"], of["blocks"], threshold))
    if "blocks" in of:
        caption = (
            f"Likeness after {length} steps without the bottom nb blocks, by the first of them. Blocks are redundant "
            "where a line stays near 1. Source: Figure 8, nb = 2 to 12 of 16."
        )
        if len(others):
            caption += f" Dashed: {FILLS[fills[1]]} in place of {FILLS[fills[0]]}."
        add("blocks", caption, blocks(of["blocks"], others, threshold))
    if "duration" in of:
        caption = (
            "Likeness after n steps in a row without nb blocks, from the step on at which so many are redundant. A "
            "falling line says that a cut cannot go on. Source: Figure 9, at most 7 of 100."
        )
        add("durations", caption, lengths(of["duration"], "n", threshold))
    if "relax" in of:
        caption = (
            "Likeness after two cuts of nb blocks with r steps of rest between them. A rising line says that a rest "
            "restores the image. Source: Figure 10, r = 15 to 20 of 100."
        )
        add("rests", caption, lengths(of["relax"], "r", threshold))
    if "end" in of:
        caption = (
            "Likeness of the clean image that is predicted at each step to the final one. Where it comes near to 1, "
            "the steps that follow can be spared. Source: Figure 17, step 18 of 100."
        )
        add("ends", caption, over_starts({"_ends": of["end"]}, shares(of["end"]), threshold, step="last step done"))
    if "skip" in of:
        caption = f"Mean SSIM after {length} steps without one skip, by skip and first step. Dark cells matter most."
        add("single_skips", caption, single_skips(of["skip"]))
    return drawn


def jumps(rows: pd.DataFrame, findings: Findings, threshold: float, length: int) -> Figure:
    """SSIM and PSNR of n steps in one, a line per n; the phases as bands."""
    lines = {f"n = {n}": group for n, group in rows[rows["n"] > 1].groupby("n")}
    figure = over_starts(lines, ["ssim", "psnr"], threshold, thick=f"n = {length}")
    places = [
        findings[f"phases.{name}"]["value"]
        for name in ("composition_ends", "denoising_begins")
        if f"phases.{name}" in findings
    ]
    if len(places) == 2:
        left, right = figure.axes[0].get_xlim()
        ends = [left, *places, right]
        for word, start, end in zip(("composition", "transition", "denoising"), ends, ends[1:], strict=False):
            figure.axes[0].text(
                (start + end) / 2, 0.09, word, ha="center", fontsize=8, transform=figure.axes[0].get_xaxis_transform()
            )
    for ax in figure.axes:
        for name in ("phases.composition_ends", "phases.denoising_begins"):
            if name in findings and ax.get_xlabel() == FIRST:
                ax.axvline(findings[name]["value"], color="#666666", linewidth=0.8)
                ax.axvspan(*findings[name]["ci95"], color=GREY, alpha=0.25, linewidth=0)
            elif name in findings:
                ax.axvline(max(findings[name]["snr_db"], NOISIEST), color="#666666", linewidth=0.8)
    return figure


def connections(skips: pd.DataFrame, blocks: pd.DataFrame, threshold: float) -> Figure:
    """PSNR and SSIM without the top skips, and without the fewest blocks that were tried."""
    fewest = blocks[blocks["parts"] == blocks["parts"].min()]
    lines = {
        f"without the top {skips['parts'].iloc[0]} skips": skips,
        f"without the bottom {fewest['parts'].iloc[0]} blocks": fewest,
    }
    return over_starts(lines, ["psnr", "ssim"], threshold, spread=True, colours=["#E69F00", "#009E73"])


def blocks(rows: pd.DataFrame, others: pd.DataFrame, threshold: float) -> Figure:
    """SSIM and the shares of images changed and of the same class, a line per nb; dashed: others, with something else
    in their place."""
    lines = {f"nb = {nb}": group for nb, group in rows.groupby("parts")}
    dashed = {f"nb = {nb}": group for nb, group in others.groupby("parts")}
    return over_starts(lines, shares(rows), threshold, dashed=dashed)


def shares(rows: pd.DataFrame) -> list[str]:
    """SSIM, and the shares of images that there are."""
    return ["ssim", "under", *(["kept"] if "kept" in rows else [])]


def over_starts(
    lines: dict[str, pd.DataFrame],
    columns: list[str],
    threshold: float,
    thick: str = "",
    spread: bool = False,
    dashed: dict[str, pd.DataFrame] | None = None,
    colours: list[Any] | None = None,
    step: str = FIRST,
) -> Figure:
    """A row of panels per column of numbers: over the step concerned first, called `step`, and over the signal-to-noise
    ratio there. thick: a line with a band of one standard deviation; spread: all have it."""
    figure, axes = panels(len(columns), 2, 9, 3.1 * len(columns))
    chosen = colours or in_order(len(lines))
    for row, column in zip(axes, columns, strict=True):
        for ax, place in zip(row, (_steps, _levels), strict=True):
            for (label, rows), colour in zip(lines.items(), chosen, strict=True):
                band = spread or label == thick or len(lines) == 1
                _line(ax, place, rows, column, colour, label, "-", band, 2.2 if label == thick else 1.4)
                if dashed and label in dashed:
                    _line(ax, place, dashed[label], column, colour, None, "--", False, 1.2)
            if column == "ssim":
                ax.axhline(threshold, color=GREY, linestyle=":", linewidth=1)
            _share(ax, column)
            ax.set_ylabel(NAMES[column])
            grid(ax)
        row[0].invert_xaxis()
        row[0].set_xlabel(step)
        row[1].set_xlabel("signal-to-noise ratio there, dB")
        low, _ = row[1].get_xlim()
        if low < NOISIEST:
            ticks = [tick for tick in row[1].get_xticks() if tick > NOISIEST + 1]
            row[1].set_xticks([NOISIEST, *ticks], [f"≤{NOISIEST:g}", *(f"{tick:g}" for tick in ticks)])
    legend(figure, axes[0, 0])
    return figure


def lengths(rows: pd.DataFrame, axis: str, threshold: float) -> Figure:
    """SSIM and the share of images changed against n or r, a line per nb."""
    columns = shares(rows)
    figure, (axes,) = panels(1, len(columns), 4.5 * len(columns), 3.6)
    groups = dict(list(rows.groupby("parts")))
    for (nb, group), colour in zip(groups.items(), in_order(len(groups)), strict=True):
        ordered = group.sort_values(axis)
        label = f"nb = {nb!s}, from step {ordered['start'].iloc[0]}"
        if axis == "r":
            label += f", n = {ordered['n'].iloc[0]}"
        for ax, column in zip(axes, columns, strict=True):
            _line(ax, lambda each: each[axis], ordered, column, colour, label, "-", column == "ssim", 1.4)
    axes[0].axhline(threshold, color=GREY, linestyle=":", linewidth=1)
    for ax, column in zip(axes, columns, strict=True):
        ax.set(xlabel={"n": "steps in a row without them, n", "r": "steps of rest, r"}[axis], ylabel=NAMES[column])
        grid(ax)
        tried = sorted(rows[axis].unique())
        if len(tried) <= 12:
            ax.set_xticks(tried)
        _share(ax, column)
    legend(figure, axes[0])
    return figure


def single_skips(rows: pd.DataFrame) -> Figure:
    """Mean SSIM by skip and start, as a map."""
    table = rows.pivot(index="parts", columns="start", values="ssim").sort_index(axis=1, ascending=False)
    figure, axes = panels(1, 1, 9, 0.32 * len(table) + 1.6)
    ax = axes[0, 0]
    shown = ax.imshow(table, aspect="auto", cmap="viridis", vmax=1)
    places = np.unique(np.linspace(0, table.shape[1] - 1, min(table.shape[1], 11)).round().astype(int))
    ax.set_xticks(places, [str(table.columns[i]) for i in places])
    ax.set_yticks(range(len(table)), [f"skip {number}" for number in table.index])
    ax.set_xlabel("first step without it")
    figure.colorbar(shown, ax=ax, label="SSIM")
    return figure


def _share(ax: Axes, column: str) -> None:
    """A share's axis begins, or ends, where shares do, and is never so fine that nothing looks like much."""
    low, high = ax.get_ylim()
    if column == "under":
        ax.set_ylim(bottom=0, top=max(high, 0.1))
    if column == "kept":
        ax.set_ylim(bottom=min(low, 0.9), top=1.005)


def in_order(count: int) -> list[Any]:
    """Colours for an ordered parameter, dark to light, none too pale."""
    return list(matplotlib.colormaps["viridis"](np.linspace(0, 0.85, count)))


def _steps(rows: pd.DataFrame) -> pd.Series:
    return rows["start"]


def _levels(rows: pd.DataFrame) -> pd.Series:
    return rows["snr_db"].clip(lower=NOISIEST)


def _line(
    ax: Axes,
    place: Callable[[pd.DataFrame], pd.Series],
    rows: pd.DataFrame,
    column: str,
    colour: Any,
    label: str | None,
    style: str,
    band: bool,
    width: float,
) -> None:
    rows = rows.sort_values(["start", "n", "r"])
    x, y = place(rows).to_numpy(), rows[column].to_numpy()
    few = len(rows) <= 20
    ax.plot(x, y, style, color=colour, label=label, linewidth=width, marker="o" if few else "", markersize=3)
    ax.vlines(x, rows[f"{column}_low"], rows[f"{column}_high"], color=colour, linewidth=0.9, alpha=0.7)
    if band and f"{column}_spread" in rows:
        sd = rows[f"{column}_spread"].to_numpy()
        most = 1 if column == "ssim" else np.inf
        ax.fill_between(x, y - sd, np.minimum(y + sd, most), color=colour, alpha=0.13, linewidth=0)

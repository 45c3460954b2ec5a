"""Curves of a subject's sweeps over its steps (Prasad et al. 2023, Figures 4 to 10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.judges.number import Number
from pipeline.reporting.page import Drawn
from pipeline.reporting.plots import GREY, WIDTH, grid, legend, panels, write

FIRST = "first step concerned"
LOWEST = -1.0  # likeness, below which a panel is cut off
LEVELS = 6  # steps, at most, whose signal-to-noise ratio is written
NAMES = {"likeness": "likeness", "psnr": "PSNR, dB", "kept": "share of the same class"}
UNRELATED, PHASED = "unrelated.ssim", "effects.three_phases"  # their names among the findings
BOUNDARIES = ("phases.composition_ends", "phases.denoising_begins")
FILLS = {"zeros": "zeros", "cache": "their last output"}
Findings = dict[str, Number]


@dataclass(frozen=True)
class Scale:
    """The scale of likeness. threshold: the likeness below which an image has changed; unrelated: the mean SSIM of
    images that have nothing to do with each other, which is likeness 0."""

    threshold: float
    unrelated: float

    def ssim(self, likeness: Any) -> Any:
        """Return the SSIM that a likeness stands for, in the mean over images."""
        return self.unrelated + likeness * (1 - self.unrelated)

    def likeness(self, ssim: Any) -> Any:
        """Return the likeness that an SSIM stands for, in the mean over images."""
        return (ssim - self.unrelated) / (1 - self.unrelated)


def draw(
    folder: Path, curves: pd.DataFrame, findings: Findings, threshold: float, length: int, fills: Sequence[str]
) -> Drawn:
    """Every figure that there are cells for, into an existing folder; curves: curves.csv, findings: findings.json;
    threshold: the likeness below which an image has changed; length: the usual number of steps of an intervention;
    fills: what stands in, the usual first."""
    drawn: Drawn = []
    scale = Scale(threshold, findings[UNRELATED]["value"])

    def add(name: str, caption: str, figure: Figure | None) -> None:
        if figure is not None:
            write(figure, folder / f"{name}.png")
            drawn.append((f"{name}.png", caption))

    usual = (curves["fill"] == fills[0]) | curves["sweep"].isin(["jump", "end"])
    of = dict(list(curves[usual].groupby("sweep")))
    others = curves[~usual & (curves["sweep"] == "blocks")]
    if "jump" in of:
        caption = (
            "Likeness to the untouched image when n steps are done in one, by the first of these steps. The lower a "
            f"line is, the more these steps matter; likeness 0 is that of unrelated images. The thick line is n = "
            f"{length}, with a band of one standard deviation. Bars are 95 % intervals. {_of_boundaries(findings)}"
            "Source: Figures 4 and 18, n = 5 of 100."
        )
        add("jumps", caption, jumps(of["jump"], findings, scale, length))
    if {"skips", "blocks"} <= set(of):
        caption = (
            f"Likeness to the untouched image after {length} steps without the top skips, and without the deepest "
            "blocks. Where the line of the skips is lower, skips matter more than deep blocks; where fewer images keep "
            "their class, what is left out composes. Bars are 95 % intervals and bands one standard deviation. Source: "
            "Figure 7."
        )
        add("connections", caption, connections(of["skips"], of["blocks"], scale))
    if "blocks" in of:
        caption = (
            f"Likeness to the untouched image after {length} steps without the nb deepest blocks, by the first of "
            "these steps. Where a line stays near 1, these blocks can be left out; where it comes near to 0, the image "
            "is another one. Source: Figure 8, nb = 2 to 12 of 16."
        )
        if len(others):
            caption += f" Dashed: {FILLS[fills[1]]} in place of {FILLS[fills[0]]}."
        add("blocks", _none_changed(caption, of["blocks"]), blocks(of["blocks"], others, scale))
    if "duration" in of:
        caption = (
            "Likeness to the untouched image after n steps in a row without the nb deepest blocks, from the first step "
            "at which so many can be left out, but not before the first phase ends. Where a line falls below the "
            "threshold, the cut is too long. Source: Figure 9, at most 7 of 100."
        )
        add("durations", _none_changed(caption, of["duration"]), lengths(of["duration"], "n", scale))
    if "relax" in of:
        caption = (
            "Likeness to the untouched image after two cuts of the nb deepest blocks, with r steps of rest between "
            "them. Where a line rises, the rest restores the image. A number of blocks that stays above the threshold "
            "after the shortest rest has one mark alone, for it needs no longer rest. Source: Figure 10, r = 15 to 20 "
            "of 100."
        )
        add("rests", _none_changed(caption, of["relax"]), lengths(of["relax"], "r", scale))
    if "end" in of:
        caption = (
            "Likeness of the clean image that is predicted at each step to the image at the end of the loop. Where it "
            "comes near to 1, the steps that follow can be spared; likeness 0 is that of unrelated images. The band is "
            "one standard deviation. Source: Figure 17, step 18 of 100."
        )
        add("ends", caption, over_starts({"_ends": of["end"]}, ["likeness"], scale, step="last step done"))
    if "skip" in of:
        caption = (
            f"Mean likeness to the untouched image after {length} steps without one skip, by skip and first step. The "
            "darker a cell is, the more that skip matters there."
        )
        add("single_skips", caption, single_skips(of["skip"]))
    return drawn


def _none_changed(caption: str, rows: pd.DataFrame) -> str:
    """A caption that says so where no image has changed, so that no panel shows it."""
    return caption if rows["under"].max() > 0 else f"{caption} No image has changed in any of these cells."


def _of_boundaries(findings: Findings) -> str:
    """What a caption says of the vertical lines, where there are any."""
    if PHASED not in findings:
        return ""
    several = findings[BOUNDARIES[0]].get("ranged", False)
    grey = "the median of the networks, with the least and the greatest in grey" if several else "intervals in grey"
    lines = f"Vertical lines are where three levels part best ({grey})"
    if phased(findings[PHASED]):
        return f"{lines}. "
    return f"{lines}; but three levels are not shown to fit better than a curve without phases. "


def phased(effect: Number | None) -> bool:
    """Say whether three levels fit better than every curve without phases; effect: of the three phases."""
    return effect is not None and effect["ci95"][0] > 0


def jumps(rows: pd.DataFrame, findings: Findings, scale: Scale, length: int) -> Figure:
    """Likeness, PSNR and the share of the same class of n steps in one, a line per n; the phases as bands."""
    lines = {f"n = {n}": group for n, group in rows[rows["n"] > 1].groupby("n")}
    figure = over_starts(lines, ["likeness", "psnr"], scale, thick=f"n = {length}")
    names = [name for name in BOUNDARIES if name in findings]
    for ax in figure.axes:
        for name in names:
            ax.axvline(findings[name]["value"], color="#666666", linewidth=0.8)
            ax.axvspan(*findings[name]["ci95"], color=GREY, alpha=0.25, linewidth=0)
    if phased(findings.get(PHASED)):
        ax = figure.axes[-1]
        bottom, top = ax.get_ylim()
        ax.set_ylim(bottom, top + 0.12 * (top - bottom))  # room for the words
        first, last = ax.get_xlim()
        ends = [first, *(findings[name]["value"] for name in names), last]
        for word, start, end in zip(("composition", "transition", "denoising"), ends, ends[1:], strict=False):
            middle, at = (start + end) / 2, ax.get_xaxis_transform()
            ax.text(middle, 0.94, word, ha="center", va="top", fontsize=8, transform=at)
    return figure


def connections(skips: pd.DataFrame, blocks: pd.DataFrame, scale: Scale) -> Figure:
    """PSNR and likeness without the top skips, and without the fewest blocks that were tried."""
    fewest = blocks[blocks["parts"] == blocks["parts"].min()]
    lines = {_without("top", skips, "skip"): skips, _without("bottom", fewest, "block"): fewest}
    return over_starts(lines, ["psnr", "likeness"], scale, spread=True, colours=["#E69F00", "#009E73"])


def _without(which: str, rows: pd.DataFrame, part: str) -> str:
    """Say what is left out in all rows, such as `without the top 2 skips`."""
    count = rows["parts"].iloc[0]
    return f"without the {which} {part}" if count == 1 else f"without the {which} {count} {part}s"


def blocks(rows: pd.DataFrame, others: pd.DataFrame, scale: Scale) -> Figure:
    """Likeness, PSNR and the share of the same class, a line per nb; dashed: others, with something else in their
    place."""
    lines = {f"nb = {nb}": group for nb, group in rows.groupby("parts")}
    dashed = {f"nb = {nb}": group for nb, group in others.groupby("parts")}
    return over_starts(lines, ["likeness", "psnr"], scale, dashed=dashed)


def over_starts(
    lines: dict[str, pd.DataFrame],
    columns: list[str],
    scale: Scale,
    thick: str = "",
    spread: bool = False,
    dashed: dict[str, pd.DataFrame] | None = None,
    colours: list[Any] | None = None,
    step: str = FIRST,
) -> Figure:
    """A panel per column of numbers over the step concerned first, called `step`, and one of the share of the same
    class where a judge could say, with the signal-to-noise ratio at some of these steps above. thick: a line with a
    band of one standard deviation; spread: all have it."""
    columns = [*columns, *(["kept"] if all("kept" in rows for rows in lines.values()) else [])]
    figure, axes = panels(len(columns), 1, WIDTH, 2.6 * len(columns) + 1.2, sharex=True)
    for ax, column in zip(axes[:, 0], columns, strict=True):
        for (label, rows), colour in zip(lines.items(), colours or in_order(len(lines)), strict=True):
            band = spread or label == thick or len(lines) == 1
            name = label if len(lines) > 1 else None
            _line(ax, rows["start"], rows, column, colour, name, "-", band, 2.2 if label == thick else 1.4)
            if dashed and label in dashed:
                _line(ax, dashed[label]["start"], dashed[label], column, colour, None, "--", False, 1.2)
        _finish(ax, column, scale)
    axes[0, 0].invert_xaxis()
    axes[-1, 0].set_xlabel(step)
    _levels(axes[0, 0], next(iter(lines.values())))
    legend(figure, *axes[:, 0])
    return figure


def lengths(rows: pd.DataFrame, axis: str, scale: Scale) -> Figure:
    """Likeness and the share of the same class against n or r, a mark per nb; a line joins more than two of them."""
    columns, tried = ["likeness", *(["kept"] if "kept" in rows else [])], sorted(rows[axis].unique())
    figure, axes = panels(len(columns), 1, WIDTH, 2.4 * len(columns) + 0.9, sharex=True)
    groups = dict(list(rows.groupby("parts")))
    apart = 0.02 * ((tried[-1] - tried[0]) or 1)
    for i, ((nb, group), colour) in enumerate(zip(groups.items(), in_order(len(groups)), strict=True)):
        ordered, style = group.sort_values(axis), "-" if len(tried) > 2 else "none"
        start, length = ordered["start"].iloc[0], ordered["n"].iloc[0]  # 0 where each network has its own
        label = (
            f"nb = {nb!s}" + f", from step {start}" * bool(start) + f", n = {length}" * (axis == "r" and bool(length))
        )
        places = ordered[axis] + apart * (i - (len(groups) - 1) / 2)
        for ax, column in zip(axes[:, 0], columns, strict=True):
            _line(ax, places, ordered, column, colour, label, style, False, 1.4)
    for ax, column in zip(axes[:, 0], columns, strict=True):
        ax.margins(x=0.15)
        _finish(ax, column, scale)
    if len(tried) <= 12:
        axes[0, 0].set_xticks(tried)
    axes[-1, 0].set_xlabel({"n": "steps in a row without these blocks, n", "r": "steps of rest, r"}[axis])
    legend(figure, *axes[:, 0])
    return figure


def single_skips(rows: pd.DataFrame) -> Figure:
    """Mean likeness by skip and start, as a map."""
    table = rows.pivot(index="parts", columns="start", values="likeness").sort_index(axis=1, ascending=False)
    figure, axes = panels(1, 1, 9, 0.32 * len(table) + 1.6)
    ax = axes[0, 0]
    shown = ax.imshow(table, aspect="auto", cmap="viridis", vmax=1)
    places = np.unique(np.linspace(0, table.shape[1] - 1, min(table.shape[1], 11)).round().astype(int))
    ax.set_xticks(places, [str(table.columns[i]) for i in places])
    ax.set_yticks(range(len(table)), [f"skip {number}" for number in table.index])
    ax.set_xlabel("first step without it")
    figure.colorbar(shown, ax=ax, label="likeness")
    return figure


def _finish(ax: Axes, column: str, scale: Scale) -> None:
    """Give a panel its name and its marks. Likeness is shown from unrelated images up, with SSIM to the right; a share
    is never shown so finely that nothing looks like much."""
    low = ax.get_ylim()[0]
    if column == "likeness":
        ax.axhline(scale.threshold, color=GREY, linestyle=":", linewidth=1, label=f"changed below {scale.threshold:g}")
        ax.axhline(0, color=GREY, linestyle="--", linewidth=1, label=f"unrelated images (SSIM {scale.unrelated:.2f})")
        ax.set_ylim(bottom=max(min(low, -0.08), LOWEST), top=1.05)
        ax.secondary_yaxis("right", functions=(scale.ssim, scale.likeness)).set_ylabel("SSIM, about")
    if column == "kept":
        ax.set_ylim(bottom=min(low, 0.88), top=1.01)
    ax.set_ylabel(NAMES[column])
    grid(ax)


def in_order(count: int) -> list[Any]:
    """Colours for an ordered parameter, dark to light, none too pale."""
    return list(matplotlib.colormaps["viridis"](np.linspace(0, 0.75, count)))


def _levels(ax: Axes, rows: pd.DataFrame) -> None:
    """Write the signal-to-noise ratio at some of the steps above the axis."""
    starts = rows.drop_duplicates("start").sort_values("start").reset_index(drop=True)
    chosen = starts.iloc[np.unique(np.linspace(0, len(starts) - 1, min(len(starts), LEVELS)).round().astype(int))]
    upper = ax.secondary_xaxis("top")
    upper.set_xticks(chosen["start"].tolist(), [f"{level:+.0f}" for level in chosen["snr_db"]])
    upper.set_xlabel("signal-to-noise ratio at the step, dB")


def _line(
    ax: Axes,
    places: pd.Series,
    rows: pd.DataFrame,
    column: str,
    colour: Any,
    label: str | None,
    style: str,
    band: bool,
    width: float,
) -> None:
    order = np.argsort(places.to_numpy(), kind="stable")
    rows, x = rows.iloc[order], places.to_numpy()[order]
    y = rows[column].to_numpy()
    few = len(rows) <= 20
    mark = "o" if few else ""
    ax.plot(x, y, linestyle=style, color=colour, label=label, linewidth=width, marker=mark, markersize=3)
    ax.vlines(x, rows[f"{column}_low"], rows[f"{column}_high"], color=colour, linewidth=0.9, alpha=0.7)
    if band and f"{column}_spread" in rows:
        sd = rows[f"{column}_spread"].to_numpy()
        most = 1 if column == "likeness" else np.inf
        ax.fill_between(x, y - sd, np.minimum(y + sd, most), color=colour, alpha=0.13, linewidth=0)

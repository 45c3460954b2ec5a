"""Time saved against likeness and distance, the schedules, and what they do to images (Prasad et al. 2023, Figures 11
to 13 and 22)."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from pipeline.anatomy.compared import Compared
from pipeline.anatomy.interventions import parse, plan
from pipeline.anatomy.source import SOURCE_SAVED, SOURCE_SSIM
from pipeline.reporting.grid import contact_sheet
from pipeline.reporting.plots import COLOURS, GREY, grid, legend, log, panels, write

MARKERS = "o*DsvP^X"
SOURCE_MAD = 0.044
WORST = 5  # pairs at either end
WHOLE, JUMPED, SPARED = "#20304a", "#ffffff", "#dddddd"  # of a step: computed whole, jumped over, after the end
Drawn = list[tuple[str, str]]  # the file and the caption of a picture


def draw(folder: Path, found: Compared, distance: str) -> Drawn:
    """Every figure of a subject's shortcuts, into a folder; distance: what the Frechet distance is called."""
    methods, likeness, plans, images = found.methods, found.likeness, found.plans, found.drawn
    sources, learnt = found.planned("source"), found.planned("found")
    shown = {name: file for names, file in ((sources, "source"), (learnt, "found")) for name in names[:1]}
    write(pareto(methods, "time", distance), folder / "pareto.png")
    write(pareto(methods, "cost", distance, found.front), folder / "pareto_cost.png")
    write(schedules(methods, plans, found.steps, found.blocks), folder / "schedules.png")
    write(histogram(likeness, list(shown)), folder / "histogram.png")
    drawn = [
        (
            "pareto.png",
            "Time saved against likeness to the whole loop (higher is better) and distance to the real images (lower "
            "is better); right is faster. The numbers at the points are calls of the network; bars are 95 % "
            "intervals, and quartiles of time.",
        ),
        (
            "pareto_cost.png",
            "The same over multiply-adds, which are counted and not timed. Dotted: the best of every schedule and end "
            "that was searched, on a third of the seeds learnt on.",
        ),
        (
            "schedules.png",
            "What each schedule computes at every step, the first on the left. White steps are jumped over, and the "
            "paler a colour, the fewer blocks are left out. Source: Figure 11.",
        ),
        (
            "histogram.png",
            "SSIM to the untouched image over seeds; the further right, the less an image changed. Source: Figure 13, "
            "mean 0.795, mean absolute deviation 0.044.",
        ),
    ]
    columns = min(10, len(likeness))
    rows = ["untouched", *sources, *learnt]
    sheet = np.stack([images[name][:columns] for name in rows])
    headings = [f"seed {seed}" for seed in likeness["seed"][:columns]]
    contact_sheet(folder / "pairs.png", sheet, rows, headings, "The first seeds, untouched and by a shortcut")
    drawn.append(
        (
            "pairs.png",
            "Untouched images in the first row, and what shortcuts make of the same seeds below. Source: Figure 12.",
        )
    )
    for name, word in shown.items():
        order = likeness[name].sort_values(kind="stable").index
        ends = [*order[:WORST], *order[-WORST:]]
        contact_sheet(
            folder / f"worst_and_best_{word}.png",
            np.stack([images["untouched"][ends], images[name][ends]]),
            ["untouched", name],
            [f"seed {likeness['seed'][i]}\n{likeness[name][i]:.2f}" for i in ends],
            f"{name}: the worst and the best by SSIM",
        )
        caption = f"The {WORST} worst and {WORST} best images of `{name}`, their SSIM above. Source: Figure 22."
        drawn.append((f"worst_and_best_{word}.png", caption))
    return drawn


def pareto(methods: pd.DataFrame, of: str, distance: str, front: pd.DataFrame | None = None) -> Figure:
    """Likeness and distance against what is saved; of: `time` or `cost`; front: front.csv, likeness over cost."""
    columns = ["ssim", "frechet"] if "frechet" in methods else ["ssim"]
    figure, axes = panels(1, len(columns), 5 * len(columns), 4.4)
    for ax, column in zip(axes[0], columns, strict=True):
        for i, (family, rows) in enumerate(methods.groupby("family", sort=False)):
            ordered = rows.sort_values(of)
            x, y = 100 * (1 - ordered[of]), ordered[column]
            colour, marker = COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]
            size = 10 if marker == "*" else 6
            ax.plot(x, y, marker, color=colour, markersize=size, linestyle="-", linewidth=0.7, label=family)
            ax.vlines(x, ordered[f"{column}_low"], ordered[f"{column}_high"], color=colour, linewidth=1, alpha=0.7)
            if of == "time":
                low, high = (100 * (1 - ordered[name]) for name in ("time_high", "time_low"))
                ax.hlines(y, low, high, color=colour, linewidth=1, alpha=0.7)
            for place, value, calls in zip(x, y, ordered["calls"], strict=True):
                ax.annotate(f"{calls}", (place, value), (3, 4), textcoords="offset points", fontsize=6.5, color=colour)
        if column == "ssim" and front is not None:
            ax.plot(100 * (1 - front["cost"]), front["ssim"], ":", color=GREY, linewidth=1, zorder=0)
            ax.set_ylim(min(methods["ssim_low"].min(), SOURCE_SSIM) - 0.03, 1.015)
        if column == "ssim":
            ax.plot(100 * SOURCE_SAVED, SOURCE_SSIM, "*", color="#888888", markersize=13, fillstyle="none")
            ax.annotate(
                "source,\non GLIDE", (100 * SOURCE_SAVED, SOURCE_SSIM), (6, -16), textcoords="offset points", fontsize=7
            )
            ax.set_ylabel("SSIM to the whole loop of its own sampler")
        else:
            ax.set_ylabel(f"{distance}, lower is better")
            log(ax, "y")
        ax.set_xlabel("time saved, %" if of == "time" else "multiply-adds saved, %")
        grid(ax)
    legend(figure, axes[0, 0])
    return figure


def schedules(methods: pd.DataFrame, plans: dict[str, list[dict[str, Any]]], steps: int, blocks: int) -> Figure:
    """A bar per method: a cell per step, coloured by what is computed at it."""
    cost = methods.set_index("method")["cost"]
    figure, axes = panels(1, 1, 9, 0.36 * len(plans) + 1.3)
    ax = axes[0, 0]
    ax.imshow(
        np.stack([cells(each, steps, blocks) for each in plans.values()]),
        aspect="auto",
        interpolation="nearest",
        extent=(steps + 0.5, 0.5, len(plans) - 0.5, -0.5),
    )
    for row, name in enumerate(plans):
        ax.text(0, row, f" {100 * (1 - cost[name]):.0f} %", va="center", ha="left", fontsize=8)
        ax.axhline(row + 0.5, color="white", linewidth=3)
    ax.set_yticks(range(len(plans)), list(plans), fontsize=8)
    ax.set(xlabel="step; at the right: multiply-adds saved", xlim=(steps + 0.5, 0.5))
    ax.tick_params(left=False)
    ax.spines[:].set_visible(False)
    kinds = {
        "whole network": WHOLE,
        "few blocks left out": shade(0.2, False),
        "most left out": shade(0.9, False),
        "the same, cached": shade(0.9, True),
        "jumped over": JUMPED,
        "not done": SPARED,
    }
    handles = [Patch(facecolor=colour, edgecolor="#bbbbbb", label=kind) for kind, colour in kinds.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=6, frameon=False, fontsize=8)
    return figure


def cells(removals: list[dict[str, Any]], steps: int, blocks: int) -> np.ndarray:
    """Colours [steps, 3] of what is computed at every step, the first first."""
    out = np.array([to_rgb(JUMPED)] * steps)
    planned = plan(parse(removals), steps, blocks)
    for action in planned:
        part = action.blocks / blocks
        out[steps - action.k] = to_rgb(shade(part, action.fill == "cache") if action.blocks else WHOLE)
    if planned[-1].ends:
        out[steps - planned[-1].k + 1 :] = to_rgb(SPARED)
    return out


def shade(part: float, cached: bool) -> Any:
    """The colour of a step without this share of the blocks."""
    return matplotlib.colormaps["Greens" if cached else "Oranges"](0.35 + 0.55 * part)


def histogram(likeness: pd.DataFrame, shown: list[str]) -> Figure:
    """SSIM over seeds, with mean and mean absolute deviation, beside the source's."""
    figure, axes = panels(1, 1, 7, 3.6)
    ax = axes[0, 0]
    low = min(likeness[name].min() for name in shown)
    bins = np.linspace(min(low, 0.65), 1, 36).tolist()
    for name, colour in zip(shown, COLOURS[1:], strict=False):
        values = likeness[name]
        label = f"{name}: mean {values.mean():.3f}, deviation {abs(values - values.mean()).mean():.3f}"
        ax.hist(values, bins, histtype="stepfilled", color=colour, alpha=0.25)
        ax.hist(values, bins, histtype="step", color=colour, label=label)
        ax.axvline(values.mean(), color=colour, linewidth=1)
    ax.axvspan(SOURCE_SSIM - SOURCE_MAD, SOURCE_SSIM + SOURCE_MAD, color=GREY, alpha=0.2, linewidth=0)
    ax.axvline(
        SOURCE_SSIM, color="#666666", linestyle="--", linewidth=1, label="source, on GLIDE: 0.795, deviation 0.044"
    )
    ax.set(xlabel="SSIM to the untouched image", ylabel=f"images of {len(likeness)}")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", frameon=False, fontsize=9)
    return figure

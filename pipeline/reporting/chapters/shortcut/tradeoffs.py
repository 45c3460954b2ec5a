"""Time saved against likeness and distance, the schedules, and what they do to images (Prasad et al. 2023, Figures 11
to 13 and 22)."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from pipeline.anatomy.compared import Compared
from pipeline.anatomy.interventions import parse, plan
from pipeline.anatomy.source import SOURCE_SSIM
from pipeline.judges.number import Number
from pipeline.reporting.grid import contact_sheet
from pipeline.reporting.page import Drawn
from pipeline.reporting.plots import COLOURS, GREY, WIDTH, grid, legend, log, panels, write

MARKERS = "o*DsvP^X"
SOURCE_MAD = 0.044
WORST = 5  # pairs at either end
WHOLE, JUMPED, SPARED = "#20304a", "#ffffff", "#dddddd"  # of a step: computed whole, jumped over, after the end
RESTS = {"jumped over": JUMPED, "not done": SPARED}
FILLS = {"zeros": ("Oranges", "zeros"), "cache": ("Greens", "last output")}  # what stands in: its colours and its name
UNTOUCHED, AGAIN = "untouched", "untouched, again"
SAMPLERS = ("DDPM", "DDIM", "DPM-Solver++")  # families of methods that take fewer steps
APART = 4  # percent saved between two numbers of steps that are both written down
SLOWEST = -60  # percent of the time saved that the axis begins with, at the lowest


def draw(folder: Path, found: Compared, distance: str) -> Drawn:
    """Every figure of a subject's shortcuts, into a folder; distance: what the Frechet distance is called."""
    methods, likeness, plans, images = found.methods, found.likeness, found.plans, found.drawn
    sources, learnt = found.planned("source"), found.planned("found")
    shown = {name: file for names, file in ((sources, "source"), (learnt, "found")) for name in names[:1]}
    write(pareto(methods, "cost", distance, found.real, found.front), folder / "pareto.png")
    write(pareto(methods, "time", distance, found.real), folder / "pareto_time.png")
    write(schedules(methods, plans, found.steps, found.blocks), folder / "schedules.png")
    write(histogram(methods, likeness, list(shown)), folder / "histogram.png")
    drawn = [
        (
            "pareto.png",
            "Multiply-adds saved against likeness to the untouched loop (above, higher is better) and distance to the "
            "real images (below, lower is better). Right is cheaper: see whether a schedule is below the samplers that "
            "simply take fewer steps, whose number of steps is at the top. Samplers other than the untouched loop's "
            "draw other images, so they are in the lower panel alone. Bars are 95 % intervals. The dotted line is the "
            "best of all schedules that were searched, on the seeds of the search; the dashed line is the SSIM of "
            "images of a class that have nothing to do with each other. The grey band is what as many real images "
            "score.",
        ),
        (
            "pareto_time.png",
            "The same over the time saved, as it was measured. See how far the untouched loop, timed again, is from 0: "
            "a difference of that size is none. Bars are 95 % intervals.",
        ),
        (
            "schedules.png",
            "What each schedule computes at every step, the first step on the left. Look for the dark steps, which run "
            "the whole network. At an orange step zeros stand in for the blocks that are left out, and at a green step "
            "their last output does; the darker it is, the more blocks are left out. Source: Figure 11.",
        ),
        (
            "histogram.png",
            "SSIM to the untouched image over the seeds: the further right an image is, the less it has changed. See "
            "how far the means, drawn as lines, are from the dashed line, the mean of images of a class that have "
            "nothing to do with each other. The grey band is the source's mean with its mean absolute deviation on "
            "either side. Source: Figure 13, mean 0.795, mean absolute deviation 0.044.",
        ),
    ]
    columns = min(10, len(likeness))
    rows = ["untouched", *sources, *learnt]
    sheet = np.stack([images[name][:columns] for name in rows])
    headings = [f"seed {seed}" for seed in likeness["seed"][:columns]]
    labels = [name.replace(", ", ",\n") for name in rows]
    contact_sheet(folder / "pairs.png", sheet, labels, headings, "The first seeds, untouched and by a shortcut")
    drawn.append(
        (
            "pairs.png",
            "Untouched images in the first row, and below them what each shortcut makes of the same seeds: look down a "
            "column to see what a shortcut changes. Source: Figure 12.",
        )
    )
    for name, word in shown.items():
        order = likeness[name].sort_values(kind="stable").index
        ends = [*order[:WORST], *order[-WORST:]]
        contact_sheet(
            folder / f"worst_and_best_{word}.png",
            np.stack([images["untouched"][ends], images[name][ends]]),
            ["untouched", name.replace(", ", ",\n")],
            [f"seed {likeness['seed'][i]}\n{likeness[name][i]:.2f}" for i in ends],
            f"{name}: the {WORST} worst and the {WORST} best images by SSIM",
        )
        caption = (
            f"The {WORST} images that `{name}` changes most, on the left, and the {WORST} that it changes least, on "
            "the right, with their SSIM above: the left half shows what goes wrong first. Source: Figure 22."
        )
        drawn.append((f"worst_and_best_{word}.png", caption))
    return drawn


def pareto(
    methods: pd.DataFrame, of: str, distance: str, real: Number | None, front: pd.DataFrame | None = None
) -> Figure:
    """Likeness and distance against what is saved; of: `time` or `cost`; real: the distance of real images; front:
    front.csv, likeness over cost. Another sampler than the untouched loop's has no place in the upper panel."""
    same = methods[methods["ssim"].notna()]
    shown = [("ssim", same, "SSIM to the untouched loop"), ("frechet", methods, distance)]
    shown = [each for each in shown if each[0] in methods]
    figure, axes = panels(len(shown), 1, WIDTH, 3.0 * len(shown) + 1.2, sharex=True)
    looks = _looks(methods)
    for ax, (column, rows, label) in zip(axes[:, 0], shown, strict=True):
        for name, (colour, marker) in looks.items():
            _points(ax, rows[_named(rows) == name].sort_values(of), of, column, name, colour, marker)
        ax.set_ylabel(label)
        ax.margins(y=0.12)
        grid(ax)
    top, bottom = axes[0, 0], axes[-1, 0]
    if of == "cost":
        _steps(top, methods)
    if front is not None:
        least = top.get_ylim()[0]
        top.plot(100 * (1 - front["cost"]), front["ssim"], ":", color=GREY, linewidth=1, zorder=0, label="searched")
        top.set_ylim(least, 1.015)
    top.axhline(methods["unrelated"].iloc[0], color=GREY, linestyle="--", linewidth=1, label="unrelated images")
    if "frechet" in methods:
        log(bottom, "y")
        if real:
            bottom.axhspan(*real["ci95"], color=GREY, alpha=0.25, linewidth=0, label="real images, as many")
    bottom.set_xlim(left=max(bottom.get_xlim()[0], SLOWEST))
    bottom.set_xlabel("time saved, %" if of == "time" else "multiply-adds saved, %")
    legend(figure, *axes[::-1, 0])  # the lower panel has all ways
    return figure


def _named(methods: pd.DataFrame) -> pd.Series:
    """Each method's name in the legend: its family's where that is a line of ever fewer steps or of cached blocks."""
    own = methods["family"].isin(["untouched", "source", "found"])
    return methods["method"].where(own, methods["family"]).astype(str)


def _looks(methods: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Colour and marker of every name in the legend."""
    names = dict.fromkeys(_named(methods))
    return {
        name: (COLOURS[i % len(COLOURS)], MARKERS[(i + i // len(COLOURS)) % len(MARKERS)])
        for i, name in enumerate(names)
    }


def _points(ax: Axes, rows: pd.DataFrame, of: str, column: str, name: str, colour: str, marker: str) -> None:
    """Draw methods that have one name. A line joins those that are one sampler with fewer and fewer steps."""
    if not len(rows):
        return
    x, y = 100 * (1 - rows[of]), rows[column]
    line = "-" if name in SAMPLERS else ""
    ax.plot(x, y, marker, color=colour, markersize=6, linestyle=line, linewidth=0.7, label=name)
    ax.vlines(x, rows[f"{column}_low"], rows[f"{column}_high"], color=colour, linewidth=1, alpha=0.7)
    if of == "time":
        low, high = (100 * (1 - rows[end]) for end in ("time_high", "time_low"))
        ax.hlines(y, low, high, color=colour, linewidth=1, alpha=0.7)


def _steps(ax: Axes, methods: pd.DataFrame) -> None:
    """Write the number of steps of the samplers that take fewer above an axis, where it is not too near another."""
    fewer = methods[methods["family"].isin(SAMPLERS)].drop_duplicates("calls").sort_values("cost")
    written: list[float] = []
    for cost, calls in zip(fewer["cost"], fewer["calls"], strict=True):
        x = 100 * (1 - cost)
        if not written or written[-1] - x >= APART:
            written.append(x)
            ax.text(x, 1.02, f"{calls}", transform=ax.get_xaxis_transform(), ha="center", va="bottom", fontsize=8)
    ax.set_title("steps of the samplers", fontsize=8, pad=14)


def schedules(methods: pd.DataFrame, plans: dict[str, list[dict[str, Any]]], steps: int, blocks: int) -> Figure:
    """A bar per method: a cell per step, coloured by what is computed at it."""
    cost = methods.set_index("method")["cost"]
    drawn = [cells(each, steps, blocks) for each in plans.values()]
    figure, axes = panels(1, 1, 7.5, 0.36 * len(plans) + 1.6)
    ax = axes[0, 0]
    ax.imshow(
        np.stack(drawn), aspect="auto", interpolation="nearest", extent=(steps + 0.5, 0.5, len(plans) - 0.5, -0.5)
    )
    for row, name in enumerate(plans):
        ax.text(0, row, f" {100 * (1 - cost[name]):.0f} %", va="center", ha="left", fontsize=9)
        ax.axhline(row + 0.5, color="white", linewidth=3)
    ax.set_yticks(range(len(plans)), list(plans), fontsize=9)
    ax.set(xlabel="step; at the right: multiply-adds saved", xlim=(steps + 0.5, 0.5))
    ax.tick_params(left=False)
    ax.spines[:].set_visible(False)
    plain = [action for each in plans.values() for action in plan(parse(each), steps, blocks) if action.blocks]
    cuts = sorted({(action.fill, action.blocks) for action in plain}, reverse=True)
    kinds = {"whole network": WHOLE}
    kinds |= {f"{number} blocks: {FILLS[fill][1]}": shade(number / blocks, fill) for fill, number in cuts}
    used = {tuple(colour) for each in drawn for colour in each}
    kinds |= {kind: colour for kind, colour in RESTS.items() if to_rgb(colour) in used}
    handles = [Patch(facecolor=colour, edgecolor="#bbbbbb", label=kind) for kind, colour in kinds.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def cells(removals: list[dict[str, Any]], steps: int, blocks: int) -> np.ndarray:
    """Colours [steps, 3] of what is computed at every step, the first first."""
    out = np.array([to_rgb(JUMPED)] * steps)
    planned = plan(parse(removals), steps, blocks)
    for action in planned:
        part = action.blocks / blocks
        out[steps - action.k] = to_rgb(shade(part, action.fill) if action.blocks else WHOLE)
    if planned[-1].ends:
        out[steps - planned[-1].k + 1 :] = to_rgb(SPARED)
    return out


def shade(part: float, fill: str) -> Any:
    """The colour of a step without this share of the blocks."""
    return matplotlib.colormaps[FILLS[fill][0]](0.25 + 0.65 * part)


def histogram(methods: pd.DataFrame, likeness: pd.DataFrame, shown: list[str]) -> Figure:
    """SSIM over seeds, with mean and mean absolute deviation, beside the source's and that of unrelated images."""
    figure, axes = panels(1, 1, WIDTH, 3.8)
    ax = axes[0, 0]
    low, apart = min(likeness[name].min() for name in shown), methods["unrelated"].iloc[0]
    bins = np.linspace(min(low, apart, 0.65), 1, 36).tolist()
    for name, colour in zip(shown, COLOURS[1:], strict=False):
        values = likeness[name]
        label = f"{name}: mean {values.mean():.3f}, deviation {abs(values - values.mean()).mean():.3f}"
        ax.hist(values, bins, histtype="stepfilled", color=colour, alpha=0.25)
        ax.hist(values, bins, histtype="step", color=colour, label=label)
        ax.axvline(values.mean(), color=colour, linewidth=1)
    ax.axvspan(
        SOURCE_SSIM - SOURCE_MAD,
        SOURCE_SSIM + SOURCE_MAD,
        color=GREY,
        alpha=0.2,
        linewidth=0,
        label="source, on GLIDE: mean 0.795, deviation 0.044",
    )
    ax.axvline(apart, color="#666666", linestyle="--", linewidth=1, label=f"unrelated images: mean {apart:.3f}")
    ax.set(xlabel="SSIM to the untouched image", ylabel=f"images of {len(likeness)}")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", frameon=False, fontsize=9)
    return figure

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
from matplotlib.patheffects import withStroke

from pipeline.anatomy.compared import Compared
from pipeline.anatomy.interventions import parse, plan
from pipeline.anatomy.source import SOURCE_SAVED, SOURCE_SSIM
from pipeline.reporting.grid import contact_sheet
from pipeline.reporting.plots import COLOURS, GREY, WIDTH, grid, legend, log, panels, write

MARKERS = "o*DsvP^X"
SOURCE_MAD = 0.044
WORST = 5  # pairs at either end
WHOLE, JUMPED, SPARED = "#20304a", "#ffffff", "#dddddd"  # of a step: computed whole, jumped over, after the end
RESTS = {"jumped over": JUMPED, "not done": SPARED}
UNTOUCHED = "untouched"
SAMPLERS = ("DDPM", "DDIM", "DPM-Solver++")  # families of methods that take fewer steps
SIDES: dict[str, dict[str, Any]] = {  # families whose methods are labelled by what follows the family's name, and where
    "source": {"xytext": (7, -3), "ha": "left"},
    "found": {"xytext": (0, -14), "ha": "center"},
}
HALO = [withStroke(linewidth=2, foreground="white")]
SLOWEST = -60  # percent of the time saved that the axis begins with, at the lowest
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
            "Time saved against likeness (above, higher is better) and distance to the real images (lowest panel, "
            "lower is better); right is faster. Likeness has two panels, because a sampler other than that of the "
            "untouched loop is compared with itself at all its steps. The numbers at the points are calls of the "
            "network. Bars are 95 % intervals of likeness and distance, and quartiles of time; a bar that leaves the "
            "panel goes on.",
        ),
        (
            "pareto_cost.png",
            "The same over multiply-adds, which are counted and not timed: right is cheaper. The dotted line is the "
            "best of all schedules that were searched, on a third of the seeds that were learnt on.",
        ),
        (
            "schedules.png",
            "What each schedule computes at every step, the first step on the left. Dark steps run the whole network. "
            "The darker an orange or green is, the more blocks are left out; orange puts zeros in their place and "
            "green their last output. Source: Figure 11.",
        ),
        (
            "histogram.png",
            "SSIM to the untouched image over the seeds: the further right an image is, the less it has changed. A "
            "line is a mean; the grey band is the source's mean with its mean absolute deviation on either side. "
            "Source: Figure 13, mean 0.795, mean absolute deviation 0.044.",
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


def pareto(methods: pd.DataFrame, of: str, distance: str, front: pd.DataFrame | None = None) -> Figure:
    """Likeness and distance against what is saved; of: `time` or `cost`; front: front.csv, likeness over cost. Likeness
    to the untouched loop and that to the whole loop of another sampler are two things, so they have a panel each."""
    same = methods["like"] == UNTOUCHED
    shown = [
        ("ssim", methods[same], "SSIM to the untouched loop"),
        ("ssim", methods[~same], "SSIM to the same sampler\nwith all its steps"),
        ("frechet", methods, f"{distance}, lower is better"),
    ]
    shown = [each for each in shown if len(each[1]) and each[0] in methods]
    figure, axes = panels(len(shown), 1, WIDTH, 2.8 * len(shown) + 0.9, sharex=True)
    families = list(dict.fromkeys(methods["family"].astype(str)))
    for ax, (column, rows, label) in zip(axes[:, 0], shown, strict=True):
        for i, family in enumerate(families):
            _family(ax, rows[rows["family"] == family].sort_values(of), of, column, family, i)
        ax.set_ylabel(label)
        ax.margins(y=0.12)
        grid(ax)
    if front is not None:
        ax, bottom = axes[0, 0], axes[0, 0].get_ylim()[0]
        ax.plot(100 * (1 - front["cost"]), front["ssim"], ":", color=GREY, linewidth=1, zorder=0, label="searched")
        ax.set_ylim(bottom, 1.015)
    if of == "time":
        axes[0, 0].plot(
            100 * SOURCE_SAVED, SOURCE_SSIM, "*", color=GREY, ms=12, fillstyle="none", label="source, on GLIDE"
        )
    if "frechet" in methods:
        log(axes[-1, 0], "y")
    axes[-1, 0].set_xlim(left=max(axes[-1, 0].get_xlim()[0], SLOWEST))
    axes[-1, 0].set_xlabel("time saved, %" if of == "time" else "multiply-adds saved, %")
    legend(figure, *axes[:, 0])
    return figure


def _family(ax: Axes, rows: pd.DataFrame, of: str, column: str, family: str, index: int) -> None:
    """Draw a family's methods. A line joins those that are one sampler with fewer and fewer steps; their labels are
    calls of the network, and what was found or taken from the source is labelled by its name."""
    x, y = 100 * (1 - rows[of]), rows[column]
    if not len(rows):
        return
    colour, marker = COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)]
    steps = family in SAMPLERS
    line = "-" if steps else ""
    ax.plot(
        x, y, marker, color=colour, markersize=9 if marker == "*" else 6, linestyle=line, linewidth=0.7, label=family
    )
    ax.vlines(x, rows[f"{column}_low"], rows[f"{column}_high"], color=colour, linewidth=1, alpha=0.7)
    if of == "time":
        low, high = (100 * (1 - rows[name]) for name in ("time_high", "time_low"))
        ax.hlines(y, low, high, color=colour, linewidth=1, alpha=0.7)
    if column == "frechet" and family != "source":
        return  # the panels above, over the same axis, have these labels
    place = SIDES.get(family)
    if steps:
        place = {"xytext": (0, 6 if SAMPLERS.index(family) % 2 == 0 else -13), "ha": "center"}
    if place:
        for at, value, method, calls in zip(x, y, rows["method"], rows["calls"], strict=True):
            name = f"{calls}" if steps else method.partition(", ")[2]
            ax.annotate(
                name, (at, value), textcoords="offset points", fontsize=8, color=colour, path_effects=HALO, **place
            )


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
    fills = {action["fill"] for each in plans.values() for action in each if action.get("fill")}
    kinds = {"whole network": WHOLE}
    for fill, word in (("zeros", "zeros"), ("cache", "last output")):
        if fill in fills:
            kinds |= {
                f"{some} blocks: {word}": shade(part, fill == "cache") for some, part in (("few", 0.2), ("most", 0.9))
            }
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
        out[steps - action.k] = to_rgb(shade(part, action.fill == "cache") if action.blocks else WHOLE)
    if planned[-1].ends:
        out[steps - planned[-1].k + 1 :] = to_rgb(SPARED)
    return out


def shade(part: float, cached: bool) -> Any:
    """The colour of a step without this share of the blocks."""
    return matplotlib.colormaps["Greens" if cached else "Oranges"](0.35 + 0.55 * part)


def histogram(likeness: pd.DataFrame, shown: list[str]) -> Figure:
    """SSIM over seeds, with mean and mean absolute deviation, beside the source's."""
    figure, axes = panels(1, 1, WIDTH, 3.8)
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
        SOURCE_SSIM, color="#666666", linestyle="--", linewidth=1, label="source, on GLIDE: mean 0.795, deviation 0.044"
    )
    ax.set(xlabel="SSIM to the untouched image", ylabel=f"images of {len(likeness)}")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", frameon=False, fontsize=9)
    return figure

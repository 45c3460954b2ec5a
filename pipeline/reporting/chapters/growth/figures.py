"""Figures of what networks draw step by step."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from pipeline.anatomy.grown import Grown
from pipeline.judges.number import Number
from pipeline.reporting.grid import contact_sheet
from pipeline.reporting.page import Drawn
from pipeline.reporting.plots import COLOURS, GREY, WIDTH, ends, grid, legend, panels, replicas, write
from pipeline.reporting.summary import Summary, below

CLEAN, NOISY = "x0", "x_k"
KINDS = {CLEAN: ("clean", "predicted clean image"), NOISY: ("noisy", "noisy image")}


def strips(folder: Path, first: dict[str, Grown], named: list[str]) -> Drawn:
    """A picture of every shown seed and kind of image: a row per variant and a column per step; named: the seeds'
    classes."""
    drawn: Drawn = []
    for kind, (file, said) in KINDS.items():
        for i, name in enumerate(named):
            sheet = np.stack([each.pictures[kind][i] for each in first.values()])
            columns = _columns(next(iter(first.values())))
            contact_sheet(folder / f"{file}-{i + 1}.png", sheet, list(first), columns, f"Class {name}: the {said}")
            caption = (
                f"The {said} of one seed of class {name} at each step, a row per variant. All rows begin with the same "
                "noise; compare down a column what each variant has drawn by then."
            )
            drawn.append((f"{file}-{i + 1}.png", caption))
    return drawn


def _columns(each: Grown) -> list[str]:
    """The share of the process at the columns of a strip, as labels."""
    return [*(f"{share:.0%}" for share in each.pictures["done"]), "end"]


def over_training(folder: Path, marks: dict[int, Grown], named: list[str], summary: Summary) -> Drawn:
    """The same seeds at every snapshot of the baseline, and what the judge and the continuations say; marks: images
    seen -> the baseline then, the first training seed."""
    sheet = [each.pictures[CLEAN][i] for i in range(len(named)) for each in marks.values()]
    rows = [f"{name}\n{seen:,} seen" for name in named for seen in marks]
    columns = _columns(next(iter(marks.values())))
    title = "The predicted clean image, as the baseline has seen more and more images"
    contact_sheet(folder / "snapshots.png", np.stack(sheet), rows, columns, title)
    write(training(marks, summary), folder / "training.png")
    write(branching(marks, summary), folder / "branches.png")
    return [
        (
            "snapshots.png",
            "The clean image that the baseline predicts at each step, for the same seeds at every snapshot. The rows "
            "of a class show the same seed with more and more training; look how far left the final form is there.",
        ),
        (
            "training.png",
            "Above: the share of the process after which images are recognised for good, and after which half of an "
            "image is decided, over the baseline's training. Where a line falls, longer training brings this earlier "
            "in the process. Below: the share of images that are recognised in the end. Bars are 95 % intervals, and "
            "dots are single training seeds.",
        ),
        (
            "branches.png",
            "How alike images are that share all steps before a point of the process and have fresh noise after it, "
            "at every snapshot. Where likeness is near 0, nothing but the class is decided yet; where it is near 1, "
            "all is. Bars are 95 % intervals over images of one training.",
        ),
    ]


LINES = {
    "recognised": ("predicted clean image recognised", COLOURS[1]),
    "recognised_noisy": ("noisy image recognised", COLOURS[2]),
    "half_decided": ("half of an image decided", COLOURS[3]),
}


def training(marks: dict[int, Grown], summary: Summary) -> Figure:
    """When images are recognised and decided, and how many are recognised, over images seen."""
    figure, axes = panels(2, 1, WIDTH, 6.0, sharex=True)
    above, beneath = axes[:, 0]
    for i, (name, (label, colour)) in enumerate(LINES.items()):
        _line(above, marks, summary, name, label, colour, 1 + 0.02 * (i - 1))
    _line(beneath, marks, summary, "right", None, COLOURS[0], 1)
    above.set_ylabel("share of the process, %")
    beneath.set_ylabel("recognised in the end, %")
    beneath.set(xlabel="thousand images seen", xscale="log")
    beneath.set_xticks([seen / 1000 for seen in marks], [f"{seen / 1000:g}" for seen in marks])
    beneath.xaxis.set_minor_locator(NullLocator())
    for ax in (above, beneath):
        ax.set_ylim(-3, 103)
        grid(ax)
    legend(figure, above)
    return figure


def _line(
    ax: Axes, marks: dict[int, Grown], summary: Summary, name: str, label: str | None, colour: str, aside: float
) -> None:
    """A number over images seen, with its interval and its replicas; aside: the factor that x is moved by."""
    found: list[Number] = [summary[f"growth.training.{seen}.{name}"] for seen in marks]
    x = aside * np.array(list(marks)) / 1000
    low, high = ends(found)
    ax.plot(x, [100 * each["value"] for each in found], "o-", color=colour, markersize=4, label=label)
    ax.vlines(x, 100 * np.array(low), 100 * np.array(high), color=colour, linewidth=1)
    if "replicas" in found[0]:
        for single in 100 * replicas(found):
            ax.plot(x, single, ".", color=colour, markersize=4, alpha=0.5)


def branching(marks: dict[int, Grown], summary: Summary) -> Figure:
    """How alike siblings are over the step from which their noise is fresh, a line per snapshot."""
    figure, axes = panels(1, 1, WIDTH, 4.0)
    ax = axes[0, 0]
    for i, (seen, each) in enumerate(marks.items()):
        assert each.branched is not None, "the first training seed's images are continued"
        table, found = each.branched.branches, below(summary, "growth", "training", str(seen), "branches")
        points = [found[f"{k}.likeness"] for k in table["k"]]
        low, high = ends(points)
        colour = COLOURS[1 + i % (len(COLOURS) - 1)]
        x = 100 * table["done"] + 0.6 * (i - len(marks) / 2)
        ax.plot(x, [point["value"] for point in points], "o-", color=colour, markersize=4, label=f"{seen:,} seen")
        ax.vlines(x, low, high, color=colour, linewidth=1)
    ax.axhline(0, color=GREY, linestyle="--", linewidth=1)
    ax.set(xlabel="share of the process that is shared, %", ylabel="likeness of siblings")
    grid(ax)
    legend(figure, ax)
    return figure

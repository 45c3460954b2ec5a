"""Figures of what guidance changes: over its scale, over the parts of the loop, and on the same seeds."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.anatomy import guided
from pipeline.anatomy.guided import MIDDLE, Guided
from pipeline.diffusion.seeds import seeds_from
from pipeline.judges.evaluated import SECOND
from pipeline.judges.number import Number
from pipeline.params import Guidance
from pipeline.reporting.grid import contact_sheet
from pipeline.reporting.page import Drawn
from pipeline.reporting.plots import COLOURS, GREY, WIDTH, ends, grid, legend, panels, replicas, write
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary

TRUE = {"confidence": "confidence", "accuracy": "class accuracy", SECOND: "second judge", "precision": "precision"}
VARIOUS = {"spread": "spread", "recall": "recall", "coverage": "coverage"}
BARS = "Bars are 95 % intervals, and dots are single training seeds."


def draw(folder: Path, first: Guided, chosen: Guidance, summary: Summary, study: Study) -> Drawn:
    """Draw every figure of the chapter; first: what was found with the first training seed."""
    folder.mkdir(parents=True, exist_ok=True)
    write(over_scales(chosen, summary, study), folder / "scales.png")
    write(over_parts(chosen, summary, study), folder / "parts.png")
    write(when_told(chosen, summary), folder / "told.png")
    classes = study.prepared.classes
    numbers = seeds_from(study.params.sampler.first_seed, len(first.labels), study.params.replicas[0])
    seeds = [f"{classes[label]}\nseed {seed}" for label, seed in zip(first.labels, numbers, strict=True)]
    scales = {f"scale {scale:g}": guided.scale(scale) for scale in chosen.scales}
    sheet(folder / "images.png", first, scales, seeds, "The same seeds with guidance of a growing scale")
    rows = {f"guided, {steps}": name for steps, name in in_parts(chosen).items()}
    rows |= {f"told, {steps}": name for steps, name in told_in_parts(chosen).items()}
    sheet(folder / "part_images.png", first, rows, seeds, "The same seeds, guided or told the class in one part alone")
    return [
        (
            "scales.png",
            "How far images are from the real ones, how true to their class and how various they are, over the scale "
            "of guidance. Where fidelity rises and variety falls, guidance trades one for the other. At 0 the network "
            "is told no class, and its fidelity is left out. " + BARS,
        ),
        (
            "images.png",
            "The same seeds with guidance of a growing scale, with the first training seed. Compare down a column: at "
            "0 the class is left to chance, and with a large scale the images of a class become alike.",
        ),
        (
            "parts.png",
            f"The change against no guidance where guidance of {chosen.part_scale:g} is on in a part of the loop "
            "alone, in all parts but the first and the last, and at all steps. A line reaches over the steps that "
            "are guided, noise on the left. " + BARS,
        ),
        (
            "part_images.png",
            "The same seeds with guidance in a part of the loop alone, and with the class told in a part of the loop "
            "alone, as shares of the steps from the noisiest on. Look for the rows where the class asked for is lost.",
        ),
        (
            "told.png",
            "How many images show the class asked for, where the network is told it in a part of the loop alone. The "
            "higher a line, the more the class is decided there; dashed: told at no step, and at all steps. " + BARS,
        ),
    ]


def in_parts(chosen: Guidance) -> dict[str, str]:
    """Return the steps at which guidance is on, in words -> setting."""
    said = _shares(chosen)
    parts = {f"{said[i]} to {said[i + 1]} %": guided.guided(i + 1) for i in range(chosen.parts)}
    middle = {f"{said[1]} to {said[-2]} %": MIDDLE}
    return {"no step": guided.scale(1), **parts, **middle, "all steps": guided.scale(chosen.part_scale)}


def told_in_parts(chosen: Guidance) -> dict[str, str]:
    """Return the steps at which the network is told the class, in words -> setting."""
    said = _shares(chosen)
    parts = {f"{said[i]} to {said[i + 1]} %": guided.told(i + 1) for i in range(chosen.parts)}
    return {"no step": guided.scale(0), **parts, "all steps": guided.scale(1)}


def _shares(chosen: Guidance) -> list[str]:
    """Return where the parts begin and end, in percent of the loop."""
    return [f"{100 * end / chosen.steps:.0f}" for end in guided.bounds(chosen.parts, chosen.steps)]


def sheet(path: Path, first: Guided, rows: dict[str, str], columns: list[str], title: str) -> None:
    """Write a row per setting and a column per seed; rows: label -> setting."""
    contact_sheet(path, np.stack([first.pictures[name] for name in rows.values()]), list(rows), columns, title)


def _points(
    ax: Axes, x: list[float], found: list[Number], label: str, colour: str, times: float = 1, aside: float = 0
) -> None:
    """Draw numbers over x as a line, with their intervals and their replicas; aside: how far they are moved."""
    at = np.array(x) + aside
    low, high = ends(found)
    ax.plot(at, [times * each["value"] for each in found], "o-", color=colour, markersize=4, label=label)
    ax.vlines(at, times * np.array(low), times * np.array(high), color=colour, linewidth=1)
    if "replicas" in found[0]:
        for single in times * replicas(found):
            ax.plot(at, single, ".", color=colour, markersize=4, alpha=0.4)


def over_scales(chosen: Guidance, summary: Summary, study: Study) -> Figure:
    """Distance, truth and variety over the scale."""
    figure, axes = panels(3, 1, WIDTH, 8.0, sharex=True)
    distance, truth, variety = axes[:, 0]

    def numbers(metric: str, scales: list[float]) -> list[Number]:
        return [summary[f"guidance.{guided.scale(scale)}.{metric}"] for scale in scales]

    some = [scale for scale in chosen.scales if scale]
    step = 0.008 * max(chosen.scales)
    _points(distance, chosen.scales, numbers(study.frechet, chosen.scales), study.distance, COLOURS[0])
    for i, (metric, label) in enumerate(TRUE.items()):
        _points(truth, some, numbers(metric, some), label, COLOURS[1 + i], 100, step * (i - 1.5))
    for i, (metric, label) in enumerate(VARIOUS.items()):
        _points(variety, chosen.scales, numbers(metric, chosen.scales), label, COLOURS[5 + i], 100, step * (i - 1))
    variety.axhline(100, color=GREY, linestyle="--", linewidth=1)
    distance.set_ylabel(study.distance)
    distance.set_ylim(bottom=0)
    truth.set_ylabel("fidelity, %")
    variety.set_ylabel("variety, % of real images")
    variety.set(xlabel="scale of guidance")
    variety.set_xticks(chosen.scales, [f"{scale:g}" for scale in chosen.scales])
    for ax in (distance, truth, variety):
        ax.axvline(1, color=GREY, linewidth=0.8)
        grid(ax)
    legend(figure, distance, truth, variety)
    return figure


def _segments(
    ax: Axes, chosen: Guidance, numbers: dict[tuple[int, int], Number], colour: str, times: float, aside: float = 0
) -> None:
    """Draw each number as a line over its steps with the interval in the middle, or so far aside; numbers: steps ->
    number."""
    for (first, last), found in numbers.items():
        begin, end = 100 * first / chosen.steps, 100 * last / chosen.steps
        middle = (begin + end) / 2 + aside
        ax.hlines(times * found["value"], begin, end, color=colour, linewidth=2.5)
        low, high = found["ci95"]
        ax.vlines(middle, times * low, times * high, color=colour, linewidth=1)
        for single in found.get("replicas", []):
            ax.plot(middle, times * single, ".", color=colour, markersize=4, alpha=0.4)


def over_parts(chosen: Guidance, summary: Summary, study: Study) -> Figure:
    """The change of distance, truth and variety with guidance in a part of the loop."""
    rows = {
        study.frechet: (f"{study.distance}, %", 1.0),
        "confidence": ("confidence, points", 100.0),
        "spread": ("spread, %", 1.0),
    }
    figure, axes = panels(len(rows), 1, WIDTH, 8.0, sharex=True)
    at = guided.bounds(chosen.parts, chosen.steps)
    for ax, (metric, (label, times)) in zip(axes[:, 0], rows.items(), strict=True):

        def change(name: str, metric: str = metric) -> Number:
            return summary[f"guidance.{name}.{metric}_change"]

        parts = {(at[i], at[i + 1]): change(guided.guided(i + 1)) for i in range(chosen.parts)}
        _segments(ax, chosen, parts, COLOURS[1], times)
        _segments(ax, chosen, {(at[1], at[-2]): change(MIDDLE)}, COLOURS[3], times, -2)
        _segments(ax, chosen, {(0, chosen.steps): change(guided.scale(chosen.part_scale))}, COLOURS[2], times, 2)
        ax.axhline(0, color=GREY, linestyle="--", linewidth=1)
        ax.set_ylabel(f"change of\n{label}")
        grid(ax)
    for colour, label in ((1, "one part"), (3, "all but the first and the last"), (2, "all steps")):
        axes[0, 0].plot([], [], color=COLOURS[colour], linewidth=2.5, label=label)
    axes[-1, 0].set(xlabel="share of the process that is guided, %", xlim=(-1, 101))
    legend(figure, axes[0, 0])
    return figure


def when_told(chosen: Guidance, summary: Summary) -> Figure:
    """How many images show the class that is told in a part of the loop alone."""
    figure, axes = panels(1, 1, WIDTH, 4.0)
    ax = axes[0, 0]
    at = guided.bounds(chosen.parts, chosen.steps)
    for colour, metric, label, aside in ((1, "accuracy", "class accuracy", -1), (3, SECOND, "second judge", 1)):
        parts = {(at[i], at[i + 1]): summary[f"guidance.{guided.told(i + 1)}.{metric}"] for i in range(chosen.parts)}
        _segments(ax, chosen, parts, COLOURS[colour], 100, aside)
        for name in (guided.scale(0), guided.scale(1)):
            level = 100 * summary[f"guidance.{name}.{metric}"]["value"]
            ax.axhline(level, color=COLOURS[colour], linestyle="--", linewidth=1)
        ax.plot([], [], color=COLOURS[colour], linewidth=2.5, label=label)
    ax.set(xlabel="share of the process in which the class is told, %", ylabel="show the class, %", xlim=(-1, 101))
    ax.set_ylim(0, 103)
    grid(ax)
    legend(figure, ax)
    return figure

"""Figures of a subject's saliency maps."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.anatomy.salient import (
    ADVERSARIALLY,
    CAM,
    CENTRE,
    DELETION,
    EDGES,
    GAMES,
    GRADIENTS,
    INSERTION,
    KNOW_NOTHING,
    LAYER,
    MASKS,
    OCCLUSION,
    OTHER,
    RANDOM,
    RANDOMLY,
    RISE,
    WEIGHTS,
    Salient,
    unit_range,
)
from pipeline.judges.number import Number
from pipeline.reporting.by_layer import noise, shades, spoken
from pipeline.reporting.grid import contact_sheet
from pipeline.reporting.page import Drawn
from pipeline.reporting.plots import COLOURS, GREY, WIDTH, ends, grid, legend, panels, write
from pipeline.reporting.summary import Summary

METHODS = {  # as a reader knows them
    RISE: "DF-RISE",
    CAM: "DF-CAM",
    OCCLUSION: "occlusion",
    GRADIENTS: "integrated gradients",
    EDGES: "edges",
    CENTRE: "centre",
    RANDOM: "random",
    f"{RISE}{OTHER}": "another's DF-RISE",
    f"{CAM}{OTHER}": "another's DF-CAM",
}
PLACES = {method: i for i, method in enumerate((CENTRE, RISE, CAM, OCCLUSION, GRADIENTS, EDGES))}  # among the colours
OVERLAPS = {"iou": "overlap with the object, IoU", "foreground": "with the object", "edges": "with the edges"}
SMALL_SIDE = 48  # pixels that a layer's map is about as wide as
SCALE = "A map goes from dark, for its own lowest values, to bright."


def checks(summary: Summary, of: str) -> dict[str, str]:
    """The sanity checks of a subject in the order of a page, by what a reader calls them."""
    begins = f"{of}.mean.sanity.{RISE}."
    there = [name.removeprefix(begins) for name in summary if name.startswith(begins)]
    named = {MASKS: "other masks", RANDOMLY: "random change", ADVERSARIALLY: "adversarial change"}
    said = {check: f"fresh weights, {check.removeprefix(WEIGHTS)} %" for check in there if check.startswith(WEIGHTS)}
    return {MASKS: named[MASKS], **said, RANDOMLY: named[RANDOMLY], ADVERSARIALLY: named[ADVERSARIALLY]}


def draw(folder: Path, found: Salient, summary: Summary, of: str, seeds: list[int], reached: float) -> Drawn:
    """Every figure of a subject, into a folder; of: what its numbers' names begin with; seeds: those that are shown."""
    folder.mkdir(parents=True, exist_ok=True)
    maps(folder / "maps.png", found, seeds)
    layers(folder / "layers.png", found, seeds[0])
    write(convergence(found, summary, of, reached), folder / "convergence.png")
    write(gains(found, summary, of), folder / "gains.png")
    write(curves(found), folder / "curves.png")
    write(overlap(found, summary, of), folder / "overlap.png")
    write(sanity(summary, of), folder / "sanity.png")
    return [
        (
            "maps.png",
            "Which part of each step's input the predicted noise rests on, from the noisiest step (left). Compare a "
            f"map with the predicted clean image above it, and the two methods with each other. {SCALE}",
        ),
        (
            "layers.png",
            f"DF-CAM in each layer, for seed {seeds[0]}. The maps of all layers come from one backward pass; their "
            f"mean is what the other figures call DF-CAM. {SCALE}",
        ),
        (
            "convergence.png",
            "How alike two maps of DF-RISE are that have no mask in common, by how many masks each has. Where a line "
            "stays below the dotted one, the map is still changed by which masks were drawn. Bands are 95 % intervals.",
        ),
        (
            "gains.png",
            "The area under insertion minus that under deletion, by time: how well a map finds what the prediction "
            "rests on. A method whose line is not above the grey ones knows no more than a rival that does not ask the "
            "network. Bars are 95 % intervals.",
        ),
        (
            "curves.png",
            "How like the prediction from the whole input the prediction from a part is, as the pixels that a map "
            "ranks highest are put in (left) or taken out (right). A good map rises early on the left and falls "
            "early on the right. Means over images, a row per time.",
        ),
        (
            "overlap.png",
            "What the maps mark, by time: the object, as the intersection over union of the final image's foreground "
            "with as many of the highest pixels, and rank correlations with the foreground and with the final image's "
            "edges. If the object came first and the detail last, the second panel would fall to the right and the "
            "third would rise. Bars are 95 % intervals.",
        ),
        (
            "sanity.png",
            "How alike a map stays where it should change. With fresh weights it should be gone; where the predicted "
            "noise was changed (adversarial) it should change more than under a random change of the same size. The "
            "first row, other masks, is what DF-RISE has in common with itself. Bars are 95 % intervals.",
        ),
    ]


def heat(values: np.ndarray) -> np.ndarray:
    """A map as colours from its lowest value to its highest, uint8 [H, W, 3]."""
    return np.asarray((255 * colormaps["inferno"](unit_range(values))[..., :3]).round().astype(np.uint8))


def maps(path: Path, found: Salient, seeds: list[int]) -> None:
    """For each seed, a row for the steps' inputs, the predicted clean images, and each method; a column per time."""
    rows, labels = [], []
    size = found.maps[RISE].shape[-1]
    for i, seed in enumerate(seeds):
        for name, kind in (("input", "x_k"), ("predicted", "x0")):
            rows.append(np.stack([fitted(of_time[i], size) for of_time in found.pictures[kind]]))
            labels.append(f"seed {seed}\n{name}" if kind == "x_k" else name)
        for method in (RISE, CAM, OCCLUSION, GRADIENTS):
            rows.append(np.stack([heat(of_time[i]) for of_time in found.maps[method]]))
            labels.append(METHODS[method].replace(" ", "\n"))
    contact_sheet(path, np.stack(rows), labels, [noise(time) for time in found.times], "What each step looks at")


def fitted(image: np.ndarray, size: int) -> np.ndarray:
    """An image [H, W, C] in colour and at the size of a map, uint8 [size, size, 3]; a larger one loses pixels."""
    at = np.arange(size) * len(image) // size
    return np.broadcast_to(image[at][:, at], (size, size, 3))


def layers(path: Path, found: Salient, seed: int) -> None:
    """DF-CAM in each layer, a row per layer and a column per time, for the first seed."""
    names = [name for name in found.maps if name.startswith(LAYER)]
    rows = np.stack([np.stack([heat(of_time[0]) for of_time in found.maps[name]]) for name in names])
    columns = [noise(time) for time in found.times]
    said = spoken([name.removeprefix(LAYER) for name in names])
    contact_sheet(path, rows, said, columns, f"DF-CAM by layer, seed {seed}", side=SMALL_SIDE)


def convergence(found: Salient, summary: Summary, of: str, reached: float) -> Figure:
    """How alike two maps are by their number of masks, a line per time."""
    figure, axes = panels(1, 1, WIDTH, 3.4)
    ax = axes[0, 0]
    counts = sorted(set(found.convergence["masks"]))
    for time, shade in shades(found.times[::-1]).items():
        numbers = [summary[f"{of}.{time}.convergence.{count}"] for count in counts]
        ax.plot(counts, [each["value"] for each in numbers], color=shade, label=f"{noise(time)} of T", linewidth=1.4)
        ax.fill_between(counts, *ends(numbers), color=shade, alpha=0.15, linewidth=0)
    ax.axhline(reached, color=GREY, linestyle=":")
    ax.set_xscale("log", base=2)
    ax.set_xticks(counts, [str(count) for count in counts])
    ax.set(xlabel="masks of each map", ylabel="rank correlation of two maps", ylim=(min(0, ax.get_ylim()[0]), 1))
    grid(ax)
    legend(figure, ax)
    return figure


def gains(found: Salient, summary: Summary, of: str) -> Figure:
    """The gain of every method by time."""
    figure, axes = panels(1, 1, WIDTH, 4.2)
    _by_time(axes[0, 0], found.times, summary, of, "gain", [*METHODS][:7])
    axes[0, 0].set_ylabel("insertion minus deletion")
    legend(figure, axes[0, 0])
    return figure


def overlap(found: Salient, summary: Summary, of: str) -> Figure:
    """What the maps mark, by time: a panel per measure."""
    figure, axes = panels(3, 1, WIDTH, 7.6, sharex=True)
    for ax, (measure, label) in zip(axes[:, 0], OVERLAPS.items(), strict=True):
        _by_time(ax, found.times, summary, of, measure, [RISE, CAM, EDGES, CENTRE, RANDOM])
        ax.set_ylabel(label if measure == "iou" else f"rank correlation\n{label}", fontsize=9)
    for ax in axes[:-1, 0]:
        ax.set_xlabel("")
    legend(figure, axes[0, 0])
    return figure


def _by_time(ax: Axes, times: list[str], summary: Summary, of: str, measure: str, methods: list[str]) -> None:
    """Draw a measure of some methods by time, each with its interval, side by side so that none hides another."""
    for i, method in enumerate(methods):
        numbers = [summary.get(f"{of}.{time}.{method}.{measure}") for time in times]
        there = [(at, found) for at, found in enumerate(numbers) if found]
        if there:
            at, of_method = (np.array([each for each, _ in there]), [each for _, each in there])
            x = at + 0.08 * (i - (len(methods) - 1) / 2)
            _bars(ax, x, of_method, method)
    ax.set_xticks(range(len(times)), [noise(time) for time in times])
    ax.set_xlabel("noise of the step's input, as a share of T (the process goes to the right)")
    ax.axhline(0, color=GREY, linewidth=0.8)
    grid(ax)


def _bars(ax: Axes, x: np.ndarray, numbers: list[Number], method: str) -> None:
    """Draw numbers as points with intervals, joined by a line; rivals that do not ask the network are grey."""
    values = np.array([each["value"] for each in numbers])
    reach = np.abs(np.array(ends(numbers)) - values)
    asks = method not in KNOW_NOTHING
    colour = COLOURS[PLACES[method]] if asks else GREY
    style = "-" if method in (RISE, CAM) else {EDGES: "--", CENTRE: "-.", RANDOM: ":"}.get(method, "--")
    marker = {EDGES: "s", CENTRE: "^", RANDOM: "x"}.get(method, "o")
    how: dict[str, Any] = {"color": colour, "linestyle": style, "marker": marker, "label": METHODS[method]}
    ax.errorbar(x, values, reach, markersize=4, linewidth=1.2, **how)


def curves(found: Salient) -> Figure:
    """Insertion and deletion, a row per time."""
    rows = len(found.times)
    figure, axes = panels(rows, 2, WIDTH, 1.9 * rows + 0.8, sharex=True, sharey=True)
    said = {INSERTION: "pixels put in", DELETION: "pixels taken out"}
    for time, line in zip(found.times, axes, strict=True):
        for game, ax in zip(GAMES, line, strict=True):
            of_game = found.curves[(found.curves["time"] == time) & (found.curves["game"] == game)]
            for method in [*METHODS][:7]:
                mine = of_game[of_game["method"] == method]
                asks = method not in KNOW_NOTHING
                colour = COLOURS[PLACES[method]] if asks else GREY
                style = {EDGES: "--", CENTRE: "-.", RANDOM: ":"}.get(method, "-")
                ax.plot(100 * mine["share"], mine["score"], color=colour, linestyle=style, label=METHODS[method])
                if method in (RISE, CAM):
                    low, high = mine["score_low"], mine["score_high"]
                    ax.fill_between(100 * mine["share"], low, high, color=colour, alpha=0.15, linewidth=0)
            grid(ax)
        line[0].set_ylabel(f"{noise(time)} of T\nlikeness of the noise", fontsize=9)
    for game, top, bottom in zip(GAMES, axes[0], axes[-1], strict=True):
        top.set_title(game, fontsize=10)
        bottom.set_xlabel(f"{said[game]}, %")
    legend(figure, axes[0, 0])
    return figure


def sanity(summary: Summary, of: str) -> Figure:
    """The correlation of each check's map with the untouched one, for both methods, mean over times."""
    said = checks(summary, of)
    figure, axes = panels(1, 1, WIDTH, 0.55 * len(said) + 1.4)
    ax = axes[0, 0]
    for i, method in enumerate((RISE, CAM)):
        there = [at for at, check in enumerate(said) if f"{of}.mean.sanity.{method}.{check}" in summary]
        numbers = [summary[f"{of}.mean.sanity.{method}.{[*said][at]}"] for at in there]
        values = np.array([each["value"] for each in numbers])
        reach = np.abs(np.array(ends(numbers)) - values)
        y = np.array(there) + 0.2 * (i - 0.5)
        ax.errorbar(values, y, xerr=reach, fmt="o", color=COLOURS[PLACES[method]], label=METHODS[method])
    ax.set_yticks(range(len(said)), list(said.values()))
    ax.invert_yaxis()
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.set_xlabel("rank correlation with the untouched map")
    grid(ax)
    legend(figure, ax)
    return figure

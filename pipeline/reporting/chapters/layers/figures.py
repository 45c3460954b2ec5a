"""Figures of what the layers of the networks show."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from pipeline.anatomy.layered import COMPOSITE, DENOISER, FLOOR, FRESH, SEED, SEGMENTER, Layered
from pipeline.judges.number import Number
from pipeline.reporting.by_layer import axis, banded, noise, shades, spoken
from pipeline.reporting.grid import contact_sheet
from pipeline.reporting.page import Drawn
from pipeline.reporting.plots import COLOURS, GREY, WIDTH, grid, legend, panels, write
from pipeline.reporting.summary import Summary
from pipeline.segmentation.segmented import Segmented

ORANGE = COLOURS[2]
LINES = (
    "Blue: the denoiser, darker with more noise; green: the denoiser on the other network's composites; orange: the "
    "segmentation network; dashed: fresh weights. Bands reach from the lowest training seed to the highest."
)
READ = {
    "class_probe": "class, % of images",
    "mask_probe": "foreground, all channels, %",
    "foreground": "foreground, best channel, %",
    "edges": "edges, correlation",
}
MAPS = {"inside": "on the foreground, points", "smoothness": "smoothness, correlation", "fine": "high frequencies, %"}
CHANCE = {"mask_probe": 50, "foreground": 50, "edges": 0, "inside": 0, "smoothness": 0}


def draw(
    folder: Path, found: Layered, segmented: Segmented, summary: Summary, views: list[str], layers: list[str]
) -> Drawn:
    """Every figure of the chapter, into a folder; views: the denoiser's, the lowest noise first; layers: in order."""
    folder.mkdir(parents=True, exist_ok=True)
    composites(folder / "segmented.png", segmented.pictures)
    write(measures(summary, views, layers, READ), folder / "read.png")
    write(measures(summary, views, layers, MAPS), folder / "maps.png")
    write(likeness(summary, views, layers), folder / "likeness.png")
    write(skips(summary, views), folder / "skips.png")
    several = found.measures["replica"].nunique() > 1
    drawn: Drawn = [
        (
            "segmented.png",
            "Held-out images on held-out textures, the true class of every pixel, and what the segmentation network "
            "says. A class has a colour, and the background is black.",
        ),
        (
            "read.png",
            "What can be read off each layer, from the input (left) through the middle (dotted line) to the output. "
            f"Where a line is above the dashed one, training has put something there. {LINES}",
        ),
        (
            "maps.png",
            "What the maps of each layer look like, mean over channels. A mosaic has a low smoothness and much in "
            f"high frequencies. {LINES}",
        ),
        (
            "likeness.png",
            "How alike the layers of the denoiser are to those of other networks on the same input, by linear CKA. "
            "Near 1, two networks see the same in an image. Solid: to the segmentation network; dotted: fresh weights "
            f"to the segmentation network, the floor{'; dashed: to a denoiser of another training seed' * several}. "
            "Darker lines have more noise.",
        ),
        (
            "skips.png",
            "What becomes worse without each skip, the one at full resolution first. A high bar is a skip that the "
            "network cannot do without. Above: by how many percent the denoiser's loss rises, at each noise level, on "
            "a scale that is linear up to 10 %. Below: by how many points of 100 the segmentation network's mean "
            f"intersection over union falls.{' Lines are 95 % intervals over training seeds.' * several}",
        ),
    ]
    for i in range(len(found.pictures["image"])):
        maps(folder / f"image-{i + 1}.png", found.pictures, views, layers, i)
        drawn.append(
            (
                f"image-{i + 1}.png",
                f"Image {i + 1} in every layer: the channel that marks the foreground best. Look down a column to see "
                "how the image is taken apart and put together again. The first row is the network's input. A map goes "
                "from black, for low values, to white.",
            )
        )
    return drawn


def composites(path: Path, pictures: dict[str, np.ndarray]) -> None:
    """Composites with the true and the predicted class of every pixel."""
    images = pictures["composites"]
    colours = np.array([(0, 0, 0), *(to_rgb(f"C{i}") for i in range(10))])
    count = len(colours) - 1

    def painted(classes: np.ndarray) -> np.ndarray:
        index = np.where(classes == 0, 0, 1 + (classes - 1) % count)
        return (255 * colours[index]).round().astype(np.uint8)

    rgb = np.broadcast_to(images, (*images.shape[:3], 3))
    sheet = np.stack([rgb, painted(pictures["true"]), painted(pictures["predicted"])])
    rows = ["composite", "true class", "predicted"]
    contact_sheet(path, sheet, rows, [""] * len(images), "Held-out composites and their segmentation")


def measures(summary: Summary, views: list[str], layers: list[str], shown: dict[str, str]) -> Figure:
    """Some measures by layer, a panel each, a line per network and view; shown: measure -> label."""
    figure, axes = panels(len(shown), 1, WIDTH, 2.2 * len(shown) + 1.4, sharex=True)
    for ax, (measure, label) in zip(axes[:, 0], shown.items(), strict=True):
        times = 1 if "correlation" in label else 100
        if measure in CHANCE:
            ax.axhline(CHANCE[measure], color=GREY, linewidth=0.8)
        for network, view, colour, said, how in _lines(views):
            numbers = [summary[f"layers.{network}.{view}.{layer}.{measure}"] for layer in layers]
            _line(ax, numbers, times, colour, said, how)
        axis(ax, layers)
        ax.set_ylabel(label, fontsize=9)
    legend(figure, axes[0, 0])
    return figure


def _lines(views: list[str]) -> list[tuple[str, str, Any, str, str]]:
    """The lines of a panel: network, view, colour, name, style."""
    shade = shades(views)
    return [
        *((DENOISER, view, shade[view], f"denoiser, noise {noise(view)}", "-") for view in views),
        (FRESH, views[0], shade[views[0]], f"fresh weights, noise {noise(views[0])}", "--"),
        (DENOISER, COMPOSITE, COLOURS[3], "denoiser, composites", "-"),
        (SEGMENTER, COMPOSITE, ORANGE, "segmentation, composites", "-"),
        (FRESH, COMPOSITE, ORANGE, "fresh weights, composites", "--"),
    ]


def _line(ax: Axes, numbers: list[Number], times: float, colour: Any, label: str | None, how: str) -> None:
    """A line over layers, with a band from the lowest training seed to the highest."""
    values = times * np.array([number["value"] for number in numbers])
    single = times * np.array([number.get("replicas", [number["value"]]) for number in numbers])
    banded(ax, values, single.min(axis=1), single.max(axis=1), colour, label, how)


def likeness(summary: Summary, views: list[str], layers: list[str]) -> Figure:
    """The likeness of the denoiser's layers to those of other networks, a line per network and noise level."""
    figure, axes = panels(1, 1, WIDTH, 4.4)
    ax = axes[0, 0]
    others = {SEED: ("--", "another seed"), SEGMENTER: ("-", "segmentation"), FLOOR: (":", "floor")}
    for other, (how, said) in others.items():
        for view, shade in shades(views).items():
            names = [f"layers.likeness.{view}.{other}.{layer}" for layer in layers]
            if names[0] in summary:
                label = f"{said}, noise {noise(view)}" if view in (views[0], views[-1]) else None
                _line(ax, [summary[name] for name in names], 1, shade, label, how)
    axis(ax, layers)
    ax.set(ylabel="linear CKA")
    legend(figure, ax)
    return figure


def skips(summary: Summary, views: list[str]) -> Figure:
    """What becomes worse without each skip, in the denoiser at each noise level and in the segmentation network."""
    figure, axes = panels(2, 1, WIDTH, 6.2)
    lines: dict[str, list[tuple[str, Any, str]]] = {
        DENOISER: [(view, shade, f"noise {noise(view)}") for view, shade in shades(views).items()],
        SEGMENTER: [(COMPOSITE, ORANGE, "segmentation")],
    }
    labels = {DENOISER: "rise of the loss, %", SEGMENTER: "fall of the overlap, points"}
    for ax, (network, shown) in zip(axes[:, 0], lines.items(), strict=True):
        begins = f"layers.skips.{network}.{shown[0][0]}."
        names = [name.removeprefix(begins) for name in summary if name.startswith(begins)]
        width = 0.8 / len(shown)
        for i, (view, colour, said) in enumerate(shown):
            numbers = [summary[f"layers.skips.{network}.{view}.{name}"] for name in names]
            x = np.arange(len(names)) + (i - (len(shown) - 1) / 2) * width
            ax.bar(x, [number["value"] for number in numbers], width, color=colour, label=said)
            if "ci95" in numbers[0]:
                low, high = zip(*(number["ci95"] for number in numbers), strict=True)
                ax.vlines(x, low, high, color=COLOURS[0], linewidth=0.8)
        ax.set_xticks(range(len(names)), spoken(names), fontsize=8)
        ax.set(ylabel=labels[network])
        grid(ax)
    axes[0, 0].set_yscale("symlog", linthresh=10)
    legend(figure, *axes[:, 0])
    return figure


def maps(path: Path, pictures: dict[str, np.ndarray], views: list[str], layers: list[str], image: int) -> None:
    """One image in every layer: the channel that marks the foreground best, a column per network and view."""
    columns = [*((DENOISER, view) for view in views), (SEGMENTER, COMPOSITE), (FRESH, views[0])]

    def rgb(grey: np.ndarray) -> np.ndarray:
        return np.broadcast_to(grey if grey.ndim == 3 else grey[..., None], (*grey.shape[:2], 3))

    rows = [[rgb(pictures[view][image]) for _, view in columns]]
    for i in range(len(layers)):
        rows.append([rgb(pictures[f"{network}-{view}"][i, image]) for network, view in columns])
    names = ["input", *(layer.replace("_", " ") for layer in layers)]
    headings = [*(f"denoiser\n{int(view[1:])} %" for view in views), "segmen-\ntation", f"fresh\n{int(views[0][1:])} %"]
    contact_sheet(path, np.array(rows), names, headings, "The channel that marks the foreground best")

"""Figures of a subject's feature maps."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from pipeline.anatomy.mapped import Mapped
from pipeline.reporting.by_layer import axis, banded, noise, shades, spoken
from pipeline.reporting.grid import contact_sheet
from pipeline.reporting.page import Drawn
from pipeline.reporting.plots import WIDTH, legend, panels, write

SIDE = 32  # pixels that a map is about as wide as
WHITE = 255  # in the place of a channel that the layer does not have
LABELS = {"smoothness": "smoothness, correlation", "fine": "high frequencies, %"}
SCALE = "A map goes from black, for its own lowest values, to white."


def draw(folder: Path, found: Mapped, channels: list[int], seeds: list[int]) -> Drawn:
    """Every figure of a subject, into a folder; channels: on the page of all layers; seeds: whose maps are shown."""
    folder.mkdir(parents=True, exist_ok=True)
    write(measures(found), folder / "measures.png")
    page(folder / "channels.png", found, channels, seeds[0])
    times = [noise(time) for time in found.times]
    contact_sheet(
        folder / "images.png",
        found.pictures["x0"].swapaxes(0, 1),
        [f"seed {seed}" for seed in seeds],
        times,
        "The clean image that is predicted",
    )
    drawn: Drawn = [
        (
            "measures.png",
            "What the maps of each layer look like, from the input (left) through the middle (dotted line) to the "
            "output, mean over channels. A mosaic has a low smoothness and much in high frequencies. Lines are times, "
            "the darker the earlier in the process; bands are 95 % intervals.",
        ),
        (
            "channels.png",
            f"The same channels of every layer, at each time, of the image of seed {seeds[0]}. Read down a column to "
            "see how the image is taken apart and put together again. "
            f"{SCALE} A white place is a channel that the layer does not have. Source: Figure 2, which shows "
            "channel 0.",
        ),
        (
            "images.png",
            "The clean image that the network predicts at each time, a row per seed. These are the images whose maps "
            "are shown.",
        ),
    ]
    for layer in found.layers:
        sheet(folder / f"maps-{layer}.png", found, layer, seeds)
        drawn.append(
            (
                f"maps-{layer}.png",
                f"Channels of `{layer}`, a row per time and seed. Compare rows of one seed to see what changes over "
                f"the process. {SCALE}",
            )
        )
    return drawn


def measures(found: Mapped) -> Figure:
    """Smoothness and fine structure by layer, a line per time."""
    figure, axes = panels(len(LABELS), 1, WIDTH, 2.4 * len(LABELS) + 1, sharex=True)
    for ax, (measure, label) in zip(axes[:, 0], LABELS.items(), strict=True):
        for time, shade in shades(found.times).items():
            rows = found.measures[found.measures["time"] == time]
            by = 100 if "%" in label else 1
            line, low, high = (by * rows[f"{measure}{end}"].to_numpy() for end in ("", "_low", "_high"))
            banded(ax, line, low, high, shade, f"{noise(time)} of T")
        axis(ax, found.layers)
        ax.set_ylabel(label, fontsize=9)
    legend(figure, axes[0, 0])
    return figure


def page(path: Path, found: Mapped, channels: list[int], seed: int) -> None:
    """The same channels of every layer for the first seed: a row per layer, a group of columns per time."""
    largest = max(found.pictures[layer].shape[-1] for layer in found.layers)
    rows = np.full((len(found.layers), len(found.times), len(channels), largest, largest), WHITE, np.uint8)
    for i, layer in enumerate(found.layers):
        there = found.pictures[f"{layer}.channels"].tolist()
        for j, channel in enumerate(channels):
            if channel in there:
                rows[i, :, j] = enlarged(found.pictures[layer][:, 0, there.index(channel)], largest)
    contact_sheet(
        path,
        rows.reshape(len(rows), -1, largest, largest, 1),
        spoken(found.layers),
        [str(channel) for channel in channels] * len(found.times),
        f"The same channels of every layer, seed {seed}",
        side=SIDE,
        groups=[f"{noise(time)} of T" for time in found.times],
    )


def enlarged(maps: np.ndarray, side: int) -> np.ndarray:
    """uint8 [N, side, side]: each pixel of the maps, [N, h, w], becomes a square, or nearly one where `side` is no
    multiple of their size."""
    rows, columns = (np.arange(side) * size // side for size in maps.shape[1:])
    return maps[:, rows[:, None], columns]


def sheet(path: Path, found: Mapped, layer: str, seeds: list[int]) -> None:
    """Channels of a layer: a row per time and seed, a column per channel."""
    maps = found.pictures[layer]
    rows = [f"{noise(time)}, seed {seed}" for time in found.times for seed in seeds]
    channels = [str(channel) for channel in found.pictures[f"{layer}.channels"]]
    title = f"{spoken([layer])[0]}: {maps.shape[-2]}x{maps.shape[-1]} pixels"
    contact_sheet(path, maps.reshape(-1, *maps.shape[2:], 1), rows, channels, title, side=SIDE)

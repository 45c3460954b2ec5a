"""Figures of what a CLIP says of images."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pipeline.data.images import ImageSet
from pipeline.judges.evaluated import END
from pipeline.judges.number import Number
from pipeline.judges.scored import LOOKS, QUALITY, SCORE
from pipeline.params import FLOOR
from pipeline.reporting.grid import contact_sheet
from pipeline.reporting.plots import GREY, WIDTH, band, colour, ends, grid, legend, panels, replicas, write
from pipeline.reporting.summary import Summary
from pipeline.reporting.table import listed

Drawing = tuple[Figure, str]  # with its caption
CALLED = {  # what is measured of a CLIP, in words
    "zero_shot": "class named rightly",
    "clear_blurry": "clear and blurry told apart",
    "calibration": "calibration",
}
STYLES = dict(zip(LOOKS, ("-o", "--s", ":^"), strict=True))


def saved(folder: Path, file: str, drawing: Drawing) -> tuple[str, str]:
    """Write a figure, and return its file and its caption."""
    figure, caption = drawing
    write(figure, folder / file)
    return file, caption


def training(main: str, places: dict[str, int], marks: dict[str, int], summary: Summary) -> Drawing:
    """Good, clear and blurry of the shown variant over its training, and the CLIP score of all variants."""
    figure, axes = panels(2, 1, WIDTH, 6.4, sharex=True)
    above, below = axes[:, 0]
    seen, tint = [each / 1000 for each in marks.values()], colour(places[main])

    def over(variant: str, name: str) -> list[Number]:
        return [summary[f"scores.{variant}.{mark + '.' if mark != END else ''}{name}"] for mark in marks]

    for look, style in STYLES.items():
        of = over(main, look)
        low, high = ends(of)
        above.plot(seen, [100 * each["value"] for each in of], style, color=tint, label=look, linewidth=1.5)
        above.fill_between(seen, 100 * np.array(low), 100 * np.array(high), color=tint, alpha=0.15, linewidth=0)
    above.set(ylabel=f"share of {main}, %", ylim=(0, 100))
    for variant, place in places.items():
        band(below, place, variant, seen, replicas(over(variant, SCORE)), marker="o", markersize=3)
    below.axhline(summary[f"scores.{FLOOR}.{SCORE}"]["value"], color=GREY, linewidth=1, label="real test images")
    below.set(ylabel="CLIP score", xlabel="thousand images seen")
    for ax in (above, below):
        grid(ax)
    legend(figure, above, below)
    return figure, (
        f"How good, clear and blurry CLIP finds the images of {main} over training (above), and every variant's CLIP "
        "score (below). Where blurry falls and the score rises to that of real images, training goes on to pay. Above, "
        "the bands are 95 % intervals; below, they reach from the lowest training seed to the highest."
    )


def classes(main: str, place: int, named: dict[str, str], summary: Summary) -> Drawing:
    """The CLIP score of the shown variant's images by class, beside real ones."""
    figure, axes = panels(1, 1, WIDTH, 3.6)
    ax = axes[0, 0]
    where = np.arange(len(named))
    shown = {main: (colour(place), "o", -0.12), FLOOR: (GREY, "s", 0.12)}
    for variant, (tint, marker, off) in shown.items():
        of = [summary[f"scores.{variant}.class.{label}.{SCORE}"] for label in named]
        label = "real test images" if variant == FLOOR else variant
        ax.vlines(where + off, *ends(of), color=tint, linewidth=2)
        ax.plot(where + off, [each["value"] for each in of], marker, color=tint, label=label, markersize=5)
    ax.set_xticks(where, list(named.values()), rotation=90 if max(map(len, named.values())) > 3 else 0)
    ax.set(ylabel="CLIP score")
    grid(ax)
    legend(figure, ax)
    return figure, (
        f"The CLIP score of the images of {main} and of real test images by class, with 95 % intervals. A class is "
        "drawn badly where the round point lies below the square one. How high both lie says what CLIP makes of the "
        "class."
    )


def best(
    folder: Path, images: ImageSet, table: pd.DataFrame, names: list[str], main: str, count: int
) -> tuple[str, str]:
    """The images that score highest and lowest; table: a row per image, in the same order."""
    count, rows, said = min(count, len(table)), {}, []
    for score, called in ((QUALITY, "good, clear"), (SCORE, "CLIP score")):
        order = np.argsort(-table[score].to_numpy(), kind="stable")
        rows[f"{called}:\nhighest"], rows[f"{called}:\nlowest"] = order[:count], order[::-1][:count]
        lowest = [names[label] for label in images.labels[order[::-1][:count]]]
        said.append(f"The lowest by {called} were drawn for {listed(lowest)}.")
    pixels = np.stack([images.images[index] for index in rows.values()])
    title = f"{main}: what CLIP finds best and worst"
    contact_sheet(folder / "best.png", pixels, list(rows), [str(i + 1) for i in range(count)], title)
    return "best.png", (
        f"The images of {main} with the highest and the lowest score, of its first training seed. In the rows of the "
        f"lowest, see whether what CLIP finds bad is bad. {' '.join(said)}"
    )

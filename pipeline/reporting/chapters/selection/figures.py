"""Figures of images before and after a selection, and of what the selection does."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.params import Selection
from pipeline.reporting.grid import contact_sheet
from pipeline.reporting.plots import COLOURS, GREY, WIDTH, grid, legend, panels, write
from pipeline.reporting.summary import Summary

BY = {"quality": "good and clear less blurry", "clip_score": "CLIP score"}  # the scores that select, in words
SHORT = {"quality": "good, clear", "clip_score": "CLIP score"}
SHOWN = {  # metric -> what its difference is, in percent or percent points
    "frechet": "{distance}, %",
    "diversity": "diversity, %",
    "accuracy": "classifier, points",
    "second_accuracy": "second judge, points",
    "coverage": "coverage, points",
}


def before_and_after(
    folder: Path, images: np.ndarray, table: pd.DataFrame, names: list[str], chosen: Selection
) -> tuple[str, str]:
    """Write a row per class: the first candidates, and those that each score selects, the best first.

    images: uint8 [N, H, W, C], the candidates in the order of the table's rows; names: of the classes shown.
    """
    rows = []
    for label in range(len(names)):
        mine = np.flatnonzero(table["label"] == label)
        groups = [mine[: chosen.kept]]
        for by in chosen.by:
            rank = table[f"by_{by}"].to_numpy()[mine]
            kept = np.flatnonzero(rank > 0)
            groups.append(mine[kept[np.argsort(rank[kept])]])
        rows.append(images[np.concatenate(groups)])
    headings = ["first drawn", *(SHORT[by] for by in chosen.by)]
    columns = [""] * (chosen.kept * len(headings))
    title = f"{chosen.variant}: {chosen.kept} of {chosen.candidates} images of each class"
    contact_sheet(folder / "images.png", np.stack(rows), names, columns, title, groups=headings)
    return "images.png", (
        f"The first {chosen.kept} candidates of each class of {chosen.variant}, and the {chosen.kept} that CLIP finds "
        "best, the best first. Look for what the selected have in common, and for what is gone. They are of the first "
        "training seed."
    )


def effects(folder: Path, by: Sequence[str], distance: str, summary: Summary) -> tuple[str, str]:
    """Write what each selection changes, beside random ones, with its intervals."""
    figure, axes = panels(1, 1, WIDTH, 0.5 * len(SHOWN) + 1.4)
    ax = axes[0, 0]
    where = np.arange(len(SHOWN))[::-1]
    for i, score in enumerate(by):
        gaps = [summary[f"selection.{score}.{metric}.gap"] for metric in SHOWN]
        off, tint = (i - (len(by) - 1) / 2) * -0.24, COLOURS[1 + i]
        low, high = zip(*(gap["ci95"] for gap in gaps), strict=True)
        ax.hlines(where + off, low, high, color=tint, linewidth=2)
        ax.plot([gap["value"] for gap in gaps], where + off, "o", color=tint, label=f"selected by {BY[score]}")
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set_yticks(where, [each.format(distance=distance) for each in SHOWN.values()])
    ax.set_xlabel("difference to as many drawn at random")
    grid(ax)
    legend(figure, ax)
    write(figure, folder / "effects.png")
    return "effects.png", (
        "What selecting by CLIP changes, beside as many images drawn at random, with 95 % intervals. A distance that "
        "falls and judges that see more are good; a diversity that falls is what they cost."
    )

"""Sheets of images under interventions (Prasad et al. 2023, Figures 3, 5, 6, 19 to 21); a frame marks a changed one."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.anatomy.intervened import Intervened
from pipeline.reporting.grid import contact_sheet
from pipeline.reporting.page import Drawn

MOST = "Framed images have changed: the rows with the most frames are the steps that matter most."
ALONG = "Framed images have changed: look along a row to see where the change begins."
ROWS = 9  # starts, at most, in a sheet


def draw(folder: Path, swept: Intervened, per_seed: pd.DataFrame, length: int, fill: str) -> Drawn:
    """Every sheet that there are cells for, into a folder.

    per_seed: the cells' table with a column `changed`; length: the usual number of steps of an intervention; fill: what
    usually stands in.
    """
    curves, images = swept.curves, swept.images
    changed = {cell: rows["changed"].to_numpy() for cell, rows in per_seed.groupby("cell")}
    named = [f"seed {seed}" for seed in swept.seeds]
    of = {sweep: rows for (sweep, what), rows in curves.groupby(["sweep", "fill"]) if what == fill or sweep == "jump"}
    none = curves.iloc[:0]
    drawn: Drawn = []

    def by_start(name: str, rows: pd.DataFrame, what: str, figure: str) -> None:
        """A row per start, a column per seed, the untouched images first."""
        if not len(rows):
            return
        chosen = _some(rows.sort_values("start", ascending=False))
        cells = list(chosen["cell"])
        seeds = len(images["untouched"])
        sheet = np.stack([images["untouched"], *(images[cell] for cell in cells)])
        marked = np.stack([np.zeros(seeds, bool), *(changed[cell][:seeds] for cell in cells)])
        labels = ["untouched", *(f"step {start}" for start in chosen["start"])]
        contact_sheet(folder / f"{name}.png", sheet, labels, named, what, marked)
        drawn.append(
            (
                f"{name}.png",
                f"{what}, a row per first step and a column per seed. {_framed(marked, MOST)} Source: {figure}.",
            )
        )

    def by_parts(name: str, rows: pd.DataFrame, axis: str, what: str, figure: str) -> None:
        """A row per number of blocks, a column per start, n or r, of the first seed and of the second."""
        if not len(rows):
            return
        values = sorted(rows[axis].unique(), reverse=axis == "start")
        values = [values[i] for i in _places(len(values))]
        at = {(row["parts"], row[axis]): row["cell"] for row in rows.to_dict("records") if row[axis] in values}
        numbers = sorted({nb for nb, _ in at})
        seeds = min(2, len(images["untouched"]))
        blank = np.full_like(images["untouched"][0], 255)
        sheet, marked, labels = [], [], []
        for seed in range(seeds):
            for nb in numbers:
                cells = [at.get((nb, value)) for value in values]
                sheet.append([images["untouched"][seed], *(images[c][seed] if c else blank for c in cells)])
                marked.append([False, *(bool(c and changed[c][seed]) for c in cells)])
                labels.append(f"seed {swept.seeds[seed]}\nnb = {nb}")
        blanks = "" if len(at) == len(numbers) * len(values) else "White places were not tried. "
        word = {"start": "step", "n": "n =", "r": "r ="}[axis]
        columns = ["untouched", *(f"{word} {value}" for value in values)]
        contact_sheet(folder / f"{name}.png", np.array(sheet), labels, columns, what, np.array(marked))
        drawn.append(
            (
                f"{name}.png",
                f"{what}, for two seeds, one below the other. {_framed(np.array(marked), ALONG)} {blanks}"
                f"Source: {figure}.",
            )
        )

    jumps, blocks = of.get("jump", none), of.get("blocks", none)
    by_start("jumps_images", jumps[jumps["n"] == length], f"{length} steps done in one", "Figure 3")
    by_start("skips_images", of.get("skips", none), f"{length} steps without the top skips", "Figure 5")
    deepest = blocks[blocks["parts"] == blocks["parts"].min()]
    by_start("blocks_images", deepest, f"{length} steps without the deepest blocks", "Figure 6")
    by_parts(
        "blocks_by_number",
        blocks,
        "start",
        f"{length} steps without the nb deepest blocks, by the first of them",
        "Figure 19",
    )
    cuts, rests = of.get("duration", none), of.get("relax", none)
    by_parts("durations_images", cuts, "n", "n steps in a row without the nb deepest blocks", "Figure 20")
    by_parts(
        "rests_images", rests, "r", "Two cuts of the nb deepest blocks with r steps of rest between them", "Figure 21"
    )
    return drawn


def _framed(marked: np.ndarray, look: str) -> str:
    """What a caption says of the frames. look: what to see in them, where there are any."""
    return look if marked.any() else "None of these images has changed by so much that it gets a frame."


def _some(rows: pd.DataFrame) -> pd.DataFrame:
    """At most so many rows, the first and the last among them."""
    return rows.iloc[_places(len(rows))]


def _places(count: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(count, ROWS)).round().astype(int))

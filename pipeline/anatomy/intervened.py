"""What `intervene` leaves of a subject: what every cell of the sweeps did to every seed's image, and what it says."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.files import read_json, reading, replacing, write_json
from pipeline.judges.number import Kind, Number
from pipeline.tables import read_arrays, read_csv, write_arrays, write_csv

STAGE = "intervene"
KINDS: dict[str, Kind] = {  # what the table of curves has with an interval
    "ssim": "correlation",
    "likeness": "likeness",
    "psnr": "psnr",
    "under": "share",
    "kept": "share",
}
OWN_START = ("duration", "relax")  # sweeps that begin where the network's own blocks become redundant
UNTOUCHED, SEEDS = "untouched", "seeds"  # in pictures.npz, beside the cells' names


@dataclass(frozen=True)
class Intervened:
    """A subject without some steps, skips or blocks, paired by seed."""

    parts: pd.DataFrame  # a row per part of its network, as `parts.table` has them
    cells: pd.DataFrame  # a row per cell and seed: cell, seed, ssim, psnr (dB), and where a judge can say, kept
    curves: pd.DataFrame  # a row per cell, as `Curves.table` has them
    findings: dict[str, Number]  # phases, limits and effects by dotted name, as `findings.findings` has them
    images: dict[str, np.ndarray]  # cell, or `untouched` -> uint8 [S, H, W, C]
    seeds: np.ndarray  # int [S], of these images

    @property
    def blocks(self) -> int:
        """How many blocks its network has."""
        return int((self.parts["kind"] == "block").sum())

    @property
    def limits(self) -> list[Number]:
        """The findings that say what may be done without some blocks; each has the fields nb and fill."""
        return [number for number in self.findings.values() if "nb" in number]

    def save(self, folder: Path) -> None:
        """Write the folder whole or not at all."""
        with replacing(folder) as unfinished:
            unfinished.mkdir()
            write_csv(unfinished / "parts.csv", self.parts)
            write_csv(unfinished / "cells.csv", self.cells, "%.6g")
            write_csv(unfinished / "curves.csv", self.curves, "%.6g")
            write_json(unfinished / "findings.json", self.findings)
            write_arrays(unfinished / "pictures.npz", {**self.images, SEEDS: self.seeds})


def load(folder: Path) -> Intervened:
    """Read what `intervene` left of one network of a subject; a missing or broken file is a `UserError`."""
    pictures = read_arrays(folder / "pictures.npz", STAGE)
    with reading(folder / "pictures.npz", STAGE):
        seeds = pictures.pop(SEEDS)
    return Intervened(
        read_csv(folder / "parts.csv", STAGE),
        read_csv(folder / "cells.csv", STAGE),
        read_csv(folder / "curves.csv", STAGE),
        findings(folder),
        pictures,
        seeds,
    )


def findings(folder: Path) -> dict[str, Number]:
    """Read the phases, limits and effects that `intervene` found of a subject, without the rest."""
    found: dict[str, Number] = read_json(folder / "findings.json", STAGE)
    return found

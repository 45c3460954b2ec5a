"""What `timesteps` leaves of a subject: what spacings of its steps drew, and when its images show each word."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.files import read_json, reading, replacing, write_json
from pipeline.judges.number import Kind, Number
from pipeline.tables import read_arrays, read_csv, write_arrays, write_csv

STAGE = "timesteps"
UNIFORM, FULL = "uniform", "full"  # what the others are compared with, and the whole loop, which all are likened to
STYLE = ("slant", "stroke")  # the words of a caption that are measured, as `captions.words` names them
CLIP = "clip_"  # what the name of a word begins with where CLIP reads it
WORDS = ("class", *STYLE)  # those that are read off an image at every step
KINDS: dict[str, Kind] = {  # what the table of steps has with an interval
    **{name: "share" for word in WORDS for name in (word, f"{CLIP}{word}")},
    "attention": "size",
}
CLAIMED = "ddim"  # the sampler that claims go by: it draws no noise on its way, as the source's draws none


def spacing_name(position: float) -> str:
    """Return the name of the exponential spacing that is densest at a place: early, middle, late, or at_25."""
    return {0.0: "early", 0.5: "middle", 1.0: "late"}.get(position, f"at_{100 * position:.0f}")


@dataclass(frozen=True)
class Timed:
    """A subject's loop with its steps spent in other parts of the process."""

    spacings: pd.DataFrame  # a row per spacing and step, as `spaced.table` has them
    images: pd.DataFrame  # a row per sampler, spacing and seed: what `spaced.per_seed` measures
    steps: pd.DataFrame  # a row per step of the untouched loop, as `concepts.steps` has them
    findings: dict[str, Number]  # by dotted name: SAMPLER.SPACING.MEASURE, settled.WORD, chance.WORD, effects.NAME
    pictures: dict[str, np.ndarray]  # SAMPLER.SPACING -> uint8 [shown, H, W, C]; those of `concepts.Course`,
    # and where the network is told a text those of `concepts.words_attended`
    labels: np.ndarray  # int [shown], of the seeds in the pictures
    columns: np.ndarray  # int [P], the places of the steps in the course's pictures

    def save(self, folder: Path) -> None:
        """Write the folder whole or not at all."""
        with replacing(folder) as unfinished:
            unfinished.mkdir()
            write_csv(unfinished / "spacings.csv", self.spacings, "%.6g")
            write_csv(unfinished / "images.csv", self.images, "%.6g")
            write_csv(unfinished / "steps.csv", self.steps, "%.6g")
            write_json(unfinished / "findings.json", self.findings)
            arrays = {**self.pictures, "labels": self.labels, "columns": self.columns}
            write_arrays(unfinished / "pictures.npz", arrays)


def load(folder: Path) -> Timed:
    """Read what `timesteps` left of one network of a subject; a missing or broken file is a `UserError`."""
    pictures = read_arrays(folder / "pictures.npz", STAGE)
    with reading(folder / "pictures.npz", STAGE):
        labels, columns = pictures.pop("labels"), pictures.pop("columns")
    return Timed(
        read_csv(folder / "spacings.csv", STAGE),
        read_csv(folder / "images.csv", STAGE),
        read_csv(folder / "steps.csv", STAGE),
        read_json(folder / "findings.json", STAGE),
        pictures,
        labels,
        columns,
    )

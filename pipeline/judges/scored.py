"""The results of the stage `scores`: what CLIP says of every image of a set, and how far the set is from the real
images."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.files import is_folder, read_json, replacing, write_json
from pipeline.judges.number import Number
from pipeline.tables import read_csv, write_csv

STAGE = "scores"
LOOKS = ("good", "clear", "blurry")  # columns: what the softmax is over
SCORE, QUALITY = "clip_score", "quality"  # columns: the CLIP score; good + clear - blurry


@dataclass(frozen=True)
class Scored:
    """Sets of images of one training, by their mark: the end, or images seen until a snapshot."""

    images: pd.DataFrame  # a row per image and mark: mark, id, label, and what `scores.score` says of it
    cmmd: dict[str, Number]  # mark -> distance to the real training images
    replicates: pd.DataFrame  # a column per mark, a row per resample of the distance

    def of(self, mark: str) -> pd.DataFrame:
        """Return the rows of a mark's images."""
        return self.images[self.images["mark"] == mark].reset_index(drop=True)

    def save(self, folder: Path) -> None:
        """Write the folder whole or not at all."""
        with replacing(folder) as unfinished:
            unfinished.mkdir()
            write_csv(unfinished / "images.csv", self.images, "%.6g")
            write_json(unfinished / "cmmd.json", self.cmmd)
            write_csv(unfinished / "resamples.csv", self.replicates, "%.6g")


def load(folder: Path) -> Scored:
    """Read what `scores` left of one training; a missing or broken file is a `UserError`."""
    images = read_csv(folder / "images.csv", STAGE)
    images["mark"] = images["mark"].astype(str)
    return Scored(images, read_json(folder / "cmmd.json", STAGE), read_csv(folder / "resamples.csv", STAGE))


def there(folder: Path) -> bool:
    """Say whether `scores` has left something; switched off, it leaves an empty folder."""
    return is_folder(folder) and any(folder.iterdir())

"""The results of the stage `prepare`: the description of a data set, and for each split images, masks and captions.

The description has a file of its own, so that a stage which needs nothing else depends on nothing else.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data import images
from pipeline.data.images import ImageSet
from pipeline.files import read_json, reading, replacing, write_json
from pipeline.tables import read_csv, write_csv

STAGE = "prepare"


@dataclass(frozen=True)
class Dataset:
    """The description of a data set, and where its splits `train`, `validation` and `test` are."""

    folder: Path  # the folder that `prepare` wrote
    name: str
    image_size: int  # pixels per side
    image_channels: int
    classes: list[str]  # their names, in the order of the labels
    count: dict[str, int]  # split -> images
    sha256: dict[str, str]  # split -> hash of its images and labels

    def split(self, name: str) -> ImageSet:
        """Map the images of a split into memory."""
        return images.load(self.folder / name)

    def masks(self, name: str) -> np.ndarray:
        """Map the foreground of a split's images into memory: bool [N, H, W]."""
        path = self.folder / "masks" / f"{name}.npy"
        with reading(path, STAGE):
            return np.load(path, mmap_mode="r")

    def captions(self, name: str) -> pd.DataFrame:
        """Read a row per image of a split: id, label, caption, and slant and stroke where captions ask for them."""
        return read_csv(self.folder / "captions" / f"{name}.csv", STAGE)


@dataclass(frozen=True)
class Prepared(Dataset):
    """A data set's description, and all else that the report says about it."""

    origin: str  # where the images are from
    repeated: dict[str, int]  # split -> images that are in an earlier split too, pixel for pixel
    stroke_thirds: list[float] | None  # the widths in pixels between thin, medium and bold; None: not measured
    complexity: pd.DataFrame  # a row per class: class (its index), n, stroke_length (pixels), variance (0..1)

    def save(
        self, splits: dict[str, ImageSet], masks: dict[str, np.ndarray], captions: dict[str, pd.DataFrame]
    ) -> None:
        """Write everything into the folder, each file whole or not at all.

        splits, masks (bool [N, H, W]), captions (a row per image): by the split's name.
        """
        for name in splits:
            splits[name].save(self.folder / name)
            with replacing(self.folder / "masks" / f"{name}.npy") as unfinished, open(unfinished, "wb") as file:
                np.save(file, masks[name])
            write_csv(self.folder / "captions" / f"{name}.csv", captions[name], "%.3f")
        write_csv(self.folder / "classes.csv", self.complexity, "%.5f")
        described = {field.name: getattr(self, field.name) for field in fields(Dataset) if field.name != "folder"}
        write_json(self.folder / "dataset.json", described)
        said = {name: getattr(self, name) for name in ("origin", "repeated", "stroke_thirds")}
        write_json(self.folder / "provenance.json", said)  # apart, since training does not depend on it


def dataset(folder: Path) -> Dataset:
    """Read the description alone; a missing or broken file is a `UserError`."""
    path = folder / "dataset.json"
    with reading(path, STAGE):
        return Dataset(folder, **read_json(path, STAGE))


def load(folder: Path) -> Prepared:
    """Read all that `prepare` says about a data set; a missing or broken file is a `UserError`."""
    described, path = read_json(folder / "dataset.json", STAGE), folder / "provenance.json"
    with reading(path, STAGE):
        said = read_json(path, STAGE)
        return Prepared(folder, **described, **said, complexity=read_csv(folder / "classes.csv", STAGE))

"""What `feature_maps` leaves of a subject: tables of measures, pictures, and all maps of the first images."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.files import read_json, write_json
from pipeline.judges.number import Kind, Number
from pipeline.tables import Write, read_arrays, read_csv, write_arrays, write_csv, writing_arrays

STAGE = "feature_maps"
MEASURES: dict[str, Kind] = {"smoothness": "correlation", "fine": "share"}  # of an image's maps, means over channels


@dataclass(frozen=True)
class Mapped:
    """The layers of a subject at some steps of the loop."""

    measures: pd.DataFrame  # a row per time and layer, as `feature_maps.table` has them
    images: pd.DataFrame  # a row per time, layer and seed: time, layer, seed, smoothness, fine
    findings: dict[str, Number]  # by dotted name, as `feature_maps.findings` has them
    pictures: dict[str, np.ndarray]  # as `Album.arrays` has them

    def write(self, folder: Path) -> None:
        """Write into a folder, beside the maps that are there."""
        write_csv(folder / "measures.csv", self.measures, "%.6g")
        write_csv(folder / "images.csv", self.images, "%.6g")
        write_json(folder / "findings.json", self.findings)
        write_arrays(folder / "pictures.npz", self.pictures)

    @property
    def times(self) -> list[str]:
        """The names of the times, the cleanest first."""
        return list(dict.fromkeys(self.measures["time"]))

    @property
    def layers(self) -> list[str]:
        """The layers' names, in the order in which they are computed."""
        return list(dict.fromkeys(self.measures["layer"]))


def keeping(folder: Path, time: str, seed: int) -> AbstractContextManager[Write]:
    """Return what keeps all maps of one look at one image: a file with an entry for each layer, float32 [C, h, w], as
    the network gave them."""
    return writing_arrays(folder / "maps" / time / f"{seed}.npz")


def load(folder: Path) -> Mapped:
    """Read what `feature_maps` left of one network of a subject, without the maps; a missing or broken file is a
    `UserError`."""
    return Mapped(
        read_csv(folder / "measures.csv", STAGE),
        read_csv(folder / "images.csv", STAGE),
        read_json(folder / "findings.json", STAGE),
        read_arrays(folder / "pictures.npz", STAGE),
    )

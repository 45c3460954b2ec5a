"""The results of the stage `evaluate` for one set of images: numbers, their resamples, and what each image shows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.files import read_json, replacing, write_json
from pipeline.judges.number import Number
from pipeline.tables import read_arrays, read_csv, write_arrays, write_csv

STAGE = "evaluate"
END = "end"  # the mark of the end of training; another mark is the number of images seen until a snapshot
SECOND = "second_accuracy"  # metric: the share that the second judge recognises
TAUGHT, TAUGHT_WITH_REAL = "taught", "taught_with_real"  # metrics: what samples teach, alone and beside the real images


@dataclass(frozen=True)
class Evaluated:
    """One set of images compared with the real ones, and the same for its snapshots. The end of training is among the
    snapshots, with as many images as they have."""

    metrics: dict[str, Number]  # by the metric's name
    replicates: pd.DataFrame  # a column per metric, a row per resample
    images: pd.DataFrame  # a row each: id, label, recognised_as, nearest_training, training_distance, blur
    classes: dict[str, dict[str, Number]]  # class index -> metric -> number
    snapshots: dict[str, dict[str, Number]]  # mark -> metric -> number
    snapshot_replicates: dict[str, pd.DataFrame]  # mark -> a column per metric, a row per resample

    def save(self, folder: Path, features: np.ndarray) -> None:
        """Write the folder whole or not at all; features: float [N, F] of the images, kept in single precision."""
        with replacing(folder) as unfinished:
            unfinished.mkdir()
            seen = self.images["recognised_as"].to_numpy()
            write_arrays(unfinished / "features.npz", {"features": features.astype(np.float32), "recognised_as": seen})
            write_csv(unfinished / "images.csv", self.images, "%.6g")
            write_csv(unfinished / "bootstrap.csv", self.replicates)
            write_json(unfinished / "metrics.json", self.metrics)
            write_json(unfinished / "classes.json", self.classes)
            write_json(unfinished / "snapshots.json", self.snapshots)
            columns = [table.add_prefix(f"{mark}.") for mark, table in self.snapshot_replicates.items()]
            write_csv(unfinished / "snapshots.csv", pd.concat(columns, axis=1))


def load(folder: Path) -> Evaluated:
    """Read a folder of `evaluate`, except the features; a missing or broken file is a `UserError`."""
    snapshots = read_json(folder / "snapshots.json", STAGE)
    replicates = read_csv(folder / "snapshots.csv", STAGE)
    return Evaluated(
        read_json(folder / "metrics.json", STAGE),
        read_csv(folder / "bootstrap.csv", STAGE),
        read_csv(folder / "images.csv", STAGE),
        read_json(folder / "classes.json", STAGE),
        snapshots,
        {
            mark: replicates[[f"{mark}.{name}" for name in numbers]].set_axis(list(numbers), axis=1)
            for mark, numbers in snapshots.items()
        },
    )


def features(folder: Path) -> np.ndarray:
    """Read the features of the images, float32 [N, F]."""
    return read_arrays(folder / "features.npz", STAGE)["features"]


def in_order(marks: dict[str, dict[str, Number]]) -> list[str]:
    """Return the marks of the snapshots in the order of images seen, the end last."""
    return sorted(marks, key=lambda mark: float("inf") if mark == END else int(mark))

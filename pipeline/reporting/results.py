"""What the stages left, as the report reads it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.files import read_json


@dataclass(frozen=True)
class Evaluated:
    """A folder of `evaluate`. metrics: name -> number; replicates: their resamples; images: a row per image;
    classes: class index -> name -> number; snapshots: images seen, or `end` -> name -> number;
    snapshot_replicates: columns `mark.name`."""

    metrics: dict[str, dict[str, Any]]
    replicates: pd.DataFrame
    images: pd.DataFrame
    classes: dict[str, dict[str, dict[str, Any]]]
    snapshots: dict[str, dict[str, dict[str, Any]]]
    snapshot_replicates: pd.DataFrame


@dataclass(frozen=True)
class Run:
    """What the stages left for one training of a variant: loss.csv, updates.csv, validation.csv, costs.json and
    timing.json of `train`, timing.json of `sample`, and the folder of `evaluate`."""

    curve: pd.DataFrame
    updates: pd.DataFrame
    validation: pd.DataFrame
    costs: dict[str, Any]
    training: dict[str, Any]
    sampling: dict[str, Any]
    evaluated: Evaluated

    @property
    def told(self) -> bool:
        """Whether the network is told the class that is asked for."""
        return bool(self.costs["architecture"]["class_embedding"])

    @property
    def images_seen(self) -> int:
        """In the whole of training."""
        return int(self.curve["images_seen"].iloc[-1])

    @property
    def marks(self) -> dict[str, int]:
        """The snapshots' names, `end` last -> images seen."""
        return {mark: self.images_seen if mark == "end" else int(mark) for mark in in_order(self.evaluated.snapshots)}


def in_order(marks: dict[str, Any]) -> list[str]:
    """Names of snapshots by images seen, `end` last."""
    return sorted(marks, key=lambda mark: float("inf") if mark == "end" else int(mark))


def evaluated(folder: Path) -> Evaluated:
    """Read a folder of `evaluate`."""
    return Evaluated(
        read_json(folder / "metrics.json"),
        pd.read_csv(folder / "bootstrap.csv"),
        pd.read_csv(folder / "images.csv"),
        read_json(folder / "classes.json"),
        read_json(folder / "snapshots.json"),
        pd.read_csv(folder / "snapshots.csv"),
    )


def run(outputs: Path, variant: str, replica: int) -> Run:
    """Read what the stages left under `outputs` for one training of a variant."""
    trained, sampled, judged = (outputs / stage / variant / str(replica) for stage in ("train", "sample", "evaluate"))
    return Run(
        pd.read_csv(trained / "loss.csv"),
        pd.read_csv(trained / "updates.csv"),
        pd.read_csv(trained / "validation.csv"),
        read_json(trained / "costs.json"),
        read_json(trained / "timing.json"),
        read_json(sampled / "timing.json"),
        evaluated(judged),
    )

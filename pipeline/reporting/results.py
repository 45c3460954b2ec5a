"""What the stages left, as the report reads it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.files import read_json
from pipeline.judges.number import Number


@dataclass(frozen=True)
class Evaluated:
    """A folder of `evaluate`. metrics: name -> number; replicates: their resamples; images: a row per image;
    classes: class index -> name -> number; snapshots: images seen, or `end` -> name -> number;
    snapshot_replicates: columns `mark.name`."""

    metrics: dict[str, Number]
    replicates: pd.DataFrame
    images: pd.DataFrame
    classes: dict[str, dict[str, Number]]
    snapshots: dict[str, dict[str, Number]]
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


@dataclass(frozen=True)
class Quality:
    """How well the judge judges, and what the two distances over its features are called."""

    judge: str
    frechet: str
    kernel: str
    can_judge: bool
    min_accuracy: float
    accuracy: Number


@dataclass(frozen=True)
class Prepared:
    """The data set. classes: their names; count, sha256: of each split; repeated: images of a split that are in an
    earlier one too; complexity: a row per class."""

    name: str
    origin: str
    image_size: int
    classes: list[str]
    count: dict[str, int]
    sha256: dict[str, str]
    repeated: dict[str, int]
    complexity: pd.DataFrame


def quality(folder: Path) -> Quality:
    """Read what `judges` left."""
    return Quality(**read_json(folder / "quality.json"))


def prepared(folder: Path) -> Prepared:
    """Read what `prepare` left."""
    dataset, provenance = (read_json(folder / f"{name}.json") for name in ("dataset", "provenance"))
    return Prepared(
        **{name: dataset[name] for name in ("name", "image_size", "classes", "count", "sha256")},
        **{name: provenance[name] for name in ("origin", "repeated")},
        complexity=pd.read_csv(folder / "classes.csv"),
    )


@dataclass(frozen=True)
class Intervened:
    """What `intervene` found of a subject. parts: of its network; cells: a row per cell and seed; curves: a row per
    cell; findings: phases, limits and effects; images: cell -> images of the first seeds."""

    parts: pd.DataFrame
    cells: pd.DataFrame
    curves: pd.DataFrame
    findings: dict[str, Number]
    images: dict[str, np.ndarray]


@dataclass(frozen=True)
class Compared:
    """What `shortcut` found of a subject. methods: a row per way to save time; effects: what they say of claims;
    likeness: a column of SSIM per method; front: the search's ends; plans: method -> removals; drawn: method -> its
    images."""

    methods: pd.DataFrame
    effects: dict[str, Number]
    likeness: pd.DataFrame
    front: pd.DataFrame
    plans: dict[str, list[dict[str, Any]]]
    drawn: dict[str, np.ndarray]
    blocks: int


def intervened(folder: Path) -> Intervened:
    """Read what `intervene` left of a subject."""
    return Intervened(
        pd.read_csv(folder / "parts.csv"),
        pd.read_csv(folder / "cells.csv"),
        pd.read_csv(folder / "curves.csv"),
        read_json(folder / "findings.json"),
        _arrays(folder / "pictures.npz"),
    )


def compared(folder: Path) -> Compared:
    """Read what `shortcut` left of a subject."""
    return Compared(
        pd.read_csv(folder / "methods.csv"),
        read_json(folder / "effects.json"),
        pd.read_csv(folder / "ssim.csv"),
        pd.read_csv(folder / "front.csv"),
        read_json(folder / "plans.json"),
        _arrays(folder / "pictures.npz"),
        int((pd.read_csv(folder.parents[1] / "intervene" / folder.name / "parts.csv")["kind"] == "block").sum()),
    )


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as saved:
        return dict(saved)


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

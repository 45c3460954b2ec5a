"""The report's contact sheets of images: of every variant, over training, and beside their nearest training images."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.images import ImageSet
from pipeline.reporting.grid import contact_sheet


def samples(path: Path, drawn: dict[str, ImageSet], classes: list[str], columns: int, replicas: bool) -> None:
    """A row per variant, a column per seed; classes: their names; replicas: are there others than the one shown?"""
    first, columns = next(iter(drawn.values())), min(columns, *map(len, drawn.values()))
    contact_sheet(
        path,
        np.stack([images.images[:columns] for images in drawn.values()]),
        list(drawn),
        _columns(first, classes, columns),
        "Samples: a column per seed and class asked for, a row per variant" + " (first replica)" * replicas,
    )


def over_training(path: Path, variant: str, drawn: dict[str, ImageSet], classes: list[str], columns: int) -> None:
    """A row per snapshot of one variant, with the same seeds in every row; drawn: images seen -> samples."""
    first, columns = next(iter(drawn.values())), min(columns, *map(len, drawn.values()))
    contact_sheet(
        path,
        np.stack([images.images[:columns] for images in drawn.values()]),
        [f"{int(images):,} seen" for images in drawn],
        _columns(first, classes, columns),
        f"{variant}: the same seeds after more and more training images",
    )


def nearest(path: Path, images: ImageSet, training: ImageSet, found: pd.DataFrame, columns: int) -> None:
    """The samples that are nearest to a training image, that image beneath each; found: images.csv of `evaluate`."""
    closest = found.sort_values("training_distance", kind="stable").head(columns)
    contact_sheet(
        path,
        np.stack([images.images[closest.index], training.images[closest["nearest_training"]]]),
        ["sample", "training image"],
        [f"{distance:.3f}" for distance in closest["training_distance"]],
        "The samples nearest to a training image, and the distance to it",
    )


def _columns(images: ImageSet, classes: list[str], count: int) -> list[str]:
    return [f"{classes[c]}\nseed {i}" for c, i in zip(images.labels[:count], images.ids[:count], strict=True)]

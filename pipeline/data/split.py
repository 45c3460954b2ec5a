"""The split into train, validation and test, which is stratified by class and fixed by a seed."""

import hashlib
from typing import Literal

import numpy as np
from sklearn.model_selection import train_test_split

from pipeline.data.images import ImageSet
from pipeline.data.sources import Source
from pipeline.errors import UserError


def split(source: Source, validation: float, test: float | Literal["original"], seed: int) -> dict[str, ImageSet]:
    """Split the source into three sets without overlap; train and validation have the source's class shares.

    validation: a share of all images; test: a share of all images, or `original` for the source's own test split. A
    class that is too small to be in all three is a `UserError`.
    """
    everything = np.arange(len(source.labels))
    if test == "original":
        if source.held_out is None:
            raise UserError(
                f"params.yaml: data.test is original, but {source.origin} has no test split of its own; a share of the "
                "images is accepted."
            )
        rest, test_index = everything[~source.held_out], everything[source.held_out]
        share = validation * len(everything) / max(len(rest), 1)
        _check(source, rest, {"train": 1 - share, "validation": share})
        _check(source, test_index, {"test": 1.0})
    else:
        _check(source, everything, {"train": 1 - validation - test, "validation": validation, "test": test})
        rest, test_index = train_test_split(everything, test_size=test, stratify=source.labels, random_state=seed)
        share = validation / (1 - test)
    train_index, validation_index = train_test_split(
        rest, test_size=share, stratify=source.labels[rest], random_state=seed
    )
    splits = {"train": train_index, "validation": validation_index, "test": test_index}
    return {
        name: ImageSet(source.images[index], source.labels[index], source.ids[index])
        for name, index in ((name, np.sort(index)) for name, index in splits.items())
    }


def repeated(splits: dict[str, ImageSet]) -> dict[str, int]:
    """Count the images of the validation and the test split that are, pixel for pixel, in an earlier split too."""
    seen: set[bytes] = set()
    counts = {}
    for name, images in splits.items():
        pixels = [hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images.images]
        counts[name] = sum(each in seen for each in pixels)
        seen.update(pixels)
    del counts["train"]
    return counts


def _check(source: Source, index: np.ndarray, shares: dict[str, float]) -> None:
    """Refuse a class that is too small to be in every one of these splits."""
    counts = np.bincount(source.labels[index], minlength=len(source.classes))
    smallest = int(counts.argmin())
    need = max(int(np.ceil(1 / max(min(shares.values()), 1e-9))), len(shares))
    if counts[smallest] < need:
        shown = ", ".join(f"{name} {share:.2g}" for name, share in shares.items())
        raise UserError(
            f"class {source.classes[smallest]} has {counts[smallest]} images, but a split into shares of {shown} "
            f"needs at least {need} of each class."
        )

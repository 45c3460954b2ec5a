"""A set of images as every stage passes it on: a folder of NumPy arrays that can be mapped into memory."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import UserError
from pipeline.files import replacing


@dataclass(frozen=True)
class ImageSet:
    """Images with a class and an identity each.

    images: uint8 [N, H, W, C]; labels: int64 [N], class index;
    ids: int64 [N], the position in the source of a real image, the seed of a generated one.
    """

    images: np.ndarray
    labels: np.ndarray
    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: np.ndarray) -> "ImageSet":
        return ImageSet(self.images[index], self.labels[index], self.ids[index])

    def sha256(self) -> str:
        """Hash of the content: shape, pixels and labels."""
        digest = hashlib.sha256(repr(self.images.shape).encode())
        digest.update(np.ascontiguousarray(self.images).data)
        digest.update(np.ascontiguousarray(self.labels).data)
        return digest.hexdigest()

    def save(self, folder: Path) -> None:
        """Write the folder whole or not at all."""
        with replacing(folder) as unfinished:
            unfinished.mkdir()
            for name in ("images", "labels", "ids"):
                np.save(unfinished / f"{name}.npy", getattr(self, name))


def load(folder: Path) -> ImageSet:
    """Map a saved set into memory; a missing or damaged one is a `UserError`."""
    try:
        return ImageSet(*(np.load(Path(folder) / f"{n}.npy", mmap_mode="r") for n in ("images", "labels", "ids")))
    except (OSError, ValueError, EOFError) as error:
        raise UserError(
            f"{folder} holds no whole set of images ({error}); `uv run dvc repro` makes it again."
        ) from None


def evenly(labels: np.ndarray, at_most: int) -> np.ndarray:
    """Sorted positions int [M] of at most so many of the labels [N], with the class shares that all of them have."""
    by_class = np.argsort(labels, kind="stable")
    places = np.linspace(0, len(labels) - 1, min(at_most, len(labels)))
    return np.sort(by_class[places.round().astype(int)])


def in_turn(labels: np.ndarray) -> np.ndarray:
    """Positions int [N] that put the labels [N] into an order in which the classes take turns, so that any first n of
    them have all classes alike."""
    turn = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        turn[members] = np.arange(len(members))
    return np.lexsort((labels, turn))

"""A set of images, which every stage passes on as a folder of NumPy arrays that can be mapped into memory."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.files import reading, replacing


@dataclass(frozen=True)
class ImageSet:
    """A set of images, each with a class and an id.

    images: uint8 [N, H, W, C]; labels: int64 [N], class indices; ids: int64 [N], for a real image its position in the
    source, for a generated one its seed.
    """

    images: np.ndarray
    labels: np.ndarray
    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: np.ndarray) -> "ImageSet":
        return ImageSet(self.images[index], self.labels[index], self.ids[index])

    def sha256(self) -> str:
        """Return a hash of the content: shape, pixels and labels."""
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
    arrays = []
    for name in ("images", "labels", "ids"):
        path = Path(folder) / f"{name}.npy"
        with reading(path):
            arrays.append(np.load(path, mmap_mode="r"))
    found = ImageSet(*arrays)
    with reading(folder):
        if found.images.ndim != 4 or found.images.dtype != np.uint8:
            raise ValueError(f"its images are {found.images.dtype} {list(found.images.shape)}, not uint8 [N, H, W, C]")
        if not len(found.images) == len(found.labels) == len(found.ids) > 0:
            raise ValueError("it holds no images, or another number of images than of labels and ids")
        return found


def evenly(labels: np.ndarray, at_most: int) -> np.ndarray:
    """Return the sorted positions of at most `at_most` of the labels [N], int [M], chosen so that the shares of the
    classes stay the same."""
    by_class = np.argsort(labels, kind="stable")
    places = np.linspace(0, len(labels) - 1, min(at_most, len(labels)))
    return np.sort(by_class[places.round().astype(int)])


def in_turn(labels: np.ndarray, seed: int) -> np.ndarray:
    """Return positions, int [N], that order the labels [N] so that the classes take turns, and the first n of them hold
    all classes equally often, for any n. Which image of a class comes first is drawn from the seed, since neighbours in
    a file are often of one hand or one scene."""
    generator = np.random.default_rng(seed)
    turn = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        turn[members] = generator.permutation(len(members))
    return np.lexsort((labels, turn))

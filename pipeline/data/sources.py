"""Where images come from: one function per data set, from a name to images, labels and class names."""

from dataclasses import dataclass

import numpy as np
from skimage.transform import resize
from sklearn.datasets import load_digits

from pipeline.errors import UserError


@dataclass(frozen=True)
class Source:
    """A data set before its split.

    images: uint8 [N, H, W, C]; labels: int64 [N], index into `classes`; ids: int64 [N], position in the original.
    """

    images: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    classes: list[str]


def digits(image_size: int) -> Source:
    """scikit-learn's 1,797 handwritten digits (8x8, 17 grey levels; Alpaydin and Kaynak 1998), enlarged bilinearly."""
    bunch = load_digits()
    small = bunch.images / 16.0
    large = resize(small, (len(small), image_size, image_size), order=1, mode="edge", anti_aliasing=False)
    images = np.clip(np.rint(large * 255), 0, 255).astype(np.uint8)[..., None]
    return Source(images, bunch.target.astype(np.int64), np.arange(len(images)), [str(d) for d in bunch.target_names])


SOURCES = {"digits": digits}


def load(name: str, image_size: int, keep: list[int] | None) -> Source:
    """The data set `name`, with the classes of index `keep` alone (None: all of them), renumbered from 0.

    Fewer than two classes, or a class that the set does not have, is a `UserError`.
    """
    source = SOURCES[name](image_size)
    kept = list(range(len(source.classes))) if keep is None else sorted(set(keep))
    unknown = [index for index in kept if index >= len(source.classes)]
    if unknown:
        raise UserError(
            f"params.yaml: data.classes has {unknown[0]}, but {name} has classes 0 to {len(source.classes) - 1}."
        )
    present = [index for index in kept if (source.labels == index).any()]
    if len(present) < 2:
        raise UserError(
            f"data set {name} has {len(present)} class{'' if len(present) == 1 else 'es'} with images, "
            "but a judge needs at least two to tell apart."
        )
    chosen = np.isin(source.labels, present)
    labels = np.searchsorted(present, source.labels[chosen])
    return Source(source.images[chosen], labels, source.ids[chosen], [source.classes[i] for i in present])

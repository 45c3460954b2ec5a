"""The split into train, validation and test: stratified by class, fixed by a seed."""

import numpy as np
from sklearn.model_selection import train_test_split

from pipeline.data.images import ImageSet
from pipeline.data.sources import Source
from pipeline.errors import UserError


def split(source: Source, validation: float, test: float, seed: int) -> dict[str, ImageSet]:
    """Three disjoint sets that together are the source, each with the source's class shares.

    `validation` and `test` are shares of all images. A class too small to be in all three is a `UserError`.
    """
    counts = np.bincount(source.labels, minlength=len(source.classes))
    smallest = int(counts.argmin())
    need = int(np.ceil(1 / min(validation, test, 1 - validation - test)))
    if counts[smallest] < max(need, 3):
        raise UserError(
            f"class {source.classes[smallest]} has {counts[smallest]} images, but a split into train, validation and "
            f"test shares of {1 - validation - test:g}, {validation:g} and {test:g} needs at least {max(need, 3)} "
            "of each class."
        )
    everything = np.arange(len(source.labels))
    rest, test_index = train_test_split(everything, test_size=test, stratify=source.labels, random_state=seed)
    train_index, validation_index = train_test_split(
        rest, test_size=validation / (1 - test), stratify=source.labels[rest], random_state=seed
    )
    parts = {"train": train_index, "validation": validation_index, "test": test_index}
    return {
        name: ImageSet(source.images[index], source.labels[index], source.ids[index])
        for name, index in ((name, np.sort(index)) for name, index in parts.items())
    }

"""Contact sheets of images that variants drew, with the same seeds in every row."""

from pathlib import Path

import numpy as np

from pipeline.data.images import ImageSet
from pipeline.reporting.grid import contact_sheet
from pipeline.reporting.study import Study


def sheet(path: Path, rows: dict[str, ImageSet], study: Study, title: str) -> None:
    """Write a row per set of images and a column per seed, with the class asked for above it."""
    columns = min(study.params.report.grid_seeds, *(len(images) for images in rows.values()))
    first, classes = next(iter(rows.values())), study.prepared.classes
    contact_sheet(
        path,
        np.stack([images.images[:columns] for images in rows.values()]),
        list(rows),
        [f"{classes[c]}\nseed {i}" for c, i in zip(first.labels[:columns], first.ids[:columns], strict=True)],
        title,
    )

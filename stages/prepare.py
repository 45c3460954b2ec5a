"""prepare: a data set by name -> stratified splits of uint8 images with labels, and a picture of every class."""

import argparse
from pathlib import Path

import numpy as np

from pipeline import errors, params
from pipeline.data import sources
from pipeline.data.split import split
from pipeline.files import write_json
from pipeline.reporting.grid import contact_sheet

SHOWN_PER_CLASS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the splits, dataset.json and classes.png")
    args = parser.parse_args()
    data = params.load(args.params).data

    source = sources.load(data.name, data.image_size, None if data.classes == "all" else data.classes)
    parts = split(source, data.validation, data.test, data.seed)

    for name, images in parts.items():
        images.save(args.out / name)
    train = parts["train"]
    firsts = [np.resize(np.flatnonzero(train.labels == c), SHOWN_PER_CLASS) for c in range(len(source.classes))]
    contact_sheet(
        args.out / "classes.png",
        np.stack([train.images[index] for index in firsts]),
        source.classes,
        [""] * SHOWN_PER_CLASS,
        f"{data.name}: training images of every class",
    )
    write_json(
        args.out / "dataset.json",
        {
            "name": data.name,
            "image_size": train.images.shape[1],
            "image_channels": train.images.shape[3],
            "classes": source.classes,
            "count": {name: len(images) for name, images in parts.items()},
            "sha256": {name: images.sha256() for name, images in parts.items()},
        },
    )


if __name__ == "__main__":
    errors.run(main)

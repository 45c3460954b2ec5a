"""prepare: turn a data set, named or in a folder, into splits of uint8 images with labels, captions and masks."""

import argparse
from pathlib import Path

from pipeline import arguments, errors, params

MEASURED = 5000  # how many training images the complexity of the classes is measured on, at most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument(
        "--out",
        type=arguments.out,
        required=True,
        help="folder for the splits, masks, captions, classes and dataset.json",
    )
    args = parser.parse_args()
    values = params.load(args.params)
    data = values.data
    # These take seconds to import, in which an interrupt or unsound parameters shall end the stage by a sentence too.
    import numpy as np
    import pandas as pd

    from pipeline.data import captions, complexity, masks, sources, strokes
    from pipeline.data.images import evenly
    from pipeline.data.prepared import Prepared
    from pipeline.data.split import repeated, split

    source = sources.load(data)
    values.selection.check_classes(len(source.classes), values.sample.count)
    values.guidance.check_classes(len(source.classes))
    splits = split(source, data.validation, data.test, data.seed)

    foreground = masks.foreground(source.images, source.sides) if source.masks is None else source.masks
    drawn = strokes.measure(foreground) if captions.asks_for_strokes(data.caption) else None
    rows = {name: np.searchsorted(source.ids, images.ids) for name, images in splits.items()}
    bounds = None if drawn is None else captions.thirds(drawn.iloc[rows["train"]])

    tables = {}
    for name, images in splits.items():
        table, words = pd.DataFrame({"id": images.ids, "label": images.labels}), None
        if drawn is not None and bounds is not None:
            measured = drawn.iloc[rows[name]].reset_index(drop=True)
            table, words = table.join(measured), captions.words(measured, bounds)
        tables[name] = table.assign(caption=captions.captions(data.caption, source.classes, images.labels, words))
    train = splits["train"]
    measured_on = evenly(train.labels, MEASURED)
    found = Prepared(
        args.out,
        name=data.name,
        image_size=train.images.shape[1],
        image_channels=train.images.shape[3],
        classes=source.classes,
        count={name: len(images) for name, images in splits.items()},
        sha256={name: images.sha256() for name, images in splits.items()},
        origin=source.origin,
        repeated=repeated(splits),
        stroke_thirds=bounds,
        complexity=complexity.by_class(train[measured_on], foreground[rows["train"][measured_on]]),
    )
    found.save(splits, {name: foreground[index] for name, index in rows.items()}, tables)


if __name__ == "__main__":
    errors.run(main)

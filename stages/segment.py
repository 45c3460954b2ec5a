"""segment: train a network of the baseline's architecture to say what each pixel shows, with several training seeds."""

import argparse
from functools import partial
from pathlib import Path

from pipeline import arguments, errors, params
from pipeline.files import empty_folder
from pipeline.params import BASELINE

SHOWN = 8  # composites in the pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--out", type=arguments.out, required=True, help="folder for weights, tables and pictures")
    args = parser.parse_args()
    values = params.load(args.params)
    if not values.segment.run:
        empty_folder(args.out)
        return
    # Torch takes seconds to import, and a stage that has nothing to do does not need it.
    import torch._dynamo  # noqa: F401  # what an optimizer imports: here, and not in every replica's process

    from pipeline import compute
    from pipeline.processes import side_by_side

    replicas = values.replicas[: values.segment.replicas]
    start = compute.start(values.compute.device)
    side_by_side(partial(train, args, values), replicas, values.compute.side_by_side, start)
    test(args, values, replicas)


def train(args: argparse.Namespace, values: params.Params, replica: int) -> None:
    """Train the network of one training seed."""
    import pandas as pd

    from pipeline import compute
    from pipeline.data import prepared
    from pipeline.files import replacing
    from pipeline.progress import bar
    from pipeline.segmentation import network, segmented, training
    from pipeline.tables import write_csv

    device = compute.device(values.compute.device, values.compute.replica_threads)
    dataset = prepared.dataset(args.data)
    shape = (dataset.image_size, dataset.image_channels, len(dataset.classes))
    model = network.build(values.architecture(BASELINE), *shape, replica).to(device)
    images = values.segment.images
    warmup = values.train.warmup * images // values.train.images  # the same share of the training
    own = {"images": images, "batch_size": values.segment.batch_size, "warmup": warmup}
    chosen = values.train.model_copy(update=own)
    with bar(f"segment: {replica}", chosen.images, "img") as progress:
        finished, losses = training.train(
            model, dataset.split("train"), dataset.masks("train"), chosen, replica, progress.update
        )
    with replacing(segmented.model(args.out, replica)) as folder:
        finished.cpu().save_pretrained(folder, safe_serialization=True)
        seen = [chosen.batch_size * (i + 1) for i in range(len(losses))]
        write_csv(folder / "losses.csv", pd.DataFrame({"images_seen": seen, "loss": losses}), "%.6g")


def test(args: argparse.Namespace, values: params.Params, replicas: list[int]) -> None:
    """Test the networks of all training seeds on held-out images on held-out textures, and write what was found."""
    import numpy as np
    import pandas as pd

    from pipeline import compute
    from pipeline.data import prepared
    from pipeline.data.images import evenly, in_turn
    from pipeline.diffusion import unet
    from pipeline.segmentation import composites, segmented, training

    device = compute.device(values.compute.device, values.compute.threads)
    dataset = prepared.dataset(args.data)
    real, classes = dataset.split("test"), len(dataset.classes)
    index = evenly(real.labels, values.segment.tested)
    index = index[in_turn(real.labels[index], values.bootstrap.seed)]
    chosen, masks = real[index], dataset.masks("test")[index]
    pictures, true = composites.compose(chosen.images, masks, chosen.labels, "test", np.random.default_rng(0))
    rows, shown = [], {"composites": pictures[:SHOWN], "true": true[:SHOWN]}
    for replica in replicas:
        predicted = training.predict(unet.load(segmented.model(args.out, replica)).to(device), pictures)
        shown.setdefault("predicted", predicted[:SHOWN])
        found = training.overlaps(predicted, true, classes)
        names = [segmented.BACKGROUND, *range(classes)]
        rows += [
            {"replica": replica, "class": name, "iou": value, "n": len(chosen)}
            for name, value in zip(names, found, strict=True)
        ]
    segmented.Segmented(pd.DataFrame(rows), shown).save(args.out)


if __name__ == "__main__":
    errors.run(main)

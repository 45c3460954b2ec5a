"""evaluate: one set of images against the real training images, as the judges see them."""

import argparse
from pathlib import Path

import numpy as np

from pipeline import compute, errors, params
from pipeline.data.images import evenly, load
from pipeline.files import read_json, replacing, write_json
from pipeline.judges import classifier, metrics, reference
from pipeline.judges.features import choose, extract


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True, help="folder of images with the labels asked for")
    parser.add_argument("--at-most", type=int, help="images, evenly over the classes; not given: all")
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--judges", type=Path, required=True, help="folder that judges wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder of features, resamples and metrics.json")
    args = parser.parse_args()
    values = params.load(args.params)
    device = compute.device(values.compute.device, values.compute.threads)
    images = load(args.images)
    images = images[evenly(images.labels, args.at_most or len(images))]
    dataset = read_json(args.data / "dataset.json")
    trained = classifier.load(args.judges / "classifier").to(device)
    judge = choose(values.judges, trained)
    real = reference.load(args.judges / "reference", dataset["sha256"]["train"], judge)

    features = extract(judge, images.images, device)
    recognised_as = classifier.predict(trained, images.images)
    result = metrics.compare(features, images.labels, recognised_as, real, judge, values.evaluate)

    with replacing(args.out) as folder:
        folder.mkdir()
        np.savez(folder / "features.npz", features=features.astype(np.float32), recognised_as=recognised_as)
        result.replicates.to_csv(folder / "bootstrap.csv", index=False)
        write_json(folder / "metrics.json", result.numbers)


if __name__ == "__main__":
    errors.run(main)

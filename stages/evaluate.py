"""evaluate: one set of images, and its snapshots', against the real training images, as the judges see them."""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import compute, errors, params
from pipeline.data.images import evenly, in_turn, load
from pipeline.files import read_json, replacing, write_json
from pipeline.judges import classifier, memorisation, metrics, reference
from pipeline.judges.features import choose, extract


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True, help="folder of images with the labels asked for")
    parser.add_argument("--at-most", type=int, help="images, evenly over the classes; not given: all")
    parser.add_argument("--snapshot-count", type=int, required=True, help="images of each snapshot, the first seeds")
    parser.add_argument("--snapshots", type=Path, help="folder of folders of images, by images seen in training")
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--judges", type=Path, required=True, help="folder that judges wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder of features, resamples and numbers")
    args = parser.parse_args()
    values = params.load(args.params)
    device = compute.device(values.compute.device, values.compute.threads)
    images = load(args.images)
    if args.at_most:
        images = images[evenly(images.labels, args.at_most)]
        images = images[in_turn(images.labels)]
    dataset = read_json(args.data / "dataset.json")
    trained = classifier.load(args.judges / "classifier").to(device)
    judge = choose(values.judges, trained)
    real = reference.load(args.judges / "reference", dataset["sha256"]["train"], judge)

    features = extract(judge, images.images, device)
    recognised_as = classifier.predict(trained, images.images)
    position, distance = memorisation.nearest(images.images, load(args.data / "train").images, device)
    table = pd.DataFrame(
        {
            "id": images.ids,
            "label": images.labels,
            "recognised_as": recognised_as,
            "nearest_training": position,
            "training_distance": distance,
            "blur": metrics.blurs(images.images),
        }
    )
    result = metrics.compare(features, table, real, judge, values.evaluate.neighbours, values.bootstrap)
    classes = metrics.by_class(features, images.labels, recognised_as, real, judge, values.bootstrap)

    first = slice(args.snapshot_count)  # the seeds of the snapshots, at the end of training
    marks = {"end": (features[first], images.labels[first], recognised_as[first])}
    for folder in sorted(args.snapshots.iterdir(), key=lambda each: int(each.name)) if args.snapshots else []:
        then = load(folder)
        seen = classifier.predict(trained, then.images)
        marks[folder.name] = (extract(judge, then.images, device), then.labels, seen)
    snapshots = {mark: metrics.brief(*of, real, judge, values.bootstrap) for mark, of in marks.items()}

    with replacing(args.out) as folder:
        folder.mkdir()
        np.savez(folder / "features.npz", features=features.astype(np.float32), recognised_as=recognised_as)
        table.to_csv(folder / "images.csv", index=False, float_format="%.6g")
        result.replicates.to_csv(folder / "bootstrap.csv", index=False)
        write_json(folder / "metrics.json", result.numbers)
        write_json(folder / "classes.json", {str(label): numbers for label, numbers in classes.items()})
        write_json(folder / "snapshots.json", {mark: found.numbers for mark, found in snapshots.items()})
        columns = [found.replicates.add_prefix(f"{mark}.") for mark, found in snapshots.items()]
        pd.concat(columns, axis=1).to_csv(folder / "snapshots.csv", index=False)


if __name__ == "__main__":
    errors.run(main)

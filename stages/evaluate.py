"""evaluate: compare one set of images, and its snapshots, with the real training images, as the judges see them."""

import argparse
from pathlib import Path

from pipeline import compute, errors, params
from pipeline.data import prepared
from pipeline.data.images import evenly, in_turn, load
from pipeline.diffusion.sampled import snapshots
from pipeline.judges import classifier, reference
from pipeline.judges.evaluation import Judges, evaluate
from pipeline.judges.features import choose


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True, help="folder of images, each with its label")
    parser.add_argument("--at-most", type=int, help="how many images to take, evenly over the classes; not given: all")
    parser.add_argument("--snapshot-count", type=int, required=True, help="how many images each snapshot has")
    parser.add_argument(
        "--snapshots", type=Path, help="folder with a folder of images per snapshot, named by images seen"
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--judges", type=Path, required=True, help="folder that judges wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder for features, resamples and numbers")
    args = parser.parse_args()
    values = params.load(args.params)
    device = compute.device(values.compute.device, values.compute.threads)
    images = load(args.images)
    if args.at_most:
        images = images[evenly(images.labels, args.at_most)]
        images = images[in_turn(images.labels, values.bootstrap.seed)]
    dataset = prepared.dataset(args.data)
    trained = classifier.load(args.judges / "classifier").to(device)
    judge = choose(values.judges, trained)
    real = reference.load(args.judges / "reference", dataset.sha256["train"], judge)
    found, features = evaluate(
        Judges(trained, judge, real, device),
        images,
        snapshots(args.snapshots),
        dataset.split("train"),
        args.snapshot_count,
        values.evaluate.neighbours,
        values.bootstrap,
    )
    found.save(args.out, features)


if __name__ == "__main__":
    errors.run(main)

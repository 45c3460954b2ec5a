"""evaluate: compare the images of every replica of a variant, and of its snapshots, with the real training images, as
the judges see them; or one set of images."""

import argparse
from functools import partial
from pathlib import Path

from pipeline import arguments, compute, errors, params
from pipeline.data import images, prepared
from pipeline.data.images import ImageSet, evenly, in_turn
from pipeline.diffusion import sampled
from pipeline.files import part
from pipeline.judges import classifier, reference, second, teaching
from pipeline.judges.evaluation import Judges, evaluate
from pipeline.judges.features import choose
from pipeline.processes import side_by_side


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--sampled", type=Path, help="folder that sample wrote: every replica is evaluated")
    source.add_argument("--images", type=Path, help="folder of one set of images, each with its label")
    parser.add_argument(
        "--at-most", type=arguments.count, help="how many images to take, evenly over the classes; not given: all"
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--judges", type=Path, required=True, help="folder that judges wrote")
    parser.add_argument("--out", type=arguments.out, required=True, help="folder for features, resamples and numbers")
    args = parser.parse_args()
    values = params.load(args.params)
    if args.images:
        found = chosen(images.load(args.images), args.at_most, values.bootstrap.seed)
        real = prepared.dataset(args.data).split("train")
        judge(args, values, found, {}, teaching.ceiling(real, len(found)), 0, args.out)
        return

    import torch._dynamo  # noqa: F401  # what an optimizer imports: here, and not in every replica's process

    start = compute.start(values.compute.device)
    side_by_side(partial(of_replica, args, values), values.replicas, values.compute.side_by_side, start)


def of_replica(args: argparse.Namespace, values: params.Params, replica: int) -> None:
    """Evaluate what one replica has drawn."""
    real = prepared.dataset(args.data).split("train")
    drawn = images.load(part(args.sampled, "images", replica))
    snapshots = sampled.snapshots(part(args.sampled, "snapshots", replica))
    judge(args, values, drawn, snapshots, teaching.lessons(drawn, real), replica, args.out / str(replica))


def chosen(found: ImageSet, at_most: int | None, seed: int) -> ImageSet:
    """Take at most so many images, evenly over the classes and with the classes in turn, each in an order that is drawn
    from the seed."""
    if not at_most:
        return found
    found = found[evenly(found.labels, at_most)]
    return found[in_turn(found.labels, seed)]


def judge(
    args: argparse.Namespace,
    values: params.Params,
    found: ImageSet,
    snapshots: dict[int, ImageSet],
    lessons: dict[str, ImageSet],
    seed: int,
    out: Path,
) -> None:
    """Evaluate one set of images and its snapshots, and write what was found to `out`.

    lessons: the sets that a classifier learns from, whose fresh weights are drawn from `seed`.
    """
    device = compute.device(values.compute.device, values.compute.replica_threads)
    dataset = prepared.dataset(args.data)
    trained = classifier.load(args.judges / "classifier").to(device)
    eye = choose(values.judges, trained)
    other = second.learn(dataset.split("train"), values.judges.reference)
    real = reference.load(args.judges / "reference", dataset.sha256["train"], eye)
    learning = values.judges.classifier.model_copy(
        update={"images": values.evaluate.teaching_images, "seed": values.judges.classifier.seed + 1 + seed}
    )
    taught = teaching.scores(lessons, dataset.split("test"), len(dataset.classes), learning, device)
    result, features = evaluate(
        Judges(trained, other, eye, real, device),
        found,
        snapshots,
        dataset.split("train"),
        values.sample.snapshot_count,
        values.evaluate.neighbours,
        taught,
        values.bootstrap,
    )
    result.save(out, features)


if __name__ == "__main__":
    errors.run(main)

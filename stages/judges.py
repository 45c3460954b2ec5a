"""judges: train the data set's classifier, see whether it can judge, and keep the real images' statistics."""

import argparse
from pathlib import Path

from pipeline import compute, errors, params
from pipeline.data.images import load
from pipeline.data.tensors import resident
from pipeline.files import read_json, write_json
from pipeline.judges import classifier, number, reference
from pipeline.judges.features import choose, extract
from pipeline.progress import bar


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder of classifier, reference and quality.json")
    args = parser.parse_args()
    values = params.load(args.params)
    device = compute.device(values.compute.device, values.compute.threads)
    dataset = read_json(args.data / "dataset.json")
    real, held_out = load(args.data / "train"), load(args.data / "test")

    trained = None
    with bar("judges: classifier", values.judges.classifier.images, "img") as progress:
        for seen, trained in classifier.train(
            *resident(real, device), len(dataset["classes"]), values.judges.classifier
        ):
            progress.update(seen - progress.n)
    assert trained is not None
    right = classifier.predict(trained, held_out.images) == held_out.labels
    judge = choose(values.judges, trained)
    features = extract(judge, real.images, device)

    chosen = reference.choose(features, real.labels, values.judges.reference)
    reference.save(args.out / "reference", dataset["sha256"]["train"], judge, chosen)
    classifier.save(trained, args.out / "classifier")
    accuracy = float(right.mean())
    write_json(
        args.out / "quality.json",
        {
            "judge": values.judges.judge,
            "frechet": judge.frechet,
            "kernel": judge.kernel,
            "can_judge": accuracy >= values.judges.classifier.min_accuracy,
            "min_accuracy": values.judges.classifier.min_accuracy,
            "accuracy": {"value": accuracy, "n": len(right), "ci95": bootstrap.proportion_interval(right)},
        },
    )


if __name__ == "__main__":
    errors.run(main)

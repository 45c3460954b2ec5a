"""judges: train the data set's classifier, test whether it can judge, and keep the statistics of the real images."""

import argparse
from pathlib import Path

from pipeline import arguments, compute, errors, params
from pipeline.data import prepared
from pipeline.data.tensors import resident
from pipeline.judges import classifier, number, reference
from pipeline.judges.features import choose, extract
from pipeline.judges.quality import Quality
from pipeline.progress import bar


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument(
        "--out", type=arguments.out, required=True, help="folder for classifier, reference and quality.json"
    )
    args = parser.parse_args()
    values = params.load(args.params)
    device = compute.device(values.compute.device, values.compute.threads)
    dataset = prepared.dataset(args.data)
    real, held_out = dataset.split("train"), dataset.split("test")

    trained = None
    with bar("judges: classifier", values.judges.classifier.images, "img") as progress:
        for seen, trained in classifier.train(*resident(real, device), len(dataset.classes), values.judges.classifier):
            progress.update(seen - progress.n)
    assert trained is not None
    right = classifier.predict(trained, held_out.images) == held_out.labels
    judge = choose(values.judges, trained)
    features = extract(judge, real.images, device)

    chosen = reference.choose(features, real.labels, values.judges.reference)
    reference.save(args.out / "reference", dataset.sha256["train"], judge, chosen)
    classifier.save(trained, args.out / "classifier")
    accuracy, required = number.share(right), values.judges.classifier.min_accuracy
    can_judge = accuracy["value"] >= required
    Quality(values.judges.judge, judge.frechet, judge.kernel, can_judge, required, accuracy).save(args.out)


if __name__ == "__main__":
    errors.run(main)

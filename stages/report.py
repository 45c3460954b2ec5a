"""report: everything that the stages found, as summary.json, figures and a Markdown page; then MLflow is told."""

import argparse
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import errors, params
from pipeline.data.images import load
from pipeline.files import read_json, replacing, write_json, write_text
from pipeline.orchestration import tracking
from pipeline.reporting import figures, report
from pipeline.reporting.grid import contact_sheet
from pipeline.reporting.summary import Results, summarise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--outputs", type=Path, required=True, help="folder of the stages' outputs")
    parser.add_argument("--out", type=Path, required=True, help="folder of report.md, summary.json and figures")
    args = parser.parse_args()
    values = params.load(args.params)
    outputs = args.outputs
    dataset = read_json(outputs / "prepare" / "dataset.json") | read_json(outputs / "prepare" / "provenance.json")
    quality = read_json(outputs / "judges" / "quality.json")
    floor = read_json(outputs / "evaluate" / "floor" / "metrics.json")
    replicas = values.train.replicas
    results = {variant: [_results(outputs, variant, replica) for replica in replicas] for variant in values.variants}
    samples = {variant: load(outputs / "sample" / variant / str(replicas[0])) for variant in values.variants}

    summary = summarise(results, floor, quality, dataset, values.evaluate)
    page = report.render(
        summary,
        values,
        quality,
        dataset,
        {variant: runs[0].costs for variant, runs in results.items()},
        next(iter(results.values()))[0].timing["device"].upper(),
    )

    shown = min(values.report.grid_seeds, values.sample.count)
    first = next(iter(samples.values()))
    with replacing(args.out / "figures") as folder:
        folder.mkdir()
        contact_sheet(
            folder / "samples.png",
            np.stack([images.images[:shown] for images in samples.values()]),
            list(samples),
            [
                f"{dataset['classes'][c]}\nseed {i}"
                for c, i in zip(first.labels[:shown], first.ids[:shown], strict=True)
            ],
            "Samples: a column per seed and class asked for, a row per variant"
            + (" (first replica)" * (len(replicas) > 1)),
        )
        figures.loss_curves(folder / "loss.png", {v: [run.curve for run in runs] for v, runs in results.items()})
        frechet = quality["frechet"]
        figures.distances(
            folder / "distances.png",
            {variant: summary[f"evaluate.{variant}.{frechet}"] for variant in results},
            summary[f"evaluate.floor.{frechet}"],
            report.NAMES[frechet],
        )
        shutil.copy(outputs / "prepare" / "classes.png", folder / "classes.png")
    write_json(args.out / "summary.json", summary)
    write_text(args.out / "report.md", page)

    architectures = {variant: values.architecture(variant).model_dump() for variant in values.variants}
    tracking.record(outputs, args.out / "figures", values.model_dump(), architectures, replicas)


def _results(outputs: Path, variant: str, replica: int) -> Results:
    trained, evaluated = (outputs / stage / variant / str(replica) for stage in ("train", "evaluate"))
    return Results(
        pd.read_csv(trained / "loss.csv"),
        pd.read_csv(trained / "validation.csv"),
        read_json(trained / "costs.json"),
        read_json(trained / "timing.json"),
        read_json(evaluated / "metrics.json"),
        pd.read_csv(evaluated / "bootstrap.csv"),
    )


if __name__ == "__main__":
    errors.run(main)

"""report: everything that the stages found, as summary.json, figures and a Markdown page; then MLflow is told."""

import argparse
import shutil
from pathlib import Path

import pandas as pd

from pipeline import errors, params
from pipeline.data.images import load
from pipeline.files import read_json, replacing, write_json, write_text
from pipeline.orchestration import tracking
from pipeline.params import BASELINE
from pipeline.reporting import figures, microscope, pictures, report, results
from pipeline.reporting.ledger import ledger
from pipeline.reporting.summary import summarise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--outputs", type=Path, required=True, help="folder of the stages' outputs")
    parser.add_argument("--out", type=Path, required=True, help="folder of report.md, summary.json and figures")
    args = parser.parse_args()
    values = params.load(args.params)
    outputs = args.outputs
    dataset = read_json(outputs / "prepare" / "dataset.json") | read_json(outputs / "prepare" / "provenance.json")
    classes = pd.read_csv(outputs / "prepare" / "classes.csv")
    quality = read_json(outputs / "judges" / "quality.json")
    floor = results.evaluated(outputs / "evaluate" / "floor")
    replicas = values.replicas
    runs = {v: [results.run(outputs, v, replica) for replica in replicas] for v in values.variants}

    summary = summarise(runs, floor, quality, dataset, classes, values.bootstrap, values.report.early)
    swept = {name: results.swept(outputs, name) for name in values.subjects}
    for name, found in swept.items():
        summary |= microscope.entries(name, found)
    decided = ledger(summary)
    summary |= {f"claims.{name}": entry for name, entry in decided.items() if "value" in entry}
    device = runs[BASELINE][0].training["device"].upper()
    costs = {variant: of[0].costs for variant, of in runs.items()}

    with replacing(args.out / "figures") as folder:
        folder.mkdir()
        sections = [
            microscope.section(name, found, summary, values, folder, report.NAMES[quality["frechet"]])
            for name, found in swept.items()
        ]
        first = {v: outputs / "sample" / v / str(replicas[0]) for v in values.variants}
        pictures.samples(
            folder / "samples.png",
            {variant: load(sampled / "images") for variant, sampled in first.items()},
            dataset["classes"],
            values.report.grid_seeds,
            len(replicas) > 1,
        )
        for variant, sampled in first.items():
            marks = {str(images): sampled / "snapshots" / mark for mark, images in runs[variant][0].marks.items()}
            marks[list(marks)[-1]] = sampled / "images"
            pictures.over_training(
                folder / f"snapshots-{variant}.png",
                variant,
                {images: load(path) for images, path in marks.items()},
                dataset["classes"],
                values.report.grid_seeds,
            )
        pictures.nearest(
            folder / "nearest.png",
            load(first[BASELINE] / "images"),
            load(outputs / "prepare" / "train"),
            runs[BASELINE][0].evaluated.images,
            values.report.grid_seeds,
        )
        figures.loss_curves(folder / "loss.png", {v: [run.curve for run in of] for v, of in runs.items()})
        figures.early_loss(
            folder / "early_loss.png", {v: [run.updates for run in of] for v, of in runs.items()}, values.report.early
        )
        report.draw(folder, summary, values, quality["frechet"], dataset["classes"])
        shutil.copy(outputs / "prepare" / "classes.png", folder / "classes.png")
    page = report.render(summary, decided, values, quality, dataset, costs, device, sections)
    write_json(args.out / "summary.json", summary)
    write_text(args.out / "report.md", page)

    architectures = {variant: values.architecture(variant).model_dump() for variant in values.variants}
    tracking.record(outputs, args.out / "figures", values.model_dump(), architectures, replicas)


if __name__ == "__main__":
    errors.run(main)

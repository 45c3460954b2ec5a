"""Methods: the data, the judge, training, sampling and intervals, so that a reader can do it again."""

from pathlib import Path

import numpy as np

from pipeline.diffusion.seeds import REPLICA_SEEDS
from pipeline.judges.number import counted
from pipeline.reporting.claims import Claim
from pipeline.reporting.grid import contact_sheet
from pipeline.reporting.page import Picture, Pictures, fill
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary
from pipeline.reporting.table import Cell, Column, Table, listed, percent, text, words

NAME, TITLE = "methods", "How the numbers were made"
CLAIMS: list[Claim] = []
SPLITS = ("train", "validation", "test")
SHOWN_PER_CLASS, SHOWN_CLASSES = 10, 20


def read(study: Study) -> Study | None:
    """The data set and the judge; None where there is none."""
    return study if (study.outputs / "judges").is_dir() else None


def numbers(study: Study) -> Summary:
    """Images in every split, those that are in an earlier one too, and the judge's accuracy."""
    prepared, quality = study.prepared, study.quality
    out: Summary = {"judges.accuracy": {**quality.accuracy, "required": quality.min_accuracy}}
    for split, count in prepared.count.items():
        out[f"prepare.{split}"] = {**counted(count, count), "sha256": prepared.sha256[split]}
    for split, count in prepared.repeated.items():
        out[f"prepare.{split}.repeated"] = counted(count, prepared.count[split])
    return out


def draw(study: Study, summary: Summary, folder: Path) -> Pictures:
    """Training images of every class, or of the first ones where there are many."""
    train, prepared = study.prepared.split("train"), study.prepared
    shown = prepared.classes[:SHOWN_CLASSES]
    firsts = [np.resize(np.flatnonzero(train.labels == c), SHOWN_PER_CLASS) for c in range(len(shown))]
    every = len(shown) == len(prepared.classes)
    contact_sheet(
        folder / "classes.png",
        np.stack([train.images[index] for index in firsts]),
        shown,
        [""] * SHOWN_PER_CLASS,
        f"{prepared.name}: training images of {'every class' if every else f'the first {len(shown)} classes'}",
    )
    caption = "Real training images, a row per class: this is what the variants learn to draw."
    return {"classes": Picture(f"{NAME}/classes.png", caption)}


def finding(study: Study, summary: Summary) -> None:
    """Methods have no finding."""


def page(study: Study, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown."""
    params, prepared = study.params, study.prepared
    sample, timesteps = params.sample, params.sampler.timesteps
    return fill(
        Path(__file__).with_suffix(".md"),
        **pictures,
        origin=prepared.origin,
        count={split: f"{summary[f'prepare.{split}']['value']:,}" for split in SPLITS},
        repeated={split: f"{summary[f'prepare.{split}.repeated']['value']:,}" for split in SPLITS[1:]},
        sha256=prepared.sha256["train"][:16],
        own_split=params.data.test == "original",
        split_seed=params.data.seed,
        accuracy=text(summary["judges.accuracy"], 1, 100),
        judged=summary["judges.accuracy"]["n"],
        required=percent(study.quality.min_accuracy),
        velocity=params.diffusion.prediction == "v",
        diffusion=params.diffusion,
        train=params.train,
        replicas=listed(params.replicas),
        count_replicas=len(params.replicas),
        several=study.several,
        sampler=params.sampler.name.upper(),
        evenly=timesteps if isinstance(timesteps, int) else 0,
        timesteps="" if isinstance(timesteps, int) else ", ".join(map(str, timesteps)),
        first_seed=params.sampler.first_seed,
        last_seed=params.sampler.first_seed + sample.count - 1,
        apart=f"{REPLICA_SEEDS:,}",
        resamples=f"{params.bootstrap.resamples:,}",
        rate=percent(params.claims.false_discovery_rate),
        settings=_settings(study),
    )


def _settings(study: Study) -> Table:
    """What was done here, beside what the sources say that they did."""
    params, prepared = study.params, study.prepared
    timesteps = params.sampler.timesteps
    steps = timesteps if isinstance(timesteps, int) else len(timesteps)
    size, updates = prepared.image_size, study.baseline.images_seen // params.train.batch_size
    rows: list[list[Cell]] = [
        ["images", prepared.name, None, "MNIST", "Fashion-MNIST", "drawn by GLIDE"],
        ["pixels", f"{size}x{size}", None, "28x28", "28x28", "64x64"],
        ["parameters of the network", int(study.baseline.trained.costs["parameters"]), None, 957_513, None, None],
        ["updates", updates, 100_000, None, None, None],
        ["batch size", params.train.batch_size, None, 64, None, None],
        ["trainings of a variant", len(params.replicas), 1, None, None, None],
        ["noise levels in training", params.diffusion.timesteps, None, 100, 100, None],
        ["steps of the sampling loop", f"{steps} ({params.sampler.name.upper()})", None, 100, 100, 100],
        ["images that a distance is over", params.sample.count, None, None, None, None],
        ["images that an intervention is over", params.intervene.seeds, None, None, None, 100],
    ]
    columns = [words(""), *(Column(name) for name in ("here", "Lu and Li", "Morathi", "Brown", "Prasad et al."))]
    return Table(columns, rows)

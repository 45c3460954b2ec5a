"""Made-up results of two variants."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import params
from pipeline.data.images import ImageSet
from pipeline.data.prepared import Prepared
from pipeline.diffusion.sampled import Sampled
from pipeline.diffusion.trained import Trained
from pipeline.judges.evaluated import Evaluated
from pipeline.judges.quality import Quality
from pipeline.reporting.chapters import CHAPTERS
from pipeline.reporting.results import Run
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary
from tests.reporting.unrendered import defaults

METRICS = (
    "fd_classifier",
    "kd_classifier",
    "precision",
    "recall",
    "density",
    "coverage",
    "accuracy",
    "second_accuracy",
)
METRICS += ("training_distance", "blur", "class_imbalance", "taught", "taught_with_real")
SIZES = ("fd_classifier", "kd_classifier", "density", "training_distance")
UNET = {"res_blocks": 2, "channels": [8, 8], "class_embedding": True}


def images(count: int, level: int = 0) -> ImageSet:
    pixels = np.full((count, 8, 8, 1), level, np.uint8)
    return ImageSet(pixels, np.arange(count) % 3, np.arange(count) + 100)


def evaluated(seed: int, worse: float) -> Evaluated:
    """Numbers and replicates that are `worse` times the baseline's, with some noise of their own."""
    rng, common = np.random.default_rng(seed), np.random.default_rng(99)
    replicates = pd.DataFrame(
        {name: worse * (2 + 0.1 * common.random(200)) + 0.01 * rng.random(200) for name in METRICS}
    )
    for name in METRICS:
        replicates[name] *= 1 if name in SIZES else 0.4

    def number(value: float, n: int = 40, kind: str = "size") -> dict:
        ends = [worse * value * 0.97, worse * value * 1.03]
        return {"value": worse * value, "n": n, "n_reference": 90, "ci95": ends, "kind": kind}

    seen = {"label": np.arange(40) % 3, "training_distance": worse * np.linspace(0.05, 0.25, 40)}
    images = pd.DataFrame({**seen, "nearest_training": np.arange(40)})
    share = {"value": 0.9, "n": 10, "ci95": [0.85, 0.93]}
    classes = {
        str(c): {"fd_classifier": number(3 + c), "accuracy": share, "second_accuracy": share, "seen": share}
        for c in range(3)
    }
    snapshots = {
        mark: {"fd_classifier": number(value, 20), "accuracy": {**share, "n": 20}}
        for mark, value in (("32", 9.0), ("end", 3.0))
    }
    then = {
        mark: pd.DataFrame(
            {
                name: worse * value * (1 + 0.01 * common.random(200)) + 0.001 * rng.random(200)
                for name in ("fd_classifier", "accuracy")
            }
        )
        for mark, value in (("32", 9.0), ("end", 3.0))
    }
    return Evaluated(
        {name: number(2.05) if name in SIZES else number(0.82, kind="share") for name in METRICS},
        replicates,
        images,
        classes,
        snapshots,
        then,
    )


def made(seed: int, worse: float, **architecture: object) -> Run:
    """A training with losses `worse` times the baseline's."""
    rng, common = np.random.default_rng(seed), np.random.default_rng(98)
    draw, image = np.indices((2, 30)).reshape(2, -1)
    losses = worse * (1 + common.random(60)) + 0.01 * rng.random(60)
    t = (np.arange(60) * 7) % 60
    validation = pd.DataFrame(
        {"draw": draw, "id": image + 500, "label": image % 3, "t": t, "snr_db": 30.0 - t, "loss": losses}
    )
    validation["noise_mean"] = rng.normal(0, 0.1, 60)
    validation["predicted_mean"] = validation["noise_mean"] * (1 - 0.3 * worse * t / 60) + rng.normal(0, 0.01, 60)
    curve = pd.DataFrame(
        {"images_seen": [0, 32, 64], "train_loss": [np.nan, 3.0, 2.0], "validation_loss": [4.0, 3.5, losses.mean()]}
    )
    updates = pd.DataFrame({"images_seen": np.arange(1, 65), "loss": worse * (2 + common.random(64))})
    costs = {
        "architecture": {**UNET, **architecture},
        "parameters": 12345,
        "channels_per_level": [8, 8],
        "multiply_adds": 5_000_000,
        "weight_bytes": 49380,
        "training_bytes_per_image": 99999,
    }
    training = {"train_seconds": 12.0 + seed, "device": "cpu", "peak_bytes": 2**30}
    sampling = {"seconds": 8.0, "images": 40, "batch_size": 20, "peak_bytes": 2**29}
    trained = Trained(Path(), seed, curve, updates, validation, costs, training)
    level = 10 * seed % 256
    drawn = Sampled(images(40, level), {32: images(40, level)}, sampling)
    return Run(trained, drawn, evaluated(seed, worse))


@pytest.fixture
def deciding() -> params.Claims:
    """How claims are decided, as params.yaml has it."""
    return defaults().claims


@pytest.fixture
def result():
    return made


@pytest.fixture
def results() -> dict[str, list[Run]]:
    return {"baseline": [made(0, 1.0)], "wide": [made(1, 0.8, channels=[16, 16])]}


@pytest.fixture
def quality() -> Quality:
    accuracy = {"value": 0.98, "n": 45, "ci95": [0.9, 1.0]}
    return Quality("classifier", "fd_classifier", "kd_classifier", True, 0.95, accuracy)


@pytest.fixture
def prepared() -> Prepared:
    return Prepared(
        Path(),
        name="made-up",
        origin="nowhere",
        repeated={"validation": 0, "test": 3},
        image_size=8,
        image_channels=1,
        stroke_thirds=None,
        classes=["a", "b", "c"],
        count={"train": 90, "validation": 30, "test": 45},
        sha256=dict.fromkeys(("train", "validation", "test"), "0" * 64),
        complexity=pd.DataFrame(
            {"class": [0, 1, 2], "n": 30, "stroke_length": [5.0, 7.0, 9.0], "variance": [0.1, 0.3, 0.2]}
        ),
    )


@pytest.fixture
def study(tmp_path: Path, quality: Quality, prepared: Prepared) -> Callable[..., Study]:
    """study(results, floor=None, quality=..., **sections): made-up results as a study, the floor being
    half the baseline; sections: of params.yaml, to be put in the place of its own."""

    def make(results: dict[str, list[Run]], floor: Evaluated | None = None, **changes: object) -> Study:
        whole = defaults()
        marks = [int(mark) for mark in results["baseline"][0].evaluated.snapshots if mark != "end"]
        sections: dict = {
            "variants": {name: {} for name in results},
            "bootstrap": whole.bootstrap.model_copy(update={"resamples": 200}),
            "report": whole.report.model_copy(update={"early": 0.25}),
            "train": whole.train.model_copy(update={"snapshots": marks, "warmup": 0}),
            "replicas": list(range(len(results["baseline"]))),
        }
        sections |= {name: value for name, value in changes.items() if name in type(whole).model_fields}
        made = Study(tmp_path / "outputs", whole.model_copy(update=sections))
        vars(made).update(runs=results, floor=floor or evaluated(5, 0.5))
        vars(made).update(quality=changes.get("quality", quality))
        vars(made).update(prepared=replace(prepared, folder=made.outputs / "prepare"))
        for stage in ("train", "evaluate", "judges", "prepare"):
            (made.outputs / stage / "baseline").mkdir(parents=True, exist_ok=True)
        images(90).save(made.outputs / "prepare/train")
        return made

    return make


def summarise(study: Study) -> Summary:
    """The numbers of every chapter that is there."""
    out: Summary = {}
    for chapter in CHAPTERS:
        found = chapter.read(study)
        out |= {} if found is None else chapter.numbers(found)
    return out


@pytest.fixture
def summed(study: Callable[..., Study]) -> Callable[..., Summary]:
    """summed(results, floor=None): the summary of made-up results."""
    return lambda *args, **changes: summarise(study(*args, **changes))

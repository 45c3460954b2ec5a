"""Made-up results of two variants."""

import numpy as np
import pandas as pd
import pytest

from pipeline.params import Bootstrap
from pipeline.reporting.results import Evaluated, Run
from pipeline.reporting.summary import summarise

RESAMPLING = Bootstrap(resamples=200, seed=0)
METRICS = ("fd_classifier", "kd_classifier", "precision", "recall", "density", "coverage", "accuracy")
METRICS += ("training_distance", "blur", "class_imbalance")
UNET = {"res_blocks": 2, "channels": [8, 8], "class_embedding": True}


def evaluated(seed: int, worse: float) -> Evaluated:
    """Numbers and replicates that are `worse` times the baseline's, with some noise of their own."""
    rng, common = np.random.default_rng(seed), np.random.default_rng(99)
    replicates = pd.DataFrame(
        {name: worse * (2 + 0.1 * common.random(200)) + 0.01 * rng.random(200) for name in METRICS}
    )

    def number(value: float, n: int = 40) -> dict:
        return {"value": worse * value, "n": n, "n_reference": 90, "ci95": [worse * value * 0.97, worse * value * 1.03]}

    images = pd.DataFrame({"label": np.arange(40) % 3, "training_distance": worse * np.linspace(0.05, 0.25, 40)})
    share = {"value": 0.9, "n": 10, "ci95": [0.85, 0.93]}
    classes = {str(c): {"fd_classifier": number(3 + c), "accuracy": share, "seen": share} for c in range(3)}
    snapshots = {
        mark: {"fd_classifier": number(value, 20), "accuracy": {**share, "n": 20}}
        for mark, value in (("32", 9.0), ("end", 3.0))
    }
    columns = {
        f"{mark}.{name}": worse * value * (1 + 0.01 * common.random(200)) + 0.001 * rng.random(200)
        for mark, value in (("32", 9.0), ("end", 3.0))
        for name in ("fd_classifier", "accuracy")
    }
    return Evaluated(
        {name: number(2.05) for name in METRICS}, replicates, images, classes, snapshots, pd.DataFrame(columns)
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
    return Run(curve, updates, validation, costs, training, sampling, evaluated(seed, worse))


@pytest.fixture
def result():
    return made


@pytest.fixture
def results() -> dict[str, list[Run]]:
    return {"baseline": [made(0, 1.0)], "wide": [made(1, 0.8, channels=[16, 16])]}


@pytest.fixture
def quality() -> dict:
    accuracy = {"value": 0.98, "n": 45, "ci95": [0.9, 1.0]}
    return {
        "judge": "classifier",
        "frechet": "fd_classifier",
        "kernel": "kd_classifier",
        "can_judge": True,
        "min_accuracy": 0.95,
        "accuracy": accuracy,
    }


@pytest.fixture
def dataset() -> dict:
    return {
        "name": "made-up",
        "origin": "nowhere",
        "repeated": {"validation": 0, "test": 3},
        "image_size": 8,
        "image_channels": 1,
        "classes": ["a", "b", "c"],
        "count": {"train": 90, "validation": 30, "test": 45},
        "sha256": dict.fromkeys(("train", "validation", "test"), "0" * 64),
    }


@pytest.fixture
def summed(quality, dataset):
    """summed(results, floor=None): the summary of made-up results, the floor being half the baseline."""
    classes = pd.DataFrame({"class": [0, 1, 2], "n": 30, "stroke_length": [5.0, 7.0, 9.0], "variance": [0.1, 0.3, 0.2]})

    def make(results: dict[str, list[Run]], floor: Evaluated | None = None) -> dict:
        return summarise(results, floor or evaluated(5, 0.5), quality, dataset, classes, RESAMPLING, 0.25)

    return make

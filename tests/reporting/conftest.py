"""Made-up results of two variants."""

import numpy as np
import pandas as pd
import pytest

from pipeline.params import Evaluate
from pipeline.reporting.summary import Results

EVALUATE = Evaluate(bootstrap=200, neighbours=3, seed=0)
METRICS = ("fd_classifier", "kd_classifier", "precision", "recall", "accuracy")


def made(seed: int, worse: float) -> Results:
    """Numbers and replicates that are `worse` times the baseline's, with some noise of their own."""
    rng, common = np.random.default_rng(seed), np.random.default_rng(99)
    draw, image = np.indices((2, 30)).reshape(2, -1)
    losses = worse * (1 + common.random(60)) + 0.01 * rng.random(60)
    validation = pd.DataFrame({"draw": draw, "id": image + 500, "label": image % 3, "t": 5, "loss": losses})
    curve = pd.DataFrame({"images_seen": [0, 64], "train_loss": [np.nan, 2.0], "validation_loss": [4.0, losses.mean()]})
    replicates = pd.DataFrame(
        {name: worse * (2 + 0.1 * common.random(200)) + 0.01 * rng.random(200) for name in METRICS}
    )
    number = {"value": worse * 2.05, "n": 40, "n_reference": 90, "ci95": [worse * 2.0, worse * 2.1]}
    numbers = {name: dict(number) for name in METRICS}
    costs = {
        "architecture": {},
        "parameters": 12345,
        "channels_per_level": [8, 8],
        "multiply_adds": 5_000_000,
        "weight_bytes": 49380,
        "training_bytes_per_image": 99999,
    }
    return Results(curve, validation, costs, {"train_seconds": 12.0 + seed, "device": "cpu"}, numbers, replicates)


@pytest.fixture
def result():
    return made


@pytest.fixture
def results() -> dict[str, list[Results]]:
    return {"baseline": [made(0, 1.0)], "wide": [made(1, 0.8)]}


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

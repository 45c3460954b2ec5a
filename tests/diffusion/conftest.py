"""A training of seconds, and a copy of a pipeline to change."""

import shutil
from pathlib import Path

import pytest
import torch

from pipeline.diffusion import training
from pipeline.diffusion.validation import validation_set
from pipeline.params import Train
from tests.diffusion.runs import LEVELS, PARAMS


@pytest.fixture
def begin(tiny):
    """begin(seed=0, prediction="epsilon", difference={}, levels=LEVELS, **train parameters): a fresh run over twenty
    little bars; difference: of the U-Net."""
    images = torch.zeros((20, 1, 8, 8), dtype=torch.uint8)
    labels = torch.arange(20) % 3
    for image, label in zip(images, labels, strict=True):
        image[:, :, 2 * int(label) : 2 * int(label) + 2] = 255

    def make(
        seed: int = 0,
        prediction: str = "epsilon",
        difference: dict | None = None,
        levels: torch.Tensor = LEVELS,
        **changes: object,
    ) -> training.Training:
        params = Train(**{**PARAMS, **changes})
        validation = validation_set(images[:9], labels[:9], 2, len(levels))
        model = tiny(drops_labels=params.label_dropout > 0, **(difference or {}))
        return training.Training(model, images, labels, validation, levels, prediction, params, seed, "little")

    return make


@pytest.fixture
def copied(text_pipeline: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    return shutil.copytree(text_pipeline, tmp_path / "copy")

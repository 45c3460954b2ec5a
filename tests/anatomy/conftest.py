"""Tiny subjects: a variant told a class, a network told a text; and small sweeps."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from pipeline.anatomy.sweep import Loop
from pipeline.diffusion.schedule import alpha_bar
from pipeline.diffusion.subject import Subject
from pipeline.params import Intervene

TIMESTEPS = [999, 700, 400, 200, 50, 0]
INTERVENE = {
    "run": True,
    "seeds": 5,
    "starts": 3,
    "phase_starts": 3,
    "jump_noise": "whole",
    "jumps": [1, 2, 3],
    "length": 2,
    "skips": 1,
    "single_skips": False,
    "blocks": [1, 2],
    "fills": ["zeros", "cache"],
    "durations": [1, 2, 4],
    "relaxations": [0, 1, 2],
    "batch_size": 4,
    "shown": 2,
}


@pytest.fixture
def variant(tiny) -> Callable[..., Subject]:
    """variant(prediction="epsilon", **difference): 8x8 grey images of three classes."""

    def make(prediction: str = "epsilon", **difference: object) -> Subject:
        return Subject(tiny(**difference).eval(), prediction, alpha_bar("cosine", 1000), 3)

    return make


@pytest.fixture
def told(tiny_told) -> Callable[..., Subject]:
    """told(guidance=1.0, **difference): 8x8 latents of two channels, for three prompts."""

    def make(guidance: float = 1.0, **difference: object) -> Subject:
        words = torch.randn(4, 5, 6, generator=torch.Generator().manual_seed(1))
        return Subject(tiny_told(**difference), "epsilon", alpha_bar("linear", 1000), 3, words, guidance)

    return make


@pytest.fixture(params=["ddpm", "ddim of v", "guidance and a learned variance"])
def loop(request: pytest.FixtureRequest, variant, told) -> Loop:
    """Six uneven steps of a tiny subject, four images at a time."""
    subjects = {"ddim of v": lambda: variant("v"), "guidance and a learned variance": lambda: told(3.0, out_channels=4)}
    made = subjects.get(request.param, variant)()
    return Loop(made, TIMESTEPS, "ddim" if request.param == "ddim of v" else "ddpm", True, 4)


@pytest.fixture
def plain(variant) -> Loop:
    """The same six steps of the simplest of them."""
    return Loop(variant(), TIMESTEPS, "ddpm", True, 4)


@pytest.fixture
def chosen() -> Callable[..., Intervene]:
    """chosen(**difference): what the sweeps try."""
    return lambda **difference: Intervene(**{**INTERVENE, **difference})


@pytest.fixture
def seeds() -> np.ndarray:
    """Five of them, more than a batch."""
    return np.arange(5) + 40

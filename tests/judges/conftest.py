"""A CLIP with fresh weights for images of 8x8 pixels, as the stage `clip` builds it."""

import pytest

from pipeline import params
from pipeline.judges.clip import Clip
from tests.reporting.unrendered import defaults

WORDS = ["a", "b", "blurry", "clear", "good"]


@pytest.fixture(scope="session")
def clip_params() -> params.Clip:
    """The section `clip` for a CLIP of a few thousand weights."""
    sentences = {"plain": "{class}", "good": "good {class}", "clear": "clear {class}", "blurry": "blurry {class}"}
    small = {"width": 16, "layers": 1, "patch": 2, "images": 3200, "batch_size": 32, "lr": 0.02}
    return defaults().clip.model_copy(update={**sentences, **small})


@pytest.fixture(scope="session")
def fresh_clip(clip_params: params.Clip) -> Clip:
    from pipeline.judges import contrastive  # torch takes seconds, which other tests need not wait for

    return contrastive.build(8, WORDS, 3, clip_params)

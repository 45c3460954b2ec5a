"""A U-Net of a few thousand weights."""

from collections.abc import Callable

import pytest
from diffusers import UNet2DModel

from pipeline.diffusion import unet
from pipeline.params import UNet

TINY = {
    "channels": [8, 8],
    "res_blocks": 1,
    "attention": [4],
    "middle_attention": True,
    "head_channels": 4,
    "norm_groups": 4,
    "projections": False,
    "skips": True,
    "time_embedding": True,
    "class_embedding": True,
    "learned_variance": False,
}


@pytest.fixture
def tiny() -> Callable[..., UNet2DModel]:
    """tiny(seed=0, **difference): fresh weights for 8x8 grey images of three classes."""

    def make(seed: int = 0, **difference: object) -> UNet2DModel:
        return unet.build(UNet(**{**TINY, **difference}), 8, 1, 3, seed)

    return make

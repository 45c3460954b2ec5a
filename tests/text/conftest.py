"""Digits of 8x8 pixels with captions, a CLIP with fresh weights that knows their words, and a network told them."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from diffusers import UNet2DConditionModel

from pipeline.data.prepared import Prepared
from pipeline.judges.clip import Clip
from pipeline.params import BASELINE, Params
from pipeline.text import network
from pipeline.text.combinations import combinations
from tests.text.made import clip_of, prepare, values_of


@pytest.fixture(scope="session")
def values() -> Params:
    return values_of()


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """What `prepare` makes of the digits."""
    return prepare(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="session")
def table(dataset: Prepared, values: Params) -> pd.DataFrame:
    """The combinations of a class, a slant and a stroke."""
    captions = dataset.captions("train")["caption"].tolist()
    return combinations(values.data.caption, dataset.classes, captions, values.text.held_out)


@pytest.fixture(scope="session")
def clip(table: pd.DataFrame, values: Params) -> Clip:
    return clip_of(table["caption"].tolist(), 8, values)


@pytest.fixture(scope="session")
def build(values: Params) -> Callable[..., UNet2DConditionModel]:
    """build(seed=0, **difference): fresh weights; difference: of the baseline's architecture."""

    def make(seed: int = 0, **difference: object) -> UNet2DConditionModel:
        unet = values.architecture(BASELINE).model_copy(update=difference)
        return network.build(unet, 8, 1, values.clip.width, seed)

    return make


@pytest.fixture(scope="session")
def folder(
    build: Callable[..., UNet2DConditionModel], clip: Clip, values: Params, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A network with fresh weights as a pipeline's folder."""
    place = tmp_path_factory.mktemp("told") / "model"
    network.save(stirred(build()), clip, values.diffusion, place)
    return place


def stirred(unet: UNet2DConditionModel) -> UNet2DConditionModel:
    """Return the network with every weight moved, so that no block gives nothing."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for weight in unet.parameters():
            weight += 0.05 * torch.randn(weight.shape, generator=generator)
    return unet.eval()

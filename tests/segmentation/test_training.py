"""The segmentation network is the denoiser's but for its output, learns what can be learnt, and is scored as others
score it."""

import numpy as np
import pytest
import torch
from sklearn.metrics import jaccard_score

from pipeline import params
from pipeline.data.images import ImageSet
from pipeline.diffusion import unet
from pipeline.errors import UserError
from pipeline.params import Train, UNet
from pipeline.segmentation import network, training
from pipeline.segmentation.composites import compose
from tests.conftest import ROOT, TINY

SHAPE = 8, 1, 3  # pixels per side, channels, classes


def recipe(**changed: object) -> Train:
    return params.parse((ROOT / "params.yaml").read_text()).train.model_copy(update=changed)


@pytest.fixture
def bars() -> tuple[ImageSet, np.ndarray]:
    """Horizontal, vertical and square patches: three classes on black."""
    labels = np.arange(60) % 3
    masks = np.zeros((60, 8, 8), bool)
    for mask, label in zip(masks, labels, strict=True):
        top, side = {0: (3, (2, 6)), 1: (1, (6, 2)), 2: (2, (4, 4))}[int(label)]
        mask[top : top + side[0], top : top + side[1]] = True
    images = np.where(masks[..., None], 255, 0).astype(np.uint8)
    return ImageSet(images, labels, np.arange(60)), masks


def test_it_begins_as_the_denoiser_of_the_same_seed_but_for_its_output_and_the_class() -> None:
    ours, denoiser = network.build(UNet(**TINY), *SHAPE, 5), unet.build(UNet(**TINY), *SHAPE, 5)
    theirs = denoiser.state_dict()
    same = {name for name, weights in ours.state_dict().items() if torch.equal(weights, theirs[name])}
    assert set(theirs) - same == {"conv_out.weight", "conv_out.bias", "class_embedding.weight"}
    assert "class_embedding.weight" not in ours.state_dict()
    assert network.logits(ours, torch.zeros(2, 1, 8, 8)).shape == (2, 4, 8, 8)
    told = network.build(UNet(**{**TINY, "learned_variance": True}), *SHAPE, 5)
    assert (told.config.num_class_embeds, told.config.out_channels) == (None, 4)


def test_it_comes_back_from_the_disk(tmp_path) -> None:
    ours = network.build(UNet(**TINY), *SHAPE, 0).eval()
    ours.save_pretrained(tmp_path / "0")
    x = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(network.logits(unet.load(tmp_path / "0"), x), network.logits(ours, x))


def test_it_learns_what_can_be_learnt_with_the_same_bytes_twice(bars) -> None:
    images, masks = bars
    values = recipe(images=1600, batch_size=32, warmup=128)
    seen = []
    model, losses = training.train(network.build(UNet(**TINY), *SHAPE, 0), images, masks, values, 0, seen.append)
    assert (len(losses), sum(seen)) == (50, 1600)
    assert np.mean(losses[-5:]) < 0.5 * losses[0]
    made, true = compose(images.images, masks, images.labels, "test", np.random.default_rng(9))
    assert np.nanmean(training.overlaps(training.predict(model, made), true, 3)) > 0.5
    again, _ = training.train(network.build(UNet(**TINY), *SHAPE, 0), images, masks, values, 0)
    for name, weights in model.state_dict().items():
        assert weights.equal(again.state_dict()[name]), name


def test_the_overlap_is_the_one_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    true, predicted = rng.integers(0, 4, (5, 6, 6)), rng.integers(0, 4, (5, 6, 6))
    ours = training.overlaps(predicted, true, 3)
    np.testing.assert_allclose(ours, jaccard_score(true.ravel(), predicted.ravel(), average=None))
    np.testing.assert_allclose(training.overlaps(true, true, 3), 1)
    nowhere = training.overlaps(np.zeros((1, 2, 2), int), np.zeros((1, 2, 2), int), 2)
    assert nowhere[0] == 1
    assert np.isnan(nowhere[1:]).all(), "a class that neither has is not scored"


def test_a_training_that_fails_is_a_sentence(bars) -> None:
    images, masks = bars
    values = recipe(images=320, batch_size=32, warmup=0, lr=1e9)
    with pytest.raises(UserError, match=r"^the loss of the segmentation network with training seed 3 became nan; "):
        training.train(network.build(UNet(**TINY), *SHAPE, 3), images, masks, values, 3)

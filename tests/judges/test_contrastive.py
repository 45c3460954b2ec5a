"""The training of a CLIP: what it is told, its loss, and what it has learnt of a data set whose answers are known."""

import numpy as np
import pytest
import torch

from pipeline.data.degraded import DEGRADED
from pipeline.data.images import ImageSet
from pipeline.judges import contrastive, scores
from pipeline.judges.clip import Clip

CLASSES = ["a", "b"]


@pytest.fixture(scope="module")
def real() -> ImageSet:
    """Bright squares, of class a above and of class b below."""
    rng = np.random.default_rng(0)
    images, labels = np.zeros((60, 8, 8, 1), np.uint8), np.arange(60) % 2
    for image, label in zip(images, labels, strict=True):
        image[1 + 4 * label : 4 + 4 * label, 2:6] = rng.integers(180, 256, (3, 4, 1))
    return ImageSet(images, labels, np.arange(60))


def trained(real: ImageSet, clip_params) -> Clip:
    *_, (seen, clip) = contrastive.train(real, ["bold a", "thin b"] * 30, CLASSES, clip_params, torch.device("cpu"))
    assert seen >= clip_params.images
    return clip


def test_sharp_images_are_good_and_clear_and_degraded_ones_blurry(clip_params) -> None:
    assert contrastive.sentences(clip_params, CLASSES, "bold b", 1, None) == ["b", "good b", "clear b", "bold b"]
    assert contrastive.sentences(clip_params, CLASSES, "b", 1, None) == ["b", "good b", "clear b"]
    for kind in DEGRADED:
        assert contrastive.sentences(clip_params, CLASSES, "bold b", 1, kind) == [
            "b",
            "blurry b",
            "blurry b" + contrastive.TAILS[kind],
        ]


def test_a_batch_is_half_sharp_and_half_degraded(real: ImageSet) -> None:
    images, keys = contrastive.batch(real, 400, np.random.default_rng(0))
    assert images.shape == (400, 8, 8, 1)
    assert sum(kind is None for _, kind in keys) == pytest.approx(200, abs=40)
    assert {kind for _, kind in keys} == {None, *DEGRADED}
    sharp = [i for i, (_, kind) in enumerate(keys) if kind is None]
    own = real.images[[keys[i][0] for i in sharp]]
    assert (images[sharp].max(axis=(1, 2, 3)) == own.max(axis=(1, 2, 3))).all(), "shifted, and nothing else"


def test_the_loss_is_clip_s_own_where_every_sentence_is_of_one_image() -> None:
    logits = torch.randn(6, 6, generator=torch.Generator().manual_seed(0))
    places = torch.arange(6)
    both = [torch.nn.functional.cross_entropy(each, places) for each in (logits, logits.T)]
    torch.testing.assert_close(contrastive.contrast(logits, torch.eye(6)), sum(both) / 2)


def test_sentences_that_are_true_of_several_images_are_all_pulled_near() -> None:
    truth = torch.tensor([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])
    assert contrastive.contrast(20 * truth, truth) == pytest.approx(np.log(2) * 2 / 3, abs=1e-3)
    assert contrastive.contrast(20 * torch.eye(3), truth) > 3


def test_it_learns_the_classes_and_what_is_blurry(real: ImageSet, clip_params) -> None:
    clip = trained(real, clip_params)
    told = scores.told(clip, clip_params, CLASSES)
    rng = np.random.default_rng(9)
    sets = [real.images, *(degrade(real.images, rng) for degrade in DEGRADED.values())]
    sharp, *degraded = (scores.score(clip.image_features(each), real.labels, told, clip.scale) for each in sets)
    found = scores.reliability(sharp, degraded, real.labels, 100, 0)
    assert found["zero_shot"]["value"] > 0.95
    assert found["clear_blurry"]["value"] > 0.65
    swapped = scores.score(clip.image_features(real.images), 1 - real.labels, told, clip.scale)
    assert swapped["clip_score"].mean() < sharp["clip_score"].mean() - 0.3


def test_the_same_training_ends_in_the_same_weights_and_another_seed_in_others(real: ImageSet, clip_params) -> None:
    short = clip_params.model_copy(update={"images": 128})
    one, same = (trained(real, short).identity for _ in range(2))
    assert one == same != trained(real, short.model_copy(update={"seed": 1})).identity

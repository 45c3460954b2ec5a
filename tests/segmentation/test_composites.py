"""Composites: the foreground stays, the background is a texture, and every pixel has its class."""

import numpy as np
import pytest

from pipeline.segmentation import composites
from pipeline.segmentation.composites import backgrounds, compose


@pytest.fixture
def bars() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Six white bars of three classes on black: images, masks, labels."""
    masks = np.zeros((6, 8, 8), bool)
    masks[:, 2:6, 3:5] = True
    return np.where(masks[..., None], 255, 0).astype(np.uint8), masks, np.arange(6) % 3


def test_the_foreground_stays_and_every_pixel_has_its_class(bars) -> None:
    images, masks, labels = bars
    made, classes = compose(*bars, "train", np.random.default_rng(0))
    assert (made.shape, made.dtype) == (images.shape, np.uint8)
    np.testing.assert_array_equal(made[masks], images[masks])
    assert (classes[~masks] == 0).all()
    for label in range(3):
        assert (classes[labels == label][masks[labels == label]] == 1 + label).all()
    assert made[~masks].std() > 5, "there is a texture in place of the black background"
    assert made[~masks].max() < 255


def test_colour_images_get_a_grey_background(bars) -> None:
    images, masks, labels = bars
    made, _ = compose(images.repeat(3, axis=3), masks, labels, "test", np.random.default_rng(0))
    assert made.shape == (6, 8, 8, 3)
    assert (made[~masks] == made[~masks][:, :1]).all()


def test_the_same_generator_gives_the_same_backgrounds_and_another_gives_others() -> None:
    first, again, other = (backgrounds(4, 16, "train", np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert abs(first - other).max() > 0.1


def test_training_and_testing_see_different_sides_of_the_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.zeros((40, 100), np.float32)
    picture[:, 60:] = 1
    monkeypatch.setattr(composites, "_textures", lambda: [picture] * len(composites.PICTURES))
    assert backgrounds(50, 8, "train", np.random.default_rng(0)).max() == 0
    tested = backgrounds(50, 8, "test", np.random.default_rng(0))
    low, high = composites.BRIGHTNESS
    assert low <= tested.min() < tested.max() <= high


def test_images_larger_than_the_pictures_get_backgrounds_too() -> None:
    assert backgrounds(1, 300, "train", np.random.default_rng(0)).shape == (1, 300, 300)

"""Degraded copies are worse in the way that they are called."""

import numpy as np
import pytest

from pipeline.data.degraded import BLUR, CONTRAST, DEGRADED, NOISE, blurred, faint, noisy


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(1).integers(60, 200, (40, 16, 16, 1), dtype=np.uint8)


@pytest.mark.parametrize("name", DEGRADED)
def test_copies_are_images_and_the_same_for_the_same_draws(images: np.ndarray, name: str) -> None:
    before = images.copy()
    one, other = (DEGRADED[name](images, np.random.default_rng(0)) for _ in range(2))
    assert (one.dtype, one.shape) == (np.uint8, images.shape)
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(images, before)
    assert (one != before).any(axis=(1, 2, 3)).all()


def test_a_blurred_edge_is_as_wide_as_the_gaussian() -> None:
    edge = np.zeros((30, 32, 32, 3), np.uint8)
    edge[:, :, 16:] = 255
    middle = blurred(edge, np.random.default_rng(0))[:, 16, :, 0].astype(float)
    rises = np.diff(middle, axis=1)
    spread = np.sqrt((rises * (np.arange(31) - 15) ** 2).sum(axis=1) / rises.sum(axis=1))
    assert spread.min() > 0.9 * 32 * BLUR[0]
    assert spread.max() < 1.05 * 32 * BLUR[1]


def test_noise_has_the_strength_that_was_drawn() -> None:
    flat = np.full((200, 16, 16, 1), 128, np.uint8)
    spread = noisy(flat, np.random.default_rng(0)).std(axis=(1, 2, 3)) / 255
    assert spread.min() == pytest.approx(NOISE[0], rel=0.1)
    assert 0.3 < spread.max() < NOISE[1], "what is beyond black and white is cut off"


def test_a_faint_copy_keeps_its_darkest_level_and_a_share_of_its_contrast(images: np.ndarray) -> None:
    copies = faint(images, np.random.default_rng(0))
    low, high = (each(copies, axis=(1, 2, 3)).astype(int) for each in (np.min, np.max))
    np.testing.assert_array_equal(low, images.min(axis=(1, 2, 3)))
    shares = (high - low) / np.ptp(images, axis=(1, 2, 3))
    assert shares.min() > CONTRAST[0] - 0.01
    assert shares.max() < CONTRAST[1] + 0.01

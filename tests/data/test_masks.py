"""Masks are Otsu's threshold, with the rim's side as background."""

import numpy as np
import pytest

from pipeline.data.masks import foreground


def between_class_variance(grey: np.ndarray, threshold: int) -> float:
    low, high = grey[grey <= threshold].astype(float), grey[grey > threshold].astype(float)
    return len(low) * len(high) * (low.mean() - high.mean()) ** 2 if len(low) and len(high) else 0.0


def rim_share(mask: np.ndarray) -> float:
    return float(np.concatenate([mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]]).mean())


def test_the_threshold_is_the_one_of_largest_between_class_variance() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (6, 12, 12, 1), dtype=np.uint8)
    images[:, 3:9, 3:9] //= 3
    images[:, 3:9, 3:9] += 170
    sides = np.full(6, 12)
    for image, mask in zip(images[..., 0], foreground(images, sides), strict=True):
        best = max(range(255), key=lambda t, image=image: between_class_variance(image, t))
        bright = image > best
        np.testing.assert_array_equal(mask, bright if rim_share(bright) <= 0.5 else ~bright)


@pytest.mark.parametrize(("figure", "ground"), [(220, 10), (10, 220)])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_figure_is_found_on_dark_and_on_bright_ground(figure: int, ground: int, channels: int) -> None:
    images = np.full((1, 16, 16, channels), ground, np.uint8)
    images[0, 4:9, 5:14] = figure
    expected = np.zeros((16, 16), bool)
    expected[4:9, 5:14] = True
    np.testing.assert_array_equal(foreground(images, np.array([16]))[0], expected)


def test_colour_counts_by_its_luma() -> None:
    images = np.zeros((1, 8, 8, 3), np.uint8)
    images[0, 2:6, 2:6] = (0, 200, 0)
    images[0, 3, 3] = (0, 0, 90)  # as blue as this is dark
    mask = foreground(images, np.array([8]))[0]
    assert mask.sum() == 15
    assert not mask[3, 3]


def test_an_image_of_one_level_has_no_foreground() -> None:
    assert not foreground(np.full((2, 8, 8, 1), 128, np.uint8), np.array([8, 8])).any()


def test_a_border_is_no_ground() -> None:
    images = np.zeros((2, 16, 16, 1), np.uint8)
    images[:, 2:14, 2:14] = 230  # paper of 12x12 in a black border
    images[:, 5:10, 7:9] = 20
    mask, unaware = foreground(images[:1], np.array([12])), foreground(images[1:], np.array([16]))
    assert mask.sum() == 10
    assert mask[0, 5:10, 7:9].all()
    assert unaware.sum() > 100, "the paper, were the border looked at"

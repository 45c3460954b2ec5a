"""SSIM and PSNR pair by pair against scikit-image's, and where the answer is known."""

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pipeline.judges.number import MOST_PSNR
from pipeline.judges.similarity import OTHERS, SMALLEST, calibrated, psnr, ssim, unrelated

RNG = np.random.default_rng(0)


def pairs(side: int, channels: int, n: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Images and noisy copies."""
    images = RNG.integers(256, size=(n, side, side, channels))
    noise = RNG.normal(size=images.shape) * np.linspace(2, 90, n)[:, None, None, None]
    return images.astype(np.uint8), (images + noise).round().clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(("side", "channels"), [(SMALLEST, 1), (8, 1), (16, 3)])
def test_they_are_scikit_image_s_for_each_pair(side: int, channels: int) -> None:
    images, others = pairs(side, channels)
    for i, (a, b) in enumerate(zip(images, others, strict=True)):
        by_channel = [structural_similarity(a[..., c], b[..., c], data_range=255) for c in range(channels)]
        assert ssim(images, others)[i] == pytest.approx(np.mean(by_channel))
        assert psnr(images, others)[i] == pytest.approx(peak_signal_noise_ratio(a, b, data_range=255))


def test_the_more_noise_the_less_alike() -> None:
    images = np.repeat(RNG.integers(256, size=(1, 32, 32, 1)), 5, axis=0)
    noise = RNG.normal(size=images.shape[1:]) * np.array([2, 8, 20, 50, 90])[:, None, None, None]
    noisy = (images + noise).round().clip(0, 255).astype(np.uint8)
    for measure in (ssim, psnr):
        assert (np.diff(measure(images.astype(np.uint8), noisy)) < 0).all()


def test_ssim_is_the_formula_in_a_single_window() -> None:
    images, others = pairs(SMALLEST, 1, 3)
    x, y = (each.reshape(3, -1).astype(float) for each in (images, others))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    means, spreads = x.mean(1) * y.mean(1), ((x - x.mean(1)[:, None]) * (y - y.mean(1)[:, None])).sum(1) / 48
    luminance = (2 * means + c1) / (x.mean(1) ** 2 + y.mean(1) ** 2 + c1)
    structure = (2 * spreads + c2) / (x.var(1, ddof=1) + y.var(1, ddof=1) + c2)
    np.testing.assert_allclose(ssim(images, others), luminance * structure)


def test_equal_images_are_as_alike_as_can_be() -> None:
    images, _ = pairs(16, 3)
    images[0] = 77
    assert ssim(images, images.copy()).tolist() == [1.0] * 5
    assert psnr(images, images.copy()).tolist() == [MOST_PSNR] * 5


def test_neither_minds_which_of_two_comes_first() -> None:
    images, others = pairs(16, 1)
    np.testing.assert_allclose(ssim(images, others), ssim(others, images))
    np.testing.assert_allclose(psnr(images, others), psnr(others, images))


@pytest.mark.parametrize("offset", [1, 10, 200])
def test_psnr_of_a_constant_offset_is_the_formula(offset: int) -> None:
    images = RNG.integers(256 - offset, size=(3, 8, 8, 3)).astype(np.uint8)
    np.testing.assert_allclose(psnr(images, images + np.uint8(offset)), 20 * np.log10(255 / offset))


def test_psnr_is_at_most_what_rounding_leaves() -> None:
    images = np.full((1, 64, 64, 1), 100, np.uint8)
    one = images.copy()
    one[0, 0, 0] += 1
    assert peak_signal_noise_ratio(images, one) > MOST_PSNR
    assert psnr(images, one).tolist() == [MOST_PSNR]
    rounding = RNG.uniform(-0.5, 0.5, size=100_000)
    assert 10 * np.log10(255**2 / (rounding**2).mean()) == pytest.approx(MOST_PSNR, abs=0.1)


def test_as_many_of_one_as_of_the_other() -> None:
    images, others = pairs(8, 1)
    for measure in (ssim, psnr):
        with pytest.raises(ValueError, match=r"shorter|paired"):
            measure(images, others[:3])


def test_an_image_is_compared_with_the_others_of_its_class() -> None:
    images, labels = RNG.integers(256, size=(8, 9, 9, 1)).astype(np.uint8), np.array([0, 1, 0, 1, 0, 1, 2, 0])
    found = unrelated(images, labels)
    for i, label in enumerate(labels):
        others = [j for j in range(8) if j != i and (labels[j] == label or label == 2)]
        alike = [structural_similarity(images[i, ..., 0], images[j, ..., 0], data_range=255) for j in others]
        assert found[i] == pytest.approx(np.mean(alike)), "one that is alone is compared with all"


def test_of_a_large_class_the_next_ones_in_turn_are_taken() -> None:
    images = RNG.integers(256, size=(OTHERS + 3, 7, 7, 1)).astype(np.uint8)
    found = unrelated(images, np.zeros(len(images), int))
    turned = np.roll(images, -len(images) + 2, axis=0)  # the last but one comes first
    assert found[-2] == pytest.approx(ssim(np.repeat(turned[:1], OTHERS, axis=0), turned[1 : OTHERS + 1]).mean())


def test_likeness_is_0_for_unrelated_images_and_1_for_equal_ones() -> None:
    images, others = pairs(16, 1, 6)
    labels = np.zeros(6, int)
    apart = unrelated(images, labels)
    assert calibrated(ssim(images, images), apart).tolist() == [1.0] * 6
    assert calibrated(apart, apart).mean() == pytest.approx(0)
    assert len(set(calibrated(np.full(6, 0.5), apart))) == 1, "one scale for all images"
    assert calibrated(np.array([0.8]), np.array([0.6]))[0] == pytest.approx(0.5)
    assert calibrated(ssim(images, others)[:1], apart[:1])[0] > 0.9, "hardly any noise"
    strangers = RNG.integers(256, size=(200, 16, 16, 1)).astype(np.uint8)
    mine = strangers[:100]
    noise = calibrated(ssim(mine, strangers[100:]), unrelated(mine, np.arange(100) % 5))
    assert noise.mean() == pytest.approx(0, abs=4 * noise.std() / 10)

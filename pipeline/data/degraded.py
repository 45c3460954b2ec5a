"""Copies of images that are blurred, noisy or faint, to say what a blurry image is, and whether a judge sees it."""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter

BLUR = 0.075, 0.155  # standard deviation of the blur, as a share of the image's side
NOISE = 0.16, 0.43  # standard deviation of the noise, where the grey levels go from 0 to 1
CONTRAST = 0.12, 0.4  # share of the contrast that is left

Degrade = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def blurred(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return images, uint8 [N, H, W, C], each blurred by a Gaussian whose width is drawn from `BLUR`."""
    widths = rng.uniform(*BLUR, len(images)) * images.shape[1]
    levels = [gaussian_filter(image.astype(float), (s, s, 0)) for image, s in zip(images, widths, strict=True)]
    return _images(np.stack(levels))


def noisy(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return images, uint8 [N, H, W, C], each with Gaussian noise whose strength is drawn from `NOISE`."""
    strength = 255 * rng.uniform(*NOISE, (len(images), 1, 1, 1))
    return _images(images + strength * rng.standard_normal(images.shape))


def faint(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return images, uint8 [N, H, W, C], each with a share of its contrast that is drawn from `CONTRAST`; what is
    darkest stays as it is."""
    darkest = images.min(axis=(1, 2, 3), keepdims=True).astype(float)
    return _images(darkest + rng.uniform(*CONTRAST, (len(images), 1, 1, 1)) * (images - darkest))


DEGRADED: dict[str, Degrade] = {"blurred": blurred, "noisy": noisy, "faint": faint}
"""The ways to degrade images, by name."""


def _images(levels: np.ndarray) -> np.ndarray:
    return np.asarray(levels.round().clip(0, 255), dtype=np.uint8)

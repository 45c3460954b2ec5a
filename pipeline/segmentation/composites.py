"""Images set on textured backgrounds, with the class of every pixel: what a segmentation network learns from."""

import functools
from typing import Literal

import numpy as np
from skimage import data
from skimage.util import img_as_float32

Part = Literal["train", "test"]

PICTURES = ("brick", "grass", "gravel", "coins", "camera", "moon")  # grey ones that come with scikit-image
TRAIN_SHARE = 0.6  # of each picture's width, from the left, that backgrounds for training are cut from
ZOOM = 2  # pixels of a picture per side of a background's pixel
BRIGHTNESS = 0.3, 0.9  # of a background, between these shares of the picture's


@functools.cache
def _textures() -> list[np.ndarray]:
    """Return the pictures, float32 [h, w] in 0..1."""
    return [img_as_float32(getattr(data, name)()) for name in PICTURES]


def backgrounds(count: int, size: int, part: Part, generator: np.random.Generator) -> np.ndarray:
    """Return `count` backgrounds, float32 [count, size, size] in 0..1, each cut from a random place of a random picture
    and reduced by `ZOOM`. Those for training and those for testing come from different sides of the pictures."""
    out = np.empty((count, size, size), dtype=np.float32)
    side = ZOOM * size
    for background in out:
        picture = _textures()[generator.integers(len(PICTURES))]
        border = round(TRAIN_SHARE * picture.shape[1])
        picture = picture[:, :border] if part == "train" else picture[:, border:]
        picture = np.tile(picture, [-(-side // length) for length in picture.shape])  # where an image is larger
        top, left = (int(generator.integers(length - side + 1)) for length in picture.shape)
        cut = picture[top : top + side, left : left + side].reshape(size, ZOOM, size, ZOOM).mean(axis=(1, 3))
        background[:] = cut * generator.uniform(*BRIGHTNESS)
    return out


def compose(
    images: np.ndarray, masks: np.ndarray, labels: np.ndarray, part: Part, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return images with a texture in place of their background, uint8 [N, H, W, C], and the class of every pixel,
    int64 [N, H, W]: 0 for the background, and 1 + label for the foreground.

    images: uint8 [N, H, W, C]; masks: bool [N, H, W], their foreground; labels: int [N]. Textures are grey.
    """
    behind = backgrounds(len(images), images.shape[1], part, generator)
    levels = (255 * behind).round().astype(np.uint8)
    return np.where(masks[..., None], images, levels[..., None]), np.where(masks, 1 + labels[:, None, None], 0)

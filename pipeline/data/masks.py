"""Foreground masks for data sets that have none, by Otsu's threshold of each image (Otsu 1979)."""

import numpy as np
from skimage.filters import threshold_otsu

from pipeline.progress import bar


def foreground(images: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Return the foreground of images, bool [N, H, W]; images: uint8 [N, H, W, C].

    The background is the side of the threshold, darker or brighter, that most of the image's rim is on; where the rim
    has as much of both, it is the darker side. sides: int [N], pixels per side that are not border, in the middle; the
    border is ignored and is never foreground. Colour is turned into luma (Rec. 601). An image of one level has no
    foreground.
    """
    masks = np.zeros(images.shape[:3], dtype=bool)
    with bar("prepare: masks", len(images), "img") as progress:
        for image, mask, side in zip(images, masks, sides, strict=True):
            before = (len(image) - side) // 2
            inside = slice(before, before + side)
            mask[inside, inside] = of_image(image[inside, inside])
            progress.update()
    return masks


def of_image(image: np.ndarray) -> np.ndarray:
    """Return the foreground of one image without a border, bool [H, W], as `foreground` does; image: uint8 [H, W,
    C]."""
    grey = image[..., 0] if image.shape[-1] == 1 else (image @ (0.299, 0.587, 0.114)).round().astype(np.uint8)
    if grey.min() == grey.max():
        return np.zeros(grey.shape, dtype=bool)
    bright = grey > threshold_otsu(grey)
    rim = np.concatenate([bright[0], bright[-1], bright[1:-1, 0], bright[1:-1, -1]])
    return bright if rim.mean() <= 0.5 else ~bright

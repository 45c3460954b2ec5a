"""Foreground masks for sets that have none: Otsu's threshold, image by image (Otsu 1979)."""

import numpy as np
from skimage.filters import threshold_otsu

from pipeline.progress import bar


def foreground(images: np.ndarray) -> np.ndarray:
    """bool [N, H, W] of images uint8 [N, H, W, C]: the side of the threshold that the image's rim is not on.

    The rim counts pixel by pixel, and the darker side is the background where it has half or more of it. Colour is
    taken as luma (Rec. 601). An image of one level has no foreground.
    """
    masks = np.zeros(images.shape[:3], dtype=bool)
    rim = np.ones(images.shape[1:3], dtype=bool)
    rim[1:-1, 1:-1] = False
    with bar("prepare: masks", len(images), "img") as progress:
        for image, mask in zip(images, masks, strict=True):
            mask[:] = _foreground(image, rim)
            progress.update()
    return masks


def _foreground(image: np.ndarray, rim: np.ndarray) -> np.ndarray:
    """bool [H, W] of one image uint8 [H, W, C]; rim: bool [H, W]."""
    grey = image[..., 0] if image.shape[-1] == 1 else (image @ (0.299, 0.587, 0.114)).round().astype(np.uint8)
    if grey.min() == grey.max():
        return np.zeros(grey.shape, dtype=bool)
    bright = grey > threshold_otsu(grey)
    return bright if bright[rim].mean() <= 0.5 else ~bright

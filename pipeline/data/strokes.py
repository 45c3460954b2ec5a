"""The strokes of a drawn figure, measured on its mask: how it leans and how wide its stroke is."""

import numpy as np
import pandas as pd
from scipy.ndimage import distance_transform_edt
from skimage.morphology import skeletonize

SIDE = 20  # images per side of the mosaics that the skeletons are drawn in, hundreds at a time


def measure(masks: np.ndarray) -> pd.DataFrame:
    """Return a row per mask: slant (degrees, positive where the top leans right) and stroke (width in pixels).

    masks: bool [N, H, W]. An empty mask has slant 0 and stroke 0.
    """
    return pd.DataFrame({"slant": slants(masks), "stroke": skeletons(masks)["width"]})


def slants(masks: np.ndarray) -> np.ndarray:
    """Return the slant of each mask in degrees, float64 [N]: the shear angle atan(-mu11 / mu02) of the second central
    moments, with y downwards (Hu 1962)."""
    out = np.zeros(len(masks))
    x, y = (axis.astype(np.float64) for axis in np.meshgrid(*(np.arange(n) for n in masks.shape[:0:-1])))
    for i, mask in enumerate(masks):
        if mask.any():
            dx, dy = x[mask] - x[mask].mean(), y[mask] - y[mask].mean()
            out[i] = np.degrees(np.arctan2(-(dx * dy).sum(), (dy * dy).sum())) if dy.any() else 0.0
    return out


def skeletons(masks: np.ndarray) -> pd.DataFrame:
    """Measure each mask's skeleton (Zhang and Suen 1984), and return a row per mask; masks: bool [N, H, W].

    length: the number of its pixels. width: twice its mean distance to the background, minus the pixel that this counts
    twice. A straight stroke whose width is an odd number of pixels measures that number; an even one measures a pixel
    less.
    """
    count, height, width = masks.shape
    per_mosaic, lengths, widths = SIDE * SIDE, np.zeros(count), np.zeros(count)
    for start in range(0, count, per_mosaic):
        some = masks[start : start + per_mosaic]
        tiles = np.zeros((per_mosaic, height + 2, width + 2), dtype=bool)  # a rim keeps neighbours apart
        tiles[: len(some), 1:-1, 1:-1] = some
        mosaic = tiles.reshape(SIDE, SIDE, *tiles.shape[1:]).swapaxes(1, 2).reshape(SIDE * (height + 2), -1)
        skeleton = skeletonize(mosaic)
        distances = np.where(skeleton, distance_transform_edt(mosaic), 0.0)
        per_tile = [
            flat.reshape(SIDE, height + 2, SIDE, width + 2).sum(axis=(1, 3)).reshape(-1)
            for flat in (skeleton, distances)
        ]
        length, total = per_tile
        width_of_each = np.where(length > 0, 2 * total / np.maximum(length, 1) - 1, 0.0)
        kept = slice(start, start + len(some))
        lengths[kept], widths[kept] = length[: len(some)], width_of_each[: len(some)]
    return pd.DataFrame({"length": lengths, "width": widths})

"""Maps of any values as shades of grey."""

import numpy as np


def shades(maps: np.ndarray) -> np.ndarray:
    """Return maps as uint8 of the same shape, from their lowest value (black) to their highest (white), with one scale
    for all of them. The lowest and the highest percent of the values do not count, so that a single bright pixel does
    not darken all others; maps that do not vary are black. maps: float [..., h, w]."""
    low, high = np.quantile(maps, [0.01, 0.99])
    grey = np.clip((maps - low) / max(high - low, 1e-12), 0, 1)
    return np.asarray((255 * grey).round().astype(np.uint8))

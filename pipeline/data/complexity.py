"""The complexity of a class, which says how hard it is to draw, measured on its real images."""

import numpy as np
import pandas as pd

from pipeline.data.images import ImageSet
from pipeline.data.strokes import skeletons


def by_class(images: ImageSet, masks: np.ndarray) -> pd.DataFrame:
    """Return a row per class that has images: `class`, the index; `n`, the number of its images; `stroke_length`, the
    mean number of pixels in the skeleton of the foreground; `variance`, the variance of a pixel within the class, for
    values in 0..1, mean over pixels.

    images: N of them; masks: their foreground, bool [N, H, W].
    """
    lengths = skeletons(masks)["length"].to_numpy()
    rows = []
    for label in np.unique(images.labels):
        mine = images.labels == label
        variance = (images.images[mine] / 255).var(axis=0).mean()
        length = lengths[mine].mean()
        rows.append({"class": label, "n": mine.sum(), "stroke_length": length, "variance": variance})
    return pd.DataFrame(rows)

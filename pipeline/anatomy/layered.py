"""What `layers` leaves: a table of measures of every layer, of how alike layers are, and of what each skip is worth."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.files import replacing
from pipeline.tables import read_arrays, read_csv, write_arrays, write_csv

STAGE = "layers"
DENOISER, SEGMENTER, FRESH = "denoiser", "segmenter", "fresh"  # the networks; fresh: the denoiser before its training
SEED = "seed"  # a denoiser of another training seed
COMPOSITE = "composite"  # the view that the segmentation network learns from; the others are noise levels
FLOOR = "floor"  # fresh weights beside the segmentation network: the likeness that the input alone gives
MEASURES = (
    *("class_probe", "mask_probe", "foreground", "foreground_all", "edges", "edges_all"),
    *("inside", "smoothness", "fine"),
)


def view(share: float) -> str:
    """Return the name of the view of images with the noise of this share of T, such as t025 for 0.25."""
    return f"t{round(100 * share):03d}"


@dataclass(frozen=True)
class Layered:
    """What the layers of the networks of several training seeds show."""

    measures: pd.DataFrame  # a row per replica, network, view and layer: also place (its order), resolution, channels,
    # n, and MEASURES
    likenesses: pd.DataFrame  # a row per replica, layer and comparison of the denoiser: view, other (SEGMENTER, FRESH,
    # SEED, FLOOR, or another view), cka, n
    skips: pd.DataFrame  # a row per replica, network, view and skip, as `looked.worth` has them
    pictures: dict[str, np.ndarray]  # of the first images, uint8 [shown, H, W, C]: `image`, and what each view shows;
    # for a network and view joined by a dash, the channel that marks the foreground best, uint8 [layers, shown, H, W]

    def save(self, folder: Path) -> None:
        """Write the folder whole or not at all."""
        with replacing(folder) as unfinished:
            unfinished.mkdir()
            for name in ("measures", "likenesses", "skips"):
                write_csv(unfinished / f"{name}.csv", getattr(self, name), "%.6g")
            write_arrays(unfinished / "pictures.npz", self.pictures)


def load(folder: Path) -> Layered:
    """Read what `layers` left; a missing or broken file is a `UserError`."""
    measures, likenesses, skips = (read_csv(folder / f"{n}.csv", STAGE) for n in ("measures", "likenesses", "skips"))
    return Layered(measures, likenesses, skips, read_arrays(folder / "pictures.npz", STAGE))


def there(folder: Path) -> bool:
    """Say whether `layers` has left something; switched off, it leaves an empty folder."""
    return (folder / "measures.csv").is_file()

"""What `segment` leaves: a network per training seed, how well each segments, and pictures."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.files import replacing
from pipeline.tables import read_arrays, read_csv, write_arrays, write_csv

STAGE = "segment"
BACKGROUND = -1  # the class of what is no image's foreground


@dataclass(frozen=True)
class Segmented:
    """How well the networks of all training seeds segment held-out composites."""

    overlaps: pd.DataFrame  # a row per training seed and class: replica, class (an index, or BACKGROUND), iou, n
    pictures: dict[str, np.ndarray]  # held-out `composites`, uint8 [N, H, W, C], and the class of every pixel, `true`
    # and `predicted` by the first seed's network, int64 [N, H, W]: 0 for the background, else 1 + label

    def save(self, folder: Path) -> None:
        """Write the tables and pictures, whole or not at all; the networks are in folders of their own."""
        with replacing(folder / "found") as unfinished:
            unfinished.mkdir()
            write_csv(unfinished / "overlaps.csv", self.overlaps, "%.6g")
            write_arrays(unfinished / "pictures.npz", self.pictures)


def model(folder: Path, replica: int) -> Path:
    """Return where the weights of a training seed's network are."""
    return folder / "model" / str(replica)


def load(folder: Path) -> Segmented:
    """Read what `segment` found; a missing or broken file is a `UserError`."""
    found = folder / "found"
    return Segmented(
        read_csv(found / "overlaps.csv", STAGE),
        read_arrays(found / "pictures.npz", STAGE),
    )


def there(folder: Path) -> bool:
    """Say whether `segment` has trained anything; switched off, it leaves an empty folder."""
    return (folder / "found").is_dir()

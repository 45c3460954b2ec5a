"""What `embedding` leaves of one training: how alike timesteps are, losses under a wrong level, and where the level can
be read."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.files import replacing
from pipeline.tables import read_arrays, read_csv, write_arrays, write_csv

STAGE = "embedding"
TRAINED, FRESH = "trained", "fresh"  # the networks that the level is read off; fresh: before training
PIXELS = "pixels"  # the noisy image, where a layer is named


@dataclass(frozen=True)
class Embedded:
    """What was found of one training."""

    timesteps: np.ndarray  # int64 [R], those of the similarity matrix
    similarity: np.ndarray  # float64 [R, R], of their embeddings
    told: pd.DataFrame  # a row per true and told level, as `embedding.mismatch` has them
    read: pd.DataFrame  # a row per layer, as `embedding.reading` has them: also network (TRAINED or FRESH)

    def save(self, folder: Path) -> None:
        """Write the folder whole or not at all."""
        with replacing(folder) as unfinished:
            unfinished.mkdir()
            arrays = {"timesteps": self.timesteps, "similarity": self.similarity}
            write_arrays(unfinished / "similarity.npz", arrays)
            for name in ("told", "read"):
                write_csv(unfinished / f"{name}.csv", getattr(self, name), "%.6g")


def load(folder: Path) -> Embedded:
    """Read what `embedding` left of one training; a missing or broken file is a `UserError`."""
    arrays = read_arrays(folder / "similarity.npz", STAGE)
    told, read = (read_csv(folder / f"{name}.csv", STAGE) for name in ("told", "read"))
    return Embedded(arrays["timesteps"], arrays["similarity"], told, read)


def there(folder: Path) -> bool:
    """Say whether `embedding` has left something of a training; switched off, it leaves nothing of it."""
    return (folder / "told.csv").is_file()

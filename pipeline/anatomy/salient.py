"""What `saliency` leaves of a subject: the maps of all its images, and what speaks for them and against them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.files import read_json, replacing, write_json
from pipeline.judges.number import Number
from pipeline.tables import read_arrays, read_csv, write_arrays, write_csv

STAGE = "saliency"
RISE, CAM = "rise", "cam"  # the two methods, DF-RISE and DF-CAM
OTHER = "_other"  # behind a method's name: with the map of another image
RANDOM, CENTRE, EDGES, OCCLUSION, GRADIENTS = "random", "centre", "edges", "occlusion", "integrated_gradients"
RIVALS = (RANDOM, CENTRE, EDGES, OCCLUSION, GRADIENTS)
KNOW_NOTHING = (RANDOM, CENTRE, EDGES)  # the rivals that do not ask the network
INSERTION, DELETION = "insertion", "deletion"
GAMES = (INSERTION, DELETION)
LAYER = "cam."  # the beginning of the names of its maps
MASKS, RANDOMLY, ADVERSARIALLY = "masks", "random", "adversarial"  # sanity checks: other masks, and changed inputs
WEIGHTS = "weights_"  # the beginning of those with fresh weights, before how many percent of the layers have them


@dataclass(frozen=True)
class Salient:
    """The saliency maps of a subject at some steps of the loop."""

    games: pd.DataFrame  # a row per time, seed and method: gain, insertion, deletion, iou, pointing, foreground, edges
    curves: pd.DataFrame  # a row per time, method, game and share of the pixels: score, score_low, score_high, n
    convergence: pd.DataFrame  # a row per time, seed and number of masks: correlation
    sanity: pd.DataFrame  # a row per time, seed, method and check: correlation, and likeness of the noise
    findings: dict[str, Number]  # by dotted name, as `saliency.findings` has them
    maps: dict[str, np.ndarray]  # of each method and rival, float32 [times, seeds, H, W], and of DF-CAM in each layer,
    # by `LAYER` and its name, [times, shown, H, W]
    pictures: dict[str, np.ndarray]  # of the first seeds, uint8: x_k and x0, [times, shown, H, W, C], and final

    def save(self, folder: Path) -> None:
        """Write the folder whole or not at all."""
        with replacing(folder) as unfinished:
            unfinished.mkdir()
            for name in ("games", "curves", "convergence", "sanity"):
                write_csv(unfinished / f"{name}.csv", getattr(self, name), "%.6g")
            write_json(unfinished / "findings.json", self.findings)
            write_arrays(unfinished / "maps.npz", self.maps)
            write_arrays(unfinished / "pictures.npz", self.pictures)

    @property
    def times(self) -> list[str]:
        """The names of the times, the noisiest first."""
        return list(dict.fromkeys(self.games["time"]))


def load(folder: Path) -> Salient:
    """Read what `saliency` left of one network of a subject; a missing or broken file is a `UserError`."""
    return Salient(
        read_csv(folder / "games.csv", STAGE),
        read_csv(folder / "curves.csv", STAGE),
        read_csv(folder / "convergence.csv", STAGE),
        read_csv(folder / "sanity.csv", STAGE),
        read_json(folder / "findings.json", STAGE),
        read_arrays(folder / "maps.npz", STAGE),
        read_arrays(folder / "pictures.npz", STAGE),
    )


def shares(points: int) -> np.ndarray:
    """Return the shares of the pixels at which the games are looked at, float64 [points + 1], from 0 to 1."""
    return np.linspace(0, 1, points + 1)


def unit_range(values: np.ndarray) -> np.ndarray:
    """Return a map set to 0..1, and zeros where it is flat."""
    low, spread = values.min(), np.ptp(values)
    return (values - low) / spread if spread > 0 else np.zeros_like(values)

"""What `growth` leaves: the networks that it followed, what happened to their images, and when they were decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.diffusion.trained import by_images_seen
from pipeline.files import entries, is_folder, part, read_json, reading, replacing, write_json
from pipeline.judges.evaluated import END
from pipeline.judges.number import Number
from pipeline.params import BASELINE
from pipeline.tables import read_arrays, read_csv, write_arrays, write_csv

STAGE = "growth"


class Network(NamedTuple):
    """A network that is followed. replica: its training seed; mark: the images seen at its snapshot, or `end`."""

    variant: str
    replica: int
    mark: str

    def within(self, folder: Path) -> Path:
        """Return where what was found of the network lies in the folder of `growth`."""
        return folder / self.variant / str(self.replica) / self.mark

    def weights(self, trained: Path) -> Path:
        """Return the folder of its weights in the folder of `train`, which holds all variants."""
        kind = "model" if self.mark == END else "snapshots"
        place = part(trained / self.variant, kind, self.replica)
        return place if self.mark == END else place / self.mark


def networks(trained: Path, variants: Sequence[str], replicas: Sequence[int]) -> list[Network]:
    """Return what is followed: every variant at its end with the first training seed, and the baseline's snapshots and
    its end with all of these training seeds."""
    ends = [Network(variant, replicas[0], END) for variant in variants]
    over_training = [
        Network(BASELINE, replica, mark)
        for replica in replicas
        for mark in (*map(str, by_images_seen(part(trained / BASELINE, "snapshots", replica))), END)
    ]
    return list(dict.fromkeys([*ends, *over_training]))


@dataclass(frozen=True)
class Branched:
    """What the continuations of a network's images say of when they are decided."""

    branches: pd.DataFrame  # a row per step from which images were continued, as `ways.branches` has them
    half: Number  # the share of the process after which half of an image is decided, as `ways.decided` has it


@dataclass(frozen=True)
class Grown:
    """A network's images on their way from noise."""

    images: pd.DataFrame  # a row per seed: seed, label, and what `ways.recognised` says of it
    pictures: dict[str, np.ndarray]  # of the first seeds: `x_k` and `x0` of `trajectories.strips`, uint8 [shown,
    # columns + 1, H, W, C], and `done`, the share of the process at each of these columns but the last, float [columns]
    branched: Branched | None  # None where nothing was continued

    def save(self, folder: Path) -> None:
        """Write the folder whole or not at all."""
        with replacing(folder) as unfinished:
            unfinished.mkdir()
            write_csv(unfinished / "images.csv", self.images, "%.6g")
            write_arrays(unfinished / "pictures.npz", self.pictures)
            if self.branched:
                write_csv(unfinished / "branches.csv", self.branched.branches, "%.6g")
                write_json(unfinished / "half_decided.json", self.branched.half)


def load(folder: Path) -> dict[Network, Grown]:
    """Read what `growth` left, by network; a missing or broken file is a `UserError`."""
    marks = [path for variant in entries(folder, STAGE) for replica in entries(variant) for path in entries(replica)]
    out = {}
    for path in marks:
        with reading(path, STAGE):
            network = Network(path.parts[-3], int(path.parts[-2]), path.name)
        out[network] = _load(path)
    return out


def _load(folder: Path) -> Grown:
    branched = None
    if (folder / "branches.csv").is_file():
        branched = Branched(read_csv(folder / "branches.csv", STAGE), read_json(folder / "half_decided.json", STAGE))
    return Grown(read_csv(folder / "images.csv", STAGE), read_arrays(folder / "pictures.npz", STAGE), branched)


def there(folder: Path) -> bool:
    """Say whether `growth` has left something; switched off, it leaves an empty folder."""
    return is_folder(folder) and any(folder.iterdir())

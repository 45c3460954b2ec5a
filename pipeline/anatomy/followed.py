"""What `trajectory` leaves of a subject: what happened to its images at every step, and what that says."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.files import read_json, reading, replacing, write_json
from pipeline.judges.number import Kind, Number
from pipeline.tables import read_arrays, read_csv, write_arrays, write_csv

STAGE = "trajectory"
CLEAN, NOISY = "x0", "x_k"  # the predicted clean image, and the noisy one
KINDS: dict[str, Kind] = {  # what tables have with an interval
    **{"psnr": "psnr", "ssim": "correlation", "likeness": "likeness", "kept": "share"},
    **{f"{kind}-{of}": "share" for kind in (CLEAN, NOISY) for of in ("right", "calibrated")},
}


@dataclass(frozen=True)
class Followed:
    """A subject's images on their way from noise."""

    steps: pd.DataFrame  # a row per step, as `ways.steps` has them
    images: pd.DataFrame  # a row per seed, as `ways.images` has them
    branches: pd.DataFrame  # a row per step from which images were continued, as `ways.branches` has them
    schedules: pd.DataFrame  # a row per schedule and timestep: schedule, t, share (of T), beta, snr_db
    findings: dict[str, Number]  # by dotted name, as `ways.findings` has them
    pictures: dict[str, np.ndarray]  # those of `forward.noised`, `ways.branch` and `trajectories.strips`
    labels: np.ndarray  # int [shown], of the seeds in the pictures

    def save(self, folder: Path) -> None:
        """Write the folder whole or not at all."""
        with replacing(folder) as unfinished:
            unfinished.mkdir()
            write_csv(unfinished / "steps.csv", self.steps, "%.6g")
            write_csv(unfinished / "images.csv", self.images, "%.6g")
            write_csv(unfinished / "branches.csv", self.branches, "%.6g")
            write_csv(unfinished / "schedules.csv", self.schedules, "%.6g")
            write_json(unfinished / "findings.json", self.findings)
            write_arrays(unfinished / "pictures.npz", {**self.pictures, "labels": self.labels})


def load(folder: Path) -> Followed:
    """Read what `trajectory` left of one network of a subject; a missing or broken file is a `UserError`."""
    pictures = read_arrays(folder / "pictures.npz", STAGE)
    with reading(folder / "pictures.npz", STAGE):
        labels = pictures.pop("labels")
    return Followed(
        read_csv(folder / "steps.csv", STAGE),
        read_csv(folder / "images.csv", STAGE),
        read_csv(folder / "branches.csv", STAGE),
        read_csv(folder / "schedules.csv", STAGE),
        read_json(folder / "findings.json", STAGE),
        pictures,
        labels,
    )

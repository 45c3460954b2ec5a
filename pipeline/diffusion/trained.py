"""The results of the stage `train`: the curves, costs and times of every replica, and where its weights are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.errors import UserError
from pipeline.files import entries, part, read_json, write_json
from pipeline.tables import read_csv, write_csv

STAGE = "train"


@dataclass(frozen=True)
class Trained:
    """One replica of a variant: one training with one training seed. Its parts lie in folders that all replicas of the
    variant share, so that a stage can depend on some of them alone."""

    folder: Path  # of the variant
    replica: int  # the training seed
    curve: pd.DataFrame  # a row per log: images_seen, train_loss, validation_loss
    updates: pd.DataFrame  # a row per update: images_seen after it, loss
    validation: pd.DataFrame  # a row per draw and held-out image: draw, id, label, t, snr_db, loss, noise_mean,
    # predicted_mean
    costs: dict[str, Any]  # `architecture`, and what `costs.Costs` counts of it
    timing: dict[str, Any]  # train_seconds, peak_bytes (None where unknown), device

    @property
    def model(self) -> Path:
        """Return the folder of the averaged weights at the end."""
        return part(self.folder, "model", self.replica)

    @property
    def snapshots(self) -> Path:
        """Return the folder of the snapshots, the averaged weights at earlier points; each has a folder named by the
        images seen."""
        return part(self.folder, "snapshots", self.replica)

    def save(self) -> None:
        """Write the tables and numbers into the folder, each file whole or not at all."""
        log = part(self.folder, "log", self.replica)
        write_csv(log / "loss.csv", self.curve)
        write_csv(log / "updates.csv", self.updates, "%.6g")
        write_csv(log / "validation.csv", self.validation)
        write_json(log / "costs.json", self.costs)
        write_json(log / "timing.json", self.timing)


def load(folder: Path, replica: int) -> Trained:
    """Read a replica in a folder of `train`, except its weights; a missing or broken file is a `UserError`."""
    log = part(folder, "log", replica)
    return Trained(
        folder,
        replica,
        read_csv(log / "loss.csv", STAGE),
        read_csv(log / "updates.csv", STAGE),
        read_csv(log / "validation.csv", STAGE),
        read_json(log / "costs.json", STAGE),
        read_json(log / "timing.json", STAGE),
    )


def by_images_seen(snapshots: Path | None) -> dict[int, Path]:
    """Return images seen -> folder for every snapshot, in rising order; the result is empty where `snapshots` is
    None."""
    folders = entries(snapshots) if snapshots else []
    odd = [folder for folder in folders if not (folder.name.isascii() and folder.name.isdigit() and folder.is_dir())]
    if odd:
        raise UserError(
            f"{odd[0]} is no snapshot: a folder of snapshots has a folder for each, named by the images seen."
        )
    return dict(sorted((int(folder.name), folder) for folder in folders))

"""The results of the stage `train` for one replica of a variant: curves, costs and times, and where its weights are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.files import read_json, write_json
from pipeline.tables import read_csv, write_csv

STAGE = "train"


@dataclass(frozen=True)
class Trained:
    """One replica of a variant: one training with one training seed."""

    folder: Path
    curve: pd.DataFrame  # a row per log: images_seen, train_loss, validation_loss
    updates: pd.DataFrame  # a row per update: images_seen after it, loss
    validation: pd.DataFrame  # a row per draw and held-out image: draw, id, label, t, snr_db, loss, noise_mean,
    # predicted_mean
    costs: dict[str, Any]  # `architecture`, and what `costs.Costs` counts of it
    timing: dict[str, Any]  # train_seconds, peak_bytes (None where unknown), device

    @property
    def model(self) -> Path:
        """Return the folder of the averaged weights at the end."""
        return self.folder / "model"

    @property
    def snapshots(self) -> Path:
        """Return the folder of the snapshots, the averaged weights at earlier points; each has a folder named by the
        images seen."""
        return self.folder / "snapshots"

    def save(self) -> None:
        """Write the tables and numbers into the folder, each file whole or not at all."""
        write_csv(self.folder / "loss.csv", self.curve)
        write_csv(self.folder / "updates.csv", self.updates, "%.6g")
        write_csv(self.folder / "validation.csv", self.validation)
        write_json(self.folder / "costs.json", self.costs)
        write_json(self.folder / "timing.json", self.timing)


def load(folder: Path) -> Trained:
    """Read a folder of `train`, except its weights; a missing or broken file is a `UserError`."""
    return Trained(
        folder,
        read_csv(folder / "loss.csv", STAGE),
        read_csv(folder / "updates.csv", STAGE),
        read_csv(folder / "validation.csv", STAGE),
        read_json(folder / "costs.json", STAGE),
        read_json(folder / "timing.json", STAGE),
    )


def by_images_seen(snapshots: Path | None) -> dict[int, Path]:
    """Return images seen -> folder for every snapshot, in rising order; the result is empty where `snapshots` is
    None."""
    folders = snapshots.iterdir() if snapshots else ()
    return dict(sorted((int(folder.name), folder) for folder in folders))

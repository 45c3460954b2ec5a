"""What `shortcut` leaves of a subject: every way to save time side by side, and the policies that were found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.anatomy import policy
from pipeline.anatomy.policy import Policy
from pipeline.files import read_json, reading, replacing, write_json
from pipeline.judges.number import Number
from pipeline.tables import read_arrays, read_csv, write_arrays, write_csv

STAGE = "shortcut"


@dataclass(frozen=True)
class Compared:
    """Ways to save time in a subject's sampling loop, on the same seeds."""

    methods: pd.DataFrame  # a row per method, as `outcomes.table` has them
    times: pd.DataFrame  # a row per batch and method: batch, method, seconds, ratio to the untouched loop's
    effects: dict[str, Number]  # by the names in `effects.Shortcuts`
    real: Number | None  # the distance of as many real test images, None where no judge can say
    likeness: pd.DataFrame  # a row per seed: seed, and a column of SSIM per method that should give the same images
    front: pd.DataFrame  # a row per end that the search found unbeaten: cost, a share of the whole loop's; ssim
    plans: dict[str, list[dict[str, Any]]]  # method -> its removals, as YAML has them
    policies: dict[str, Policy]  # what was found, by the quality it was found for
    drawn: dict[str, np.ndarray]  # method -> its images, uint8 [N, H, W, C], of the seeds in `likeness`
    steps: int  # of the untouched loop
    blocks: int  # of the network

    def planned(self, family: str) -> list[str]:
        """Return the names of a family's methods that are interventions."""
        of_family = self.methods["method"][self.methods["family"] == family]
        return [name for name in of_family if name in self.plans]

    def save(self, folder: Path) -> None:
        """Write the folder whole or not at all."""
        with replacing(folder) as unfinished:
            unfinished.mkdir()
            write_csv(unfinished / "methods.csv", self.methods, "%.6g")
            write_csv(unfinished / "times.csv", self.times, "%.6g")
            write_csv(unfinished / "ssim.csv", self.likeness, "%.6g")
            write_csv(unfinished / "front.csv", self.front)
            write_json(unfinished / "effects.json", self.effects)
            write_json(unfinished / "plans.json", self.plans)
            write_json(unfinished / "loop.json", {"steps": self.steps, "blocks": self.blocks, "real": self.real})
            for name, found in self.policies.items():
                found.save(unfinished / "policies" / f"{name}.json")
            write_arrays(unfinished / "pictures.npz", self.drawn)


def load(folder: Path) -> Compared:
    """Read what `shortcut` left of one network of a subject; a missing or broken file is a `UserError`."""
    loop = read_json(folder / "loop.json", STAGE)
    with reading(folder / "loop.json", STAGE):
        steps, blocks, real = int(loop["steps"]), int(loop["blocks"]), loop["real"]
    return Compared(
        read_csv(folder / "methods.csv", STAGE),
        read_csv(folder / "times.csv", STAGE),
        read_json(folder / "effects.json", STAGE),
        real,
        read_csv(folder / "ssim.csv", STAGE),
        read_csv(folder / "front.csv", STAGE),
        read_json(folder / "plans.json", STAGE),
        {path.stem: policy.load(path) for path in sorted((folder / "policies").glob("*.json"))},
        read_arrays(folder / "pictures.npz", STAGE),
        steps,
        blocks,
    )

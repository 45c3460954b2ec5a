"""What `guidance` leaves of one training: how guidance was set, images under every setting, and what the judges say."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.files import is_folder, read_json, replacing, write_json
from pipeline.judges.number import Number
from pipeline.params import Guidance
from pipeline.tables import read_arrays, read_csv, write_arrays, write_csv

STAGE = "guidance"
MIDDLE = "guided_middle"  # guidance in all parts of the loop but the first and the last


@dataclass(frozen=True)
class Setting:
    """A setting of guidance over the loop. name: its address and its file's; inside: the scale at the steps from
    `first` to before `last`, counted from 0, the noisiest; outside: the scale at all others."""

    name: str
    inside: float
    outside: float
    first: int
    last: int

    def scale(self, place: int) -> float:
        """Return the scale at a step, counted from 0, the noisiest."""
        return self.inside if self.first <= place < self.last else self.outside


def scale(value: float) -> str:
    """Return the name of the setting with this scale at all steps."""
    return f"scale_{value:g}".replace(".", "_")


def guided(part: int) -> str:
    """Return the name of the setting with guidance in one part of the loop, counted from 1, and none elsewhere."""
    return f"guided_{part}"


def told(part: int) -> str:
    """Return the name of the setting that tells the class in one part of the loop, counted from 1, and no class
    elsewhere."""
    return f"told_{part}"


def bounds(parts: int, steps: int) -> list[int]:
    """Return where the parts of a loop begin and end, int [parts + 1], counted from 0; they are equal where the steps
    allow it."""
    return [round(steps * part / parts) for part in range(parts + 1)]


def settings(chosen: Guidance) -> list[Setting]:
    """Return what is tried: every scale at all steps, guidance in each part of the loop alone and in all but the first
    and the last, and the class told in each part alone."""
    ends = bounds(chosen.parts, chosen.steps)
    parts = [(i + 1, ends[i], ends[i + 1]) for i in range(chosen.parts)]
    strength = chosen.part_scale
    return [
        *(Setting(scale(each), each, each, 0, chosen.steps) for each in chosen.scales),
        *(Setting(guided(part), strength, 1, first, last) for part, first, last in parts),
        Setting(MIDDLE, strength, 1, ends[1], ends[-2]),
        *(Setting(told(part), 1, 0, first, last) for part, first, last in parts),
    ]


@dataclass(frozen=True)
class Guided:
    """What was found with one training seed."""

    settings: pd.DataFrame  # a row per setting: the fields of `Setting`, and of one image `rows`, of the network's
    # batches over all steps, and `multiply_adds`
    numbers: dict[str, dict[str, Number]]  # setting -> metric -> number, as `guiding.judged` has them
    replicates: dict[str, pd.DataFrame]  # setting -> a column per metric, a row per resample
    pictures: dict[str, np.ndarray]  # setting -> the images of the first seeds, uint8 [shown, H, W, C]
    labels: np.ndarray  # int64 [shown], their classes

    def save(self, folder: Path) -> None:
        """Write the folder whole or not at all."""
        with replacing(folder) as unfinished:
            unfinished.mkdir()
            write_csv(unfinished / "settings.csv", self.settings)
            write_json(unfinished / "numbers.json", self.numbers)
            columns = [table.add_prefix(f"{name}.") for name, table in self.replicates.items()]
            write_csv(unfinished / "bootstrap.csv", pd.concat(columns, axis=1), "%.6g")
            write_arrays(unfinished / "pictures.npz", {**self.pictures, "labels": self.labels})


def load(folder: Path) -> Guided:
    """Read what `guidance` left of one training; a missing or broken file is a `UserError`."""
    numbers, pictures = read_json(folder / "numbers.json", STAGE), read_arrays(folder / "pictures.npz", STAGE)
    table = read_csv(folder / "bootstrap.csv", STAGE)
    replicates = {
        name: table[[f"{name}.{metric}" for metric in metrics]].set_axis(list(metrics), axis=1)
        for name, metrics in numbers.items()
    }
    return Guided(
        read_csv(folder / "settings.csv", STAGE), numbers, replicates, pictures, labels=pictures.pop("labels")
    )


def there(folder: Path) -> bool:
    """Say whether `guidance` has left something; switched off, it leaves an empty folder."""
    return is_folder(folder) and any(folder.iterdir())

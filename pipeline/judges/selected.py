"""The results of the stage `selection` for one training: the candidates, and what selecting does to the set."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.files import is_folder, read_json, replacing, write_json
from pipeline.judges.number import Kind, Number
from pipeline.tables import read_csv, write_csv

STAGE = "selection"

METRICS: dict[str, Kind | None] = {
    "quality": "correlation",  # -1 to 1
    "clip_score": "size",
    "cmmd": None,  # unbiased, and so below 0 at times
    "frechet": "size",
    "accuracy": "share",
    "second_accuracy": "share",
    "diversity": "size",
    "coverage": "share",
}
"""What is measured of a set, and the values that each can have. The first three are the judge's that selects, the
others are not; in percent of the random selections are compared those in `IN_PERCENT`, by their difference all
others."""
IN_PERCENT = ("frechet", "diversity")

Numbers = dict[str, dict[str, Number]]  # metric -> `random`, `selected`, and `gap`, as `selection.compared` has it


@dataclass(frozen=True)
class Selected:
    """What was selected of one training's images."""

    images: pd.DataFrame  # a row per candidate: id, label, quality, clip_score, accuracy and second_accuracy (1 where a
    # judge sees the class), and for every score that selects `by_` and its name: the rank among those kept, 0 for the
    # others
    numbers: dict[str, Numbers]  # the score that selects -> what it does

    def save(self, folder: Path) -> None:
        """Write the folder whole or not at all."""
        with replacing(folder) as unfinished:
            unfinished.mkdir()
            write_csv(unfinished / "images.csv", self.images, "%.6g")
            write_json(unfinished / "numbers.json", self.numbers)


def load(folder: Path) -> Selected:
    """Read what `selection` left of one training; a missing or broken file is a `UserError`."""
    return Selected(read_csv(folder / "images.csv", STAGE), read_json(folder / "numbers.json", STAGE))


def there(folder: Path) -> bool:
    """Say whether `selection` has left something; switched off, it leaves an empty folder."""
    return is_folder(folder) and any(folder.iterdir())

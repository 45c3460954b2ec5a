"""The result of the stage `judges`: how well the data set's classifier judges."""

from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.files import read_json, reading, write_json
from pipeline.judges.number import Number

STAGE = "judges"


@dataclass(frozen=True)
class Quality:
    """The judge in use, and whether the classifier recognises real images well enough to judge generated ones."""

    judge: str  # the network that gives the features: classifier or inception
    frechet: str  # the name of the Frechet distance over these features
    kernel: str  # the name of the kernel distance over these features
    can_judge: bool  # whether the accuracy is at least min_accuracy
    min_accuracy: float  # 0..1
    accuracy: Number  # share of the real test images that the classifier recognises

    def save(self, folder: Path) -> None:
        """Write quality.json into the folder, whole or not at all."""
        write_json(folder / "quality.json", asdict(self))


def load(folder: Path) -> Quality:
    """Read what `judges` left; a missing or broken file is a `UserError`."""
    path = folder / "quality.json"
    with reading(path, STAGE):
        return Quality(**read_json(path, STAGE))

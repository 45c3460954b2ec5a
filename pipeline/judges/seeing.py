"""The result of the stage `clip`: a CLIP that judges, and how far it can be believed."""

from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.files import read_json, reading, write_json
from pipeline.judges.number import Number

STAGE = "clip"


@dataclass(frozen=True)
class Seeing:
    """How well a CLIP judges the data set's real images."""

    model: str  # as params.yaml names it
    parameters: int
    required: float  # what each of the numbers must reach, 0..1
    reliability: dict[str, Number]  # zero_shot, calibration, clear_blurry, as `scores.reliability` has them

    @property
    def can_judge(self) -> bool:
        """Say whether every number reaches what is required."""
        return all(number["value"] >= self.required for number in self.reliability.values())

    def save(self, folder: Path) -> None:
        """Write quality.json into the folder, whole or not at all."""
        write_json(folder / "quality.json", asdict(self))


def model(folder: Path) -> Path:
    """Return where the model is in a folder that `clip` wrote."""
    return folder / "model"


def load(folder: Path) -> Seeing:
    """Read what `clip` left, except the model; a missing or broken file is a `UserError`."""
    path = folder / "quality.json"
    with reading(path, STAGE):
        return Seeing(**read_json(path, STAGE))


def there(folder: Path) -> bool:
    """Say whether `clip` has left something; switched off, it leaves an empty folder."""
    return (folder / "quality.json").is_file()

"""The results of the stage `sample`: images of a denoiser, images of its snapshots, and the time that they took."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.data import images
from pipeline.data.images import ImageSet
from pipeline.diffusion.trained import by_images_seen
from pipeline.files import read_json, replacing, write_json

STAGE = "sample"


@dataclass(frozen=True)
class Sampled:
    """The images of a denoiser, each named by its seed, and those of its snapshots."""

    images: ImageSet
    snapshots: dict[int, ImageSet]  # images seen in training -> images drawn with the weights then
    timing: dict[str, Any]  # seconds and images of the final images, batch_size, peak_bytes (None where unknown)

    def save(self, folder: Path) -> None:
        """Write everything into the folder, each part whole or not at all."""
        with replacing(folder / "snapshots") as unfinished:
            unfinished.mkdir()
            for images_seen, drawn in self.snapshots.items():
                drawn.save(unfinished / str(images_seen))
        self.images.save(folder / "images")
        write_json(folder / "timing.json", self.timing)


def load(folder: Path) -> Sampled:
    """Read a folder of `sample`, its images mapped into memory; a missing or broken file is a `UserError`."""
    timing = read_json(folder / "timing.json", STAGE)
    return Sampled(images.load(folder / "images"), snapshots(folder / "snapshots"), timing)


def snapshots(folder: Path | None) -> dict[int, ImageSet]:
    """Map the images of every snapshot into memory, and return images seen -> images, in rising order."""
    return {images_seen: images.load(path) for images_seen, path in by_images_seen(folder).items()}

"""The results of the stage `sample`: images of a denoiser, images of its snapshots, and the time that they took."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.data import images
from pipeline.data.images import ImageSet
from pipeline.diffusion.trained import by_images_seen
from pipeline.files import part, read_json, replacing, write_json

STAGE = "sample"


@dataclass(frozen=True)
class Sampled:
    """The images of a denoiser, each named by its seed, and those of its snapshots."""

    images: ImageSet
    snapshots: dict[int, ImageSet]  # images seen in training -> images drawn with the weights then
    timing: dict[str, Any]  # seconds and images of the final images, batch_size, peak_bytes (None where unknown)

    def save(self, folder: Path, replica: int | None = None) -> None:
        """Write everything into the folder, each part whole or not at all.

        replica: the training seed, where the folder holds several replicas of a variant.
        """
        with replacing(part(folder, "snapshots", replica)) as unfinished:
            unfinished.mkdir()
            for images_seen, drawn in self.snapshots.items():
                drawn.save(unfinished / str(images_seen))
        self.images.save(part(folder, "images", replica))
        write_json(part(folder, "log", replica) / "timing.json", self.timing)


def load(folder: Path, replica: int) -> Sampled:
    """Read a replica in a folder of `sample`, its images mapped into memory; a missing or broken file is a
    `UserError`."""
    timing = read_json(part(folder, "log", replica) / "timing.json", STAGE)
    return Sampled(images.load(part(folder, "images", replica)), snapshots(part(folder, "snapshots", replica)), timing)


def snapshots(folder: Path) -> dict[int, ImageSet]:
    """Map the images of every snapshot into memory, and return images seen -> images, in rising order."""
    return {images_seen: images.load(path) for images_seen, path in by_images_seen(folder).items()}

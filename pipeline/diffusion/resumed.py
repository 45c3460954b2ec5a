"""A training run that goes on from its last checkpoint, and leaves one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.diffusion import checkpoint
from pipeline.diffusion.training import Row, Training
from pipeline.files import remove


@dataclass(frozen=True)
class Kept:
    """This says where the checkpoints of a run are, among those of other runs. name: what sentences call the run; key:
    as `checkpoint.key` gives it. The one at the end stays, so that a run that was trained to its end is never trained
    again."""

    folder: Path
    name: str
    key: str

    @property
    def unfinished(self) -> Path:
        """Return the file on the way; those of other parameters stay."""
        return self.folder / f"{self.name}-{self.key[:12]}.safetensors"

    @property
    def finished(self) -> Path:
        """Return the file at the end."""
        return self.folder / f"{self.name}-{self.key[:12]}.finished.safetensors"

    def restore(self, run: Training) -> bool:
        """Let a fresh run go on from where it was, and say whether there was a checkpoint."""
        device = run.images.device
        saved = checkpoint.load(self.finished, self.key, device) or checkpoint.load(self.unfinished, self.key, device)
        if saved:
            run.restore(*saved)
        return saved is not None

    def rows(self, run: Training, every: int) -> Iterator[Row]:
        """Train to the end, and yield every new row of the run; a checkpoint is written about every `every` images and
        at the end, when that of the same name and other parameters goes."""
        saved_at = run.rows[-1].images_seen if run.rows else 0
        for row in run:
            yield row
            if row.images_seen - saved_at >= every:
                checkpoint.save(self.unfinished, self.key, *run.state())
                saved_at = row.images_seen
        checkpoint.save(self.finished, self.key, *run.state())
        for older in set(self.folder.glob(f"{self.name}-*.finished.safetensors")) - {self.finished}:
            remove(older)
        remove(self.unfinished)

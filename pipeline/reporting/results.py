"""One training of a variant as the report reads it: what `train`, `sample` and `evaluate` left of it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.diffusion import sampled, trained
from pipeline.diffusion.sampled import Sampled
from pipeline.diffusion.trained import Trained
from pipeline.judges import evaluated
from pipeline.judges.evaluated import END, Evaluated, in_order

NOISE_LEVELS = 10  # bins of timesteps that the validation loss is parted into


@dataclass(frozen=True)
class Run:
    """A training of a variant with one training seed, the images that it drew, and what the judges say of them."""

    trained: Trained
    sampled: Sampled
    evaluated: Evaluated

    @property
    def architecture(self) -> dict[str, Any]:
        """What the network is built of, as params.yaml has it."""
        architecture: dict[str, Any] = self.trained.costs["architecture"]
        return architecture

    @property
    def told_class(self) -> bool:
        """Whether the network is told the class that is asked for."""
        return bool(self.architecture["class_embedding"])

    @property
    def images_seen(self) -> int:
        """How many images were seen in the whole of training."""
        return int(self.trained.curve["images_seen"].iloc[-1])

    @property
    def marks(self) -> dict[str, int]:
        """The snapshots' names, the end last -> images seen."""
        return {mark: self.images_seen if mark == END else int(mark) for mark in in_order(self.evaluated.snapshots)}

    @cached_property
    def held_out(self) -> pd.DataFrame:
        """The held-out images that the validation loss is measured on, a row each, by their ids."""
        return self.trained.validation.drop_duplicates("id").sort_values("id")

    @cached_property
    def levels(self) -> list[pd.DataFrame]:
        """validation.csv parted by timestep into bins of equally many draws, cleanest first; at least 20 in each."""
        ordered = self.trained.validation.sort_values("t", kind="stable")
        count = min(NOISE_LEVELS, max(len(ordered) // 20, 1))
        return [ordered.iloc[index] for index in np.array_split(np.arange(len(ordered)), count)]


def run(outputs: Path, variant: str, replica: int) -> Run:
    """Read what the stages left under `outputs` of one training."""
    folders = {stage: outputs / stage / variant for stage in ("train", "sample", "evaluate")}
    return Run(
        trained.load(folders["train"], replica),
        sampled.load(folders["sample"], replica),
        evaluated.load(folders["evaluate"] / str(replica)),
    )

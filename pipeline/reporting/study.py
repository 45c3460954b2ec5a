"""What the stages left, as the chapters read it: the parameters, and the outputs that several chapters share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from pipeline.anatomy import pooled
from pipeline.data import prepared
from pipeline.data.images import ImageSet
from pipeline.data.prepared import Prepared
from pipeline.judges import bootstrap, evaluated, quality
from pipeline.judges.evaluated import END, Evaluated
from pipeline.judges.number import Number, over_replicas
from pipeline.judges.quality import Quality
from pipeline.judges.replicated import Measured, Replicated, ScaleName
from pipeline.params import BASELINE, FLOOR, Params
from pipeline.reporting import results
from pipeline.reporting.results import Run

DISTANCES = {
    "fd_classifier": "FD (classifier)",
    "fid": "FID",
    "kd_classifier": "KD (classifier)",
    "kid": "KID",
}
FAILED = 20  # times the smallest distance: a variant beyond it has not learnt to draw
T = TypeVar("T")
Runs = dict[str, Run]  # variant -> its training with one training seed


@dataclass(frozen=True)
class Study:
    """A folder of stages' outputs and the parameters that they were made with. What is not there when it is asked for
    is a `UserError`."""

    outputs: Path
    params: Params

    @cached_property
    def runs(self) -> dict[str, list[Run]]:
        """Variant -> a training for every training seed."""
        replicas = self.params.replicas
        return {v: [results.run(self.outputs, v, replica) for replica in replicas] for v in self.params.variants}

    @cached_property
    def floor(self) -> Evaluated:
        """The real test images in the place of samples."""
        return evaluated.load(self.outputs / "evaluate" / FLOOR)

    @cached_property
    def quality(self) -> Quality:
        """How well the judge judges."""
        return quality.load(self.outputs / "judges")

    @cached_property
    def prepared(self) -> Prepared:
        """The data set."""
        return prepared.load(self.outputs / "prepare")

    @property
    def variants(self) -> list[str]:
        """Their names, the baseline among them."""
        return list(self.params.variants)

    @property
    def told_class(self) -> list[str]:
        """The variants whose network is told the class that is asked for."""
        return [variant for variant, runs in self.runs.items() if runs[0].told_class]

    def networks(self, stage: str, subject: str) -> list[Path]:
        """The folders of a subject's networks that a stage has looked at."""
        return pooled.folders(self.outputs / stage / subject)

    def of_subjects(self, stage: str, load: Callable[[Path], T], over: Callable[[Sequence[T]], T]) -> dict[str, T]:
        """Subject -> what a stage left of it, of those that it looked at; load: what reads a network's folder; over:
        what puts several networks together."""
        folders = {name: self.networks(stage, name) for name in self.params.subjects}
        found = {name: [load(folder) for folder in of] for name, of in folders.items() if of}
        return {name: of[0] if len(of) == 1 else over(of) for name, of in found.items()}

    @property
    def baseline(self) -> Run:
        """The baseline's training with the first training seed."""
        return self.runs[BASELINE][0]

    @property
    def frechet(self) -> str:
        """The metric that the distance to the real images is measured by."""
        return self.quality.frechet

    @property
    def distance(self) -> str:
        """What that metric is called."""
        return DISTANCES[self.frechet]

    @property
    def several(self) -> bool:
        """Whether there is more than one training seed."""
        return len(self.params.replicas) > 1

    def samples(self, variant: str, mark: str = END) -> ImageSet:
        """What the variant drew with the first training seed, at the end of training or at a snapshot."""
        drawn = self.runs[variant][0].sampled
        return drawn.images if mark == END else drawn.snapshots[int(mark)]

    def draws(self, labels: np.ndarray) -> np.ndarray:
        """Resamples of things of these classes, the same in every variant; made once, since all replicas ask for the
        same ones. Nobody may change them."""
        of = labels.astype(np.int64).tobytes()
        if of not in self._drawn:
            self._drawn[of] = bootstrap.draws(labels, self.params.bootstrap.resamples, self.params.bootstrap.seed)
        return self._drawn[of]

    @cached_property
    def _drawn(self) -> dict[bytes, np.ndarray]:
        """The resamples that were asked for so far, by their labels."""
        return {}

    @cached_property
    def failed(self) -> frozenset[str]:
        """The variants that have not learnt to draw: their images are far from the real ones beside all others'. Their
        errors are no guide to those of the others."""
        distances = {
            variant: np.mean([run.evaluated.metrics[self.frechet]["value"] for run in runs])
            for variant, runs in self.runs.items()
        }
        bound = FAILED * min(distances.values())
        return frozenset(variant for variant, distance in distances.items() if distance > bound)

    def replicated(
        self, measure: Callable[[Run], Measured | None], scale: ScaleName, shared: bool = False
    ) -> Replicated:
        """A metric of every variant over its replicas. measure: what one training shows of it, None where a variant has
        no such metric; scale, shared: as in `Replicated`."""
        each = {variant: [measure(run) for run in runs] for variant, runs in self.runs.items()}
        found = {v: [one for one in of if one is not None] for v, of in each.items()}
        whole = {v: of for v, of in found.items() if len(of) == len(self.params.replicas)}
        return Replicated(whole, scale, shared, self.failed)

    def metric(self, name: str, scale: ScaleName, shared: bool = False) -> Replicated:
        """A metric of the samples over the replicas, which each draw images of their own. shared: as in `Replicated`,
        for a metric of the real test images."""
        return self.replicated(
            lambda run: Measured(run.evaluated.metrics[name], run.evaluated.replicates[name].to_numpy()), scale, shared
        )

    def over_replicas(self, number: Callable[[Runs], Number]) -> Number:
        """A number that a training seed has once, put together over the training seeds."""
        count = len(self.params.replicas)
        return over_replicas([number({v: runs[i] for v, runs in self.runs.items()}) for i in range(count)])

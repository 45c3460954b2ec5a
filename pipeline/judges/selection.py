"""The best of many images by a score, and what the selection does to a set: beside as many images drawn at random.

A selection may please the judge that makes it and make the set narrower, so all is measured by others too. What a
random selection has is its mean over many draws, and their spread says how far one may lie from it by chance.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from prdc.prdc import compute_pairwise_distance

from pipeline.judges import cmmd, frechet
from pipeline.judges.neighbours import inside
from pipeline.judges.number import Number, counted, resampled
from pipeline.judges.reference import Reference
from pipeline.judges.selected import IN_PERCENT, METRICS


def candidates(labels: np.ndarray, count: int) -> np.ndarray:
    """Return the positions of the first `count` images of every class, int [classes * count], class after class."""
    return np.concatenate([np.flatnonzero(labels == label)[:count] for label in np.unique(labels)])


def best(scores: np.ndarray, labels: np.ndarray, kept: int) -> np.ndarray:
    """Return the positions of the `kept` images of every class that score highest, the best first, int [classes *
    kept], class after class; of equal ones the first. scores: float [N]; labels: int [N]."""
    order = np.lexsort((-scores, labels))
    return np.concatenate([order[labels[order] == label][:kept] for label in np.unique(labels)])


def at_random(labels: np.ndarray, kept: int, draws: int, seed: int) -> np.ndarray:
    """Return random selections of `kept` images of every class, without repeats, int [draws, classes * kept]."""
    rng, members = np.random.default_rng(seed), [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return np.stack([np.concatenate([rng.choice(each, kept, replace=False) for each in members]) for _ in range(draws)])


@dataclass(frozen=True)
class Candidates:
    """The images to select from, as the judges see them. features: of the judge of distances, float64 [N, F]; of_clip:
    the CLIP's, float64 [N, G]; labels: int [N]; per_image: by a metric's name, float [N]: quality and clip_score of the
    CLIP, accuracy and second_accuracy, 1 where the classifier and the second judge see the class."""

    features: np.ndarray
    of_clip: np.ndarray
    labels: np.ndarray
    per_image: Mapping[str, np.ndarray]

    def measured(
        self, sets: np.ndarray, real: Reference, real_of_clip: np.ndarray, neighbours: int
    ) -> dict[str, np.ndarray]:
        """Return every metric of `METRICS` of some sets of these images, float64 [B] each.

        sets: int [B, n], places of images; real: the real images; real_of_clip: as the CLIP sees them; neighbours: k of
        the coverage, the share of real images with an image of the set in their ball (Naeem et al. 2020, equation 4).
        """
        near = inside(self.features, real.features, neighbours)
        return {
            **{name: values[sets].mean(axis=1) for name, values in self.per_image.items()},
            "cmmd": cmmd.resampled_distances(self.of_clip, real_of_clip, sets),
            "frechet": frechet.resampled_distances(self.features, real.statistics, sets),
            "diversity": self._diversity(sets),
            "coverage": np.array([near[each].any(axis=0).mean() for each in sets]),
        }

    def _diversity(self, sets: np.ndarray) -> np.ndarray:
        """Return the mean distance in feature space between two images of one class in each set, float64 [B]."""
        apart = compute_pairwise_distance(self.features)
        mine = self.labels[sets[0]]
        pairs = np.argwhere(np.triu(mine[:, None] == mine, k=1))  # every set has its classes in the same order
        return np.asarray(apart[sets[:, pairs[:, 0]], sets[:, pairs[:, 1]]].mean(axis=1))


def of_one(value: float, name: str, n: int) -> Number:
    """Return the metric of one selection as a number without an interval; name: the metric's; n: its images."""
    kind, found = METRICS[name], counted(value, n)
    return {**found, "kind": kind} if kind else found


def compared(selected: float, random: np.ndarray, name: str, n: int) -> Number:
    """Return how far a selection's metric is above the mean of random ones: in percent of it for those in
    `IN_PERCENT`, in percent points for a share, else as it is. The interval is that of random selections around the
    value, and p the share of them that lie as far from their mean.

    random: float [B]; name: the metric's; n: images of a selection.
    """
    mean = random.mean()
    times = 100 / mean if name in IN_PERCENT else 100 if METRICS[name] == "share" else 1
    gap = times * (selected - mean)
    return resampled(float(gap), n, gap + times * (random - mean))

"""One set of images against the real ones: every metric as value, n and interval, and the resamples behind it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.judges import bootstrap, frechet, kernel, neighbours
from pipeline.judges.features import Judge
from pipeline.judges.reference import Reference
from pipeline.params import Evaluate

ANYTHING, SHARE, AT_LEAST_0 = (-np.inf, np.inf), (0.0, 1.0), (0.0, np.inf)


@dataclass(frozen=True)
class Metrics:
    """numbers: name -> {value, n, ci95, n_reference}; replicates: a column per metric, a row per resample.

    Row b of every variant's replicates comes from the same draw, so two variants are compared row by row.
    """

    numbers: dict[str, dict[str, Any]]
    replicates: pd.DataFrame


def compare(
    features: np.ndarray,
    labels: np.ndarray,
    recognised_as: np.ndarray,
    real: Reference,
    judge: Judge,
    params: Evaluate,
) -> Metrics:
    """features: [N, F] of the images; labels, recognised_as: int [N], the class asked for and the class seen;
    real: what they are compared with.

    Resampled are the images compared; for recall, which is a share of the real images, those.
    """
    ours = bootstrap.draws(labels, params.bootstrap, params.seed)
    theirs = bootstrap.draws(real.labels, params.bootstrap, params.seed)
    near_real = neighbours.covered(features, real.features, params.neighbours)
    near_ours = neighbours.covered(real.features, features, params.neighbours)
    right = recognised_as == labels
    found = {
        judge.frechet: (
            frechet.distance(features, real.statistics),
            frechet.resampled_distances(features, real.statistics, ours),
            AT_LEAST_0,
        ),
        judge.kernel: (
            kernel.distance(features, real.features),
            kernel.resampled_distances(features, real.features, ours),
            ANYTHING,
        ),
        "precision": (near_real.mean(), near_real[ours].mean(axis=1), SHARE),
        "recall": (near_ours.mean(), near_ours[theirs].mean(axis=1), SHARE),
        "accuracy": (right.mean(), right[ours].mean(axis=1), SHARE),
    }
    numbers: dict[str, dict[str, Any]] = {
        name: {
            "value": float(value),
            "n": len(features),
            "n_reference": real.statistics.n if name == judge.frechet else len(real.features),
            "ci95": bootstrap.interval(float(value), replicates, bounds),
        }
        for name, (value, replicates, bounds) in found.items()
    }
    numbers["accuracy"] = {
        "value": float(right.mean()),
        "n": len(right),
        "ci95": bootstrap.proportion_interval(right),
    }
    return Metrics(numbers, pd.DataFrame({name: replicates for name, (_, replicates, _) in found.items()}))

"""One set of images against the real ones: every metric as value, n and interval, and the resamples behind it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.judges import bootstrap, frechet, kernel, neighbours
from pipeline.judges.features import Judge
from pipeline.params import Evaluate

BOUNDS = {"precision": (0.0, 1.0), "recall": (0.0, 1.0), "accuracy": (0.0, 1.0)}


@dataclass(frozen=True)
class Metrics:
    """numbers: name -> {value, n, ci95, n_reference}; replicates: a column per metric, a row per resample.

    Row b of every variant's replicates comes from the same draw, so two variants are compared row by row.
    """

    numbers: dict[str, dict[str, Any]]
    replicates: pd.DataFrame


def compare(
    features: np.ndarray,
    recognised: np.ndarray,
    reference: np.ndarray,
    statistics: frechet.Gaussian,
    judge: Judge,
    params: Evaluate,
) -> Metrics:
    """features: [N, F] of the images; recognised: bool [N], is the class that was asked for seen;
    reference: [M, F] features of the real images, with their statistics.

    Resampled are the images compared; for recall, which is a share of the real images, those.
    """
    ours = bootstrap.draws(len(features), params.bootstrap, params.seed)
    theirs = bootstrap.draws(len(reference), params.bootstrap, params.seed)
    near_real = neighbours.covered(features, reference, params.neighbours)
    near_ours = neighbours.covered(reference, features, params.neighbours)
    found = {
        judge.frechet: (
            frechet.distance(features, statistics),
            frechet.resampled_distances(features, statistics, ours),
        ),
        judge.kernel: (kernel.distance(features, reference), kernel.resampled_distances(features, reference, ours)),
        "precision": (near_real.mean(), near_real[ours].mean(axis=1)),
        "recall": (near_ours.mean(), near_ours[theirs].mean(axis=1)),
        "accuracy": (recognised.mean(), recognised[ours].mean(axis=1)),
    }
    numbers = {
        name: {
            "value": float(value),
            "n": len(features),
            "n_reference": len(reference),
            "ci95": bootstrap.interval(float(value), replicates, BOUNDS.get(name, (-np.inf, np.inf))),
        }
        for name, (value, replicates) in found.items()
    }
    del numbers["accuracy"]["n_reference"]
    return Metrics(numbers, pd.DataFrame({name: replicates for name, (_, replicates) in found.items()}))

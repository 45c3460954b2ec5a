"""The metrics of one set of images against the real ones, each with value, n, interval, and the resamples behind it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from skimage.measure import blur_effect

from pipeline.judges import bootstrap, frechet, kernel, number, spread
from pipeline.judges.evaluated import SECOND
from pipeline.judges.features import Judge
from pipeline.judges.neighbours import inside
from pipeline.judges.number import Kind, Number
from pipeline.judges.reference import Reference
from pipeline.params import Bootstrap


@dataclass(frozen=True)
class Metrics:
    """The metrics of one set of images. numbers: by the metric's name; replicates: a column per metric, a row per
    resample.

    Row b of the replicates comes from the same draw in every variant, so two variants are compared row by row.
    """

    numbers: dict[str, Number]
    replicates: pd.DataFrame


def compare(
    features: np.ndarray, images: pd.DataFrame, real: Reference, judge: Judge, neighbours: int, resampling: Bootstrap
) -> Metrics:
    """Compare a set of images with the real ones by every metric.

    features: [N, F]; images: a row each with `label` (the class that it was drawn for), `recognised_as`,
    `training_distance` (to the nearest training image) and `blur`; real: the images to compare with; neighbours: k of
    precision, recall, density and coverage. The images of the set are resampled; for recall and coverage, which are
    shares of the real images, the real ones are.
    """
    labels = images["label"].to_numpy()
    ours = bootstrap.draws(labels, resampling.resamples, resampling.seed)
    theirs = bootstrap.draws(real.labels, resampling.resamples, resampling.seed)
    recognised_as = images["recognised_as"].to_numpy()
    distance, blur = images["training_distance"].to_numpy(), images["blur"].to_numpy()
    found: dict[str, Found] = {
        judge.frechet: _frechet(features, real.statistics, ours),
        judge.kernel: (
            kernel.distance(features, real.features),
            kernel.resampled_distances(features, real.features, ours),
            None,
        ),
        **_neighbourhood(features, real, neighbours, ours, theirs),
        "training_distance": (np.median(distance), np.median(distance[ours], axis=1), "size"),
        "blur": (blur.mean(), blur[ours].mean(axis=1), "share"),
        "class_imbalance": (
            imbalance(labels, recognised_as[None])[0],
            imbalance(labels, recognised_as[ours]),
            "share",
        ),
    }
    numbers, replicates = _with_accuracy(found, labels, recognised_as, ours)
    _note_reference(numbers, real, judge)
    return Metrics(numbers, replicates)


def trade(
    features: np.ndarray,
    labels: np.ndarray,
    said: np.ndarray,
    agreed: np.ndarray,
    real: Reference,
    judge: Judge,
    neighbours: int,
    resampling: Bootstrap,
    scores: Mapping[str, np.ndarray],
) -> Metrics:
    """Return how true images are, and how various, which guidance trades for each other.

    features: [N, F]; labels: int [N], the classes asked for; said: [N, classes], the log-probabilities that the
    classifier gives; agreed: int [N], the classes that the second judge sees; neighbours: as in `compare`. `confidence`
    is the mean probability of the class asked for. `spread` is the standard deviation of the features about the mean of
    the class, over that of the real images: 1 where the images of a class differ as much as real ones do. scores: name
    -> a score of each image, float [N], from 0 on, whose mean is added.
    """
    ours = bootstrap.draws(labels, resampling.resamples, resampling.seed)
    theirs = bootstrap.draws(real.labels, resampling.resamples, resampling.seed)
    sure = np.exp(said[np.arange(len(labels)), labels])
    hits = agreed == labels
    unit = spread.within(real.features, real.labels)
    found: dict[str, Found] = {
        judge.frechet: _frechet(features, real.statistics, ours),
        **_neighbourhood(features, real, neighbours, ours, theirs),
        "confidence": (sure.mean(), sure[ours].mean(axis=1), "share"),
        "spread": (
            (spread.within(features, labels) / unit) ** 0.5,
            (spread.resampled_within(features, labels, ours) / unit) ** 0.5,
            "size",
        ),
        **{name: (each.mean(), each[ours].mean(axis=1), "size") for name, each in scores.items()},
    }
    numbers, replicates = _with_accuracy(found, labels, said.argmax(axis=1), ours)
    numbers[SECOND], replicates[SECOND] = number.share(hits), hits[ours].mean(axis=1)
    _note_reference(numbers, real, judge)
    return Metrics(numbers, replicates)


def brief(
    features: np.ndarray,
    labels: np.ndarray,
    recognised_as: np.ndarray,
    real: Reference,
    judge: Judge,
    resampling: Bootstrap,
) -> Metrics:
    """Return the Frechet distance and the accuracy alone, as for a snapshot; the arguments are as in `compare`."""
    ours = bootstrap.draws(labels, resampling.resamples, resampling.seed)
    found = {judge.frechet: _frechet(features, real.statistics, ours)}
    return Metrics(*_with_accuracy(found, labels, recognised_as, ours))


def by_class(
    features: np.ndarray,
    labels: np.ndarray,
    recognised_as: np.ndarray,
    real: Reference,
    judge: Judge,
    resampling: Bootstrap,
) -> dict[int, dict[str, Number]]:
    """Return class index -> the Frechet distance to the real images of the class, the accuracy, and `seen`, the share
    of all images that are recognised as this class. A class with fewer than two images on either side is left out."""
    out = {}
    for label in np.unique(labels):
        mine, theirs = labels == label, real.labels == label
        if mine.sum() < 2 or theirs.sum() < 2:
            continue
        draws = bootstrap.draws(labels[mine], resampling.resamples, resampling.seed)
        found = {judge.frechet: _frechet(features[mine], frechet.gaussian(real.features[theirs]), draws)}
        numbers, _ = _with_accuracy(found, labels[mine], recognised_as[mine], draws)
        numbers["seen"] = number.share(recognised_as == label)
        out[int(label)] = numbers
    return out


def blurs(images: np.ndarray) -> np.ndarray:
    """Return the blur of each image, float64 [N], from 0 (sharp) to 1 (Crete et al. 2007); images: uint8 [N, H, W,
    C]."""
    if images.shape[-1] == 1:
        return np.array([blur_effect(image[..., 0]) for image in images])
    return np.array([blur_effect(image, channel_axis=-1) for image in images])


def imbalance(asked: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return the total variation, float64 [B] in 0..1, between the shares of the classes seen, [B, N], and of the
    classes asked for, [N]."""
    width = int(max(asked.max(), seen.max())) + 1
    shares = np.stack([np.bincount(row, minlength=width) for row in seen]) / seen.shape[1]
    return abs(shares - np.bincount(asked, minlength=width) / len(asked)).sum(axis=1) / 2


def _note_reference(numbers: dict[str, Number], real: Reference, judge: Judge) -> None:
    """Note how many real images the numbers that compare with them are over."""
    for name in {judge.frechet, judge.kernel, "precision", "recall", "density", "coverage"} & set(numbers):
        numbers[name]["n_reference"] = real.statistics.n if name == judge.frechet else len(real.features)


Found = tuple[float, np.ndarray, Kind | None]  # a value, its replicates, and its kind


def _neighbourhood(
    features: np.ndarray, real: Reference, neighbours: int, ours: np.ndarray, theirs: np.ndarray
) -> dict[str, Found]:
    """Return precision, recall, density and coverage; ours, theirs: resamples of the images and of the real ones."""
    near_real = inside(features, real.features, neighbours)
    precise, dense = near_real.any(axis=1).astype(float), near_real.sum(axis=1) / neighbours
    covered = near_real.any(axis=0).astype(float)
    recalled = inside(real.features, features, neighbours).any(axis=1).astype(float)
    return {
        "precision": (precise.mean(), precise[ours].mean(axis=1), "share"),
        "recall": (recalled.mean(), recalled[theirs].mean(axis=1), "share"),
        "density": (dense.mean(), dense[ours].mean(axis=1), "size"),
        "coverage": (covered.mean(), covered[theirs].mean(axis=1), "share"),
    }


def _frechet(features: np.ndarray, real: frechet.Gaussian, draws: np.ndarray) -> Found:
    return frechet.distance(features, real), frechet.resampled_distances(features, real, draws), "size"


def _with_accuracy(
    found: dict[str, Found], labels: np.ndarray, recognised_as: np.ndarray, draws: np.ndarray
) -> tuple[dict[str, Number], pd.DataFrame]:
    """Return the numbers and the replicates, with the accuracy added, whose interval is Wilson's."""
    right = recognised_as == labels
    numbers = {
        name: number.resampled(value, len(labels), replicates, kind)
        for name, (value, replicates, kind) in found.items()
    }
    numbers["accuracy"] = number.share(right)
    columns = {name: replicates for name, (_, replicates, _) in found.items()}
    return numbers, pd.DataFrame({**columns, "accuracy": right[draws].mean(axis=1)})

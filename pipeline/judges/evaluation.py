"""The evaluation of one set of images, and of its snapshots, against the real training images."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from sklearn.svm import SVC

from pipeline.data.images import ImageSet
from pipeline.errors import UserError
from pipeline.judges import bootstrap, classifier, memorisation, metrics, number, second
from pipeline.judges.classifier import Classifier
from pipeline.judges.evaluated import END, SECOND, Evaluated
from pipeline.judges.features import Judge, extract
from pipeline.judges.reference import Reference
from pipeline.params import Bootstrap


@dataclass(frozen=True)
class Judges:
    """Those that look at the images. trained: the data set's classifier; second: the second judge of the classes;
    judge: the network that gives the features; real: the real images as the judge sees them; device: where the
    networks are."""

    trained: Classifier
    second: SVC
    judge: Judge
    real: Reference
    device: torch.device


def evaluate(
    judges: Judges,
    images: ImageSet,
    snapshots: Mapping[int, ImageSet],
    training: ImageSet,
    at_the_end: int,
    neighbours: int,
    taught: Mapping[str, np.ndarray],
    resampling: Bootstrap,
) -> tuple[Evaluated, np.ndarray]:
    """Return what the judges say of the images, and the images' features, float64 [N, F].

    images: labelled with the classes that they were drawn for; snapshots: images seen in training -> images; training:
    the real images, among which the nearest one to each image is sought; at_the_end: how many of the images, from the
    first on, stand for the end of training beside the snapshots; neighbours: k of precision, recall, density and
    coverage; taught: what `teaching.scores` found, which is added to the metrics.
    """
    _check(images, snapshots, training, neighbours)
    judge, real = judges.judge, judges.real
    features = extract(judge, images.images, judges.device)
    recognised_as = classifier.predict(judges.trained, images.images)
    position, distance = memorisation.nearest(images.images, training.images, judges.device)
    table = pd.DataFrame(
        {
            "id": images.ids,
            "label": images.labels,
            "recognised_as": recognised_as,
            "recognised_by_second_as": second.predict(judges.second, images.images),
            "nearest_training": position,
            "training_distance": distance,
            "blur": metrics.blurs(images.images),
        }
    )
    result = metrics.compare(features, table, real, judge, neighbours, resampling)
    for name, hits in taught.items():
        draws = bootstrap.draws(np.zeros(len(hits), dtype=int), resampling.resamples, resampling.seed)
        result.numbers[name] = number.share(hits)
        result.replicates[name] = hits[draws].mean(axis=1)
    classes = metrics.by_class(features, images.labels, recognised_as, real, judge, resampling)
    agreed = (table["recognised_by_second_as"] == table["label"]).to_numpy()
    draws = bootstrap.draws(images.labels, resampling.resamples, resampling.seed)
    result.numbers[SECOND], result.replicates[SECOND] = number.share(agreed), agreed[draws].mean(axis=1)
    for label, numbers in classes.items():
        numbers[SECOND] = number.share(agreed[images.labels == label])

    first = slice(at_the_end)
    marks = {END: (features[first], images.labels[first], recognised_as[first])}
    for images_seen, then in snapshots.items():
        seen = classifier.predict(judges.trained, then.images)
        marks[str(images_seen)] = (extract(judge, then.images, judges.device), then.labels, seen)
    brief = {mark: metrics.brief(*each, real, judge, resampling) for mark, each in marks.items()}
    found = Evaluated(
        result.numbers,
        result.replicates,
        table,
        {str(label): numbers for label, numbers in classes.items()},
        {mark: each.numbers for mark, each in brief.items()},
        {mark: each.replicates for mark, each in brief.items()},
    )
    return found, features


def _check(images: ImageSet, snapshots: Mapping[int, ImageSet], training: ImageSet, neighbours: int) -> None:
    """Refuse images of another size than the real ones, of classes that these do not have, or too few for their
    neighbours."""
    for each in (images, *snapshots.values()):
        if each.images.shape[1:] != training.images.shape[1:]:
            mine, real = ("x".join(map(str, of.images.shape[1:])) for of in (each, training))
            raise UserError(f"the images to evaluate are {mine} pixels, but the real ones are {real}.")
    if int(images.labels.min()) < 0 or int(images.labels.max()) > int(training.labels.max()):
        raise UserError(
            f"the images to evaluate have labels up to {images.labels.max()}, but the real ones end at "
            f"{training.labels.max()}."
        )
    if len(images) < neighbours + 2:
        raise UserError(
            f"{len(images)} images are too few for {neighbours} neighbours of each (evaluate.neighbours); at least "
            f"{neighbours + 2} are needed."
        )

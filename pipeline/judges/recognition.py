"""This file says from which step on a judge recognises an image, and how far a judge of clean images can be believed on
noisy ones."""

import numpy as np

from pipeline.judges.classifier import Classifier, class_logits


def log_probabilities(classifier: Classifier, images: np.ndarray) -> np.ndarray:
    """Return the logarithm of the probability that the classifier gives to each class, float64 [N, classes]; images:
    uint8 [N, H, W, C]."""
    return class_logits(classifier, images).double().log_softmax(dim=1).numpy()


def calibrated(log_probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the class that is named for each image at each step, int64 [K, S], when a judge's favourites are taken
    off.

    log_probabilities: [K, S, classes], of S images; labels: int [S], their classes. A judge that was trained on clean
    images answers with a few favourite classes when it is shown noise, and these would count as recognised from the
    start. So at each step the mean probability of each class over all images is divided out: what is left speaks for a
    class beyond what the judge says of every image at this noise level. It is the correction for a shift of the
    classes' shares (Saerens et al. 2002, eq. 2.4), to equal shares of the classes that there are, so that no class is
    named because it is frequent. A class that no image is of is never named.
    """
    there = np.isin(np.arange(log_probabilities.shape[2]), labels)
    beyond = log_probabilities - np.log(np.exp(log_probabilities).mean(axis=1, keepdims=True))
    return np.asarray(np.where(there, beyond, -np.inf).argmax(axis=2))


def settled(right: np.ndarray) -> np.ndarray:
    """Return the share of the process after which each image is right and stays right, float64 [S].

    right: bool [K, S], at K places in time, the first at the beginning and one step apart. It is 0 for an image that is
    right from the first place on, and 1 for one that is wrong at the last, which is not recognised at all.
    """
    places = len(right)
    wrong = ~right[::-1]
    since = np.where(wrong.any(axis=0), wrong.argmax(axis=0), places)  # places at the end that are right
    return (places - since) / places

"""What CLIP says of images that were drawn for a class: how near each is to the sentences of its class.

The CLIP score is that of Hessel et al. (2021), 2.5 max(cos, 0) of the image and its caption. How good, clear and blurry
an image is, is the softmax over the cosines with three sentences of its class, each times the scale that the model has
learnt, so that the three add up to 1.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import softmax

from pipeline.judges import bootstrap
from pipeline.judges.clip import Clip
from pipeline.judges.number import Number, resampled, share
from pipeline.params import Clip as ClipParams

WEIGHT = 2.5  # w of the CLIP score (Hessel et al. 2021, section 3)
LOOKS = ("good", "clear", "blurry")  # what the softmax is over
SCORE, QUALITY = "clip_score", "quality"  # columns: the CLIP score; good + clear - blurry
BINS = 10  # of confidence, in the calibration error

Told = Mapping[str, np.ndarray]  # plain, good, clear, blurry -> features of the sentence of every class, float64 [K, F]


def told(clip: Clip, params: ClipParams, classes: Sequence[str]) -> Told:
    """Return the features of the sentences that params.yaml has for every class."""
    return {
        key: clip.text_features([getattr(params, key).format_map({"class": name}) for name in classes])
        for key in ("plain", *LOOKS)
    }


def score(features: np.ndarray, labels: np.ndarray, told: Told, scale: float) -> pd.DataFrame:
    """Return a row per image: `clip_score`, 0 to 2.5; `good`, `clear`, `blurry`, which add up to 1; `quality`, good +
    clear - blurry, -1 to 1; `seen_as`, the class whose plain sentence is nearest; `confidence`, its share in the
    softmax over the classes.

    features: float64 [N, F] of length 1, as `Clip.image_features` gives them; labels: int [N], the classes that the
    images were drawn for; scale: as `Clip.scale`.
    """
    of_classes = softmax(scale * features @ told["plain"].T, axis=1)
    cosine = (features * told["plain"][labels]).sum(axis=1)
    looks = softmax(scale * np.stack([(features * told[key][labels]).sum(axis=1) for key in LOOKS], axis=1), axis=1)
    found = {SCORE: WEIGHT * cosine.clip(0), **dict(zip(LOOKS, looks.T, strict=True))}
    found[QUALITY] = looks[:, 0] + looks[:, 1] - looks[:, 2]
    return pd.DataFrame({**found, "seen_as": of_classes.argmax(axis=1), "confidence": of_classes.max(axis=1)})


def calibration(right: np.ndarray, confidence: np.ndarray, draws: np.ndarray) -> Number:
    """Return 1 less the expected calibration error (Guo et al. 2017, equation 3): 1 where a judge is right as often as
    it is confident.

    right: bool [N]; confidence: float [N]; draws: resamples, int [B, N].
    """
    bins = np.minimum((BINS * confidence).astype(int), BINS - 1)
    gaps = np.where(bins[:, None] == np.arange(BINS), (confidence - right)[:, None], 0)  # [N, BINS]
    value = 1 - abs(gaps.mean(axis=0)).sum()
    return resampled(value, len(right), 1 - abs(gaps[draws].mean(axis=1)).sum(axis=1), "share")


def reliability(
    sharp: pd.DataFrame, degraded: Sequence[pd.DataFrame], labels: np.ndarray, resamples: int, seed: int
) -> dict[str, Number]:
    """Return how far a CLIP can be believed, from held-out images with these labels: `zero_shot`, the share whose class
    it names; `calibration`; `clear_blurry`, the share that it calls rightly clear or blurry, where sharp images count
    as much as their degraded copies do.

    sharp: as `score` has it of the images; degraded: of their copies, in the same order.
    """
    draws = bootstrap.draws(labels, resamples, seed)
    right = sharp["seen_as"].to_numpy() == labels
    called = [1.0 * (sharp["clear"] > sharp["blurry"]), *(1.0 * (each["clear"] < each["blurry"]) for each in degraded)]
    balanced = (called[0] + np.mean(called[1:], axis=0)).to_numpy() / 2
    return {
        "zero_shot": share(right),
        "calibration": calibration(right, sharp["confidence"].to_numpy(), draws),
        "clear_blurry": resampled(balanced.mean(), len(balanced), balanced[draws].mean(axis=1), "share"),
    }

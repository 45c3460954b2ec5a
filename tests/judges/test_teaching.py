"""What can be learnt from images is measured on real ones."""

import numpy as np
import pytest
import torch

from pipeline.data.images import ImageSet
from pipeline.judges import teaching
from pipeline.params import Classifier
from tests.judges.test_classifier import LABELS, PARAMS, bars

LEARNING = Classifier(**PARAMS, seed=3, min_accuracy=0.9)
REAL, TEST = (ImageSet(bars(LABELS), LABELS, np.arange(120)) for _ in range(2))


def taught(samples: ImageSet) -> float:
    found = teaching.scores({"it": samples}, TEST, 2, LEARNING, torch.device("cpu"))["it"]
    assert (found.shape, found.dtype) == ((120,), bool)
    return float(found.mean())


def test_good_samples_teach_all_wrongly_labelled_ones_nothing_and_a_missing_class_is_not_learnt() -> None:
    assert taught(REAL) == 1
    assert taught(ImageSet(REAL.images, 1 - LABELS, REAL.ids)) == 0
    of_one_class = np.flatnonzero(LABELS == 0)
    assert taught(REAL[of_one_class]) == pytest.approx(0.5)


def test_samples_are_taught_alone_and_beside_the_real_images_and_held_against_as_many_real_ones() -> None:
    samples = REAL[np.arange(30)]
    lessons, ceiling = teaching.lessons(samples, REAL), teaching.ceiling(REAL, 30)
    assert {name: len(each) for name, each in lessons.items()} == {"taught": 30, "taught_with_real": 150}
    assert {name: len(each) for name, each in ceiling.items()} == {"taught": 30, "taught_with_real": 120}
    assert np.bincount(ceiling["taught"].labels).tolist() == [15, 15], "of every class alike"
    np.testing.assert_array_equal(lessons["taught_with_real"].images[120:], samples.images)


def test_the_same_seed_gives_the_same_scores() -> None:
    few = {"it": REAL[np.arange(8)]}
    one, again = (teaching.scores(few, TEST, 2, LEARNING, torch.device("cpu"))["it"] for _ in range(2))
    np.testing.assert_array_equal(one, again)

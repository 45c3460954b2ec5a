"""When an image is recognised for good, on made-up answers whose truth is known."""

import numpy as np
import torch

from pipeline.judges import classifier, recognition
from tests.judges.test_classifier import LABELS, PARAMS, bars


def test_settled_is_the_share_before_the_first_answer_that_stays_right() -> None:
    right = np.array([[1, 0, 0, 1, 0], [1, 1, 0, 0, 0], [1, 0, 0, 1, 0], [1, 1, 1, 1, 0]], dtype=bool)
    np.testing.assert_allclose(recognition.settled(right), [0, 3 / 4, 3 / 4, 2 / 4, 1])


def test_a_judge_that_gives_one_answer_to_noise_recognises_nothing_once_its_favourites_are_taken_off() -> None:
    rng, labels = np.random.default_rng(0), np.arange(300) % 3
    noise = rng.normal(0, 0.5, (1, 300, 3)) + np.array([0, 0, 4.0])  # whatever it is shown, it says 2
    clean = rng.normal(0, 0.5, (1, 300, 3)) + 6.0 * np.eye(3)[labels]
    said = np.concatenate([noise, clean])
    said -= np.log(np.exp(said).sum(axis=2, keepdims=True))
    raw = said.argmax(axis=2) == labels
    assert raw[0, labels == 2].mean() == 1, "as they are, its answers are right for all images of its favourite"
    fair = recognition.calibrated(said, labels) == labels
    assert 0.25 < fair[0].mean() < 0.42, "about one in three by chance"
    assert fair[0, labels == 2].mean() < 0.5
    assert fair[1].all()


def test_no_class_is_named_because_it_is_frequent_and_none_that_is_not_there() -> None:
    labels = np.array([0, 0, 0, 1])
    said = np.log([[[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [0.6, 0.2, 0.2], [0.4, 0.2, 0.4]]])
    # the means are 0.5, 0.25 and 0.25, so that the last image speaks for class 2 most, which no image is of
    np.testing.assert_array_equal(recognition.calibrated(said, np.array([0, 0, 2, 1])), [[1, 1, 0, 2]])
    np.testing.assert_array_equal(recognition.calibrated(said, labels), [[1, 1, 0, 0]])


def test_the_probabilities_are_those_that_the_answers_come_from() -> None:
    torch.manual_seed(0)
    judge = classifier.Classifier(8, 1, PARAMS["channels"], PARAMS["features"], 2).eval()
    images = bars(LABELS)
    said = recognition.log_probabilities(judge, images)
    np.testing.assert_allclose(np.exp(said).sum(axis=1), 1)
    np.testing.assert_array_equal(said.argmax(axis=1), classifier.predict(judge, images))

"""Every metric with its n and interval, from draws that pair variants up."""

import numpy as np
import pytest

from pipeline.judges import bootstrap, frechet, kernel, metrics, reference
from pipeline.judges.features import Judge
from pipeline.judges.reference import Reference
from pipeline.params import Evaluate

RNG = np.random.default_rng(0)
JUDGE = Judge("judge", "judge", "4", "fd_classifier", "kd_classifier", None)
PARAMS = Evaluate(bootstrap=100, neighbours=3, seed=0)
REAL, REAL_LABELS = RNG.normal(size=(90, 4)), np.arange(90) % 3
LABELS = np.arange(60) % 3
WHOLE = Reference(REAL, REAL_LABELS, frechet.gaussian(REAL))


def compare(features: np.ndarray, seen: np.ndarray = LABELS) -> metrics.Metrics:
    return metrics.compare(features, LABELS, seen, WHOLE, JUDGE, PARAMS)


def test_every_number_has_its_n_and_an_interval_around_it() -> None:
    features, seen = RNG.normal(size=(60, 4)) + 0.4, np.where(np.arange(60) < 6, 9, LABELS)
    found = compare(features, seen)
    assert list(found.numbers) == ["fd_classifier", "kd_classifier", "precision", "recall", "accuracy"]
    for name, number in found.numbers.items():
        assert number["n"] == 60
        assert number["ci95"][0] <= number["value"] <= number["ci95"][1], name
        assert number.get("n_reference") == (None if name == "accuracy" else 90)
    value = {name: number["value"] for name, number in found.numbers.items()}
    assert value["accuracy"] == pytest.approx(0.9)
    assert value["fd_classifier"] == pytest.approx(frechet.distance(features, frechet.gaussian(REAL)))
    assert value["kd_classifier"] == pytest.approx(kernel.distance(features, REAL))


def test_a_row_of_the_replicates_is_one_draw_for_every_metric_and_variant() -> None:
    features, right = RNG.normal(size=(60, 4)), RNG.random(60) < 0.7
    found = compare(features, np.where(right, LABELS, 9)).replicates
    draws = bootstrap.draws(LABELS, 100, 0)
    np.testing.assert_allclose(found["accuracy"], right[draws].mean(axis=1))
    reference = frechet.gaussian(REAL)
    np.testing.assert_allclose(found["fd_classifier"][7], frechet.distance(features[draws[7]], reference))
    other = compare(features + 3, np.where(right, 9, LABELS)).replicates
    np.testing.assert_allclose(other["accuracy"], 1 - found["accuracy"])


def test_recall_is_resampled_over_the_real_images() -> None:
    one_class = RNG.normal(size=(60, 4)) * 0.05
    real = np.where((REAL_LABELS == 0)[:, None], RNG.normal(size=(90, 4)) * 0.05, 50 + RNG.normal(size=(90, 4)))
    whole = Reference(real, REAL_LABELS, frechet.gaussian(real))
    found = metrics.compare(one_class, LABELS, LABELS, whole, JUDGE, PARAMS)
    assert found.numbers["recall"]["value"] == pytest.approx(1 / 3, abs=0.06)
    assert found.numbers["recall"]["ci95"] == pytest.approx([1 / 3] * 2, abs=0.09), "a class is recalled or not"


def test_a_distance_s_interval_does_not_reach_below_zero() -> None:
    assert compare(REAL[:60]).numbers["fd_classifier"]["ci95"][0] >= 0


def test_the_frechet_distance_is_over_all_real_images_and_the_others_over_those_kept() -> None:
    part = reference.choose(REAL, REAL_LABELS, 30)
    found = metrics.compare(REAL[:60], LABELS, LABELS, part, JUDGE, PARAMS).numbers
    assert found["fd_classifier"]["value"] == pytest.approx(frechet.distance(REAL[:60], frechet.gaussian(REAL)))
    assert {name: number.get("n_reference") for name, number in found.items()} == {
        "fd_classifier": 90,
        "kd_classifier": 30,
        "precision": 30,
        "recall": 30,
        "accuracy": None,
    }

"""Every metric with its n and interval, from draws that pair variants up."""

import numpy as np
import pandas as pd
import pytest
from skimage.filters import gaussian

from pipeline.judges import bootstrap, frechet, kernel, metrics, reference
from pipeline.judges.features import Judge
from pipeline.judges.reference import Reference
from pipeline.params import Bootstrap

RNG = np.random.default_rng(0)
JUDGE = Judge("judge", "4", "fd_classifier", "kd_classifier")
NEIGHBOURS, RESAMPLING = 3, Bootstrap(resamples=100, seed=0)
REAL, REAL_LABELS = RNG.normal(size=(90, 4)), np.arange(90) % 3
LABELS = np.arange(60) % 3
WHOLE = Reference(REAL, REAL_LABELS, frechet.gaussian(REAL))


def table(seen: np.ndarray) -> pd.DataFrame:
    distance, blur = np.linspace(0.1, 0.3, 60), np.linspace(0.2, 0.6, 60)
    return pd.DataFrame({"label": LABELS, "recognised_as": seen, "training_distance": distance, "blur": blur})


def compare(features: np.ndarray, seen: np.ndarray = LABELS) -> metrics.Metrics:
    return metrics.compare(features, table(seen), WHOLE, JUDGE, NEIGHBOURS, RESAMPLING)


def test_every_number_has_its_n_and_an_interval_around_it() -> None:
    features, seen = RNG.normal(size=(60, 4)) + 0.4, np.where(np.arange(60) < 6, 9, LABELS)
    found = compare(features, seen)
    of_the_reference = ["fd_classifier", "kd_classifier", "precision", "recall", "density", "coverage"]
    of_the_images = ["training_distance", "blur", "class_imbalance", "accuracy"]
    assert list(found.numbers) == of_the_reference + of_the_images
    for name, number in found.numbers.items():
        assert number["n"] == 60
        assert number["ci95"][0] <= number["value"] <= number["ci95"][1], name
        assert number.get("n_reference") == (90 if name in of_the_reference else None)
    value = {name: number["value"] for name, number in found.numbers.items()}
    assert value["accuracy"] == pytest.approx(0.9)
    assert value["class_imbalance"] == pytest.approx(0.1)
    assert (value["training_distance"], value["blur"]) == (pytest.approx(0.2), pytest.approx(0.4))
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
    found = metrics.compare(one_class, table(LABELS), whole, JUDGE, NEIGHBOURS, RESAMPLING)
    assert found.numbers["recall"]["value"] == pytest.approx(1 / 3, abs=0.06)
    assert found.numbers["recall"]["ci95"] == pytest.approx([1 / 3] * 2, abs=0.09), "a class is recalled or not"


def test_a_distance_s_interval_does_not_reach_below_zero() -> None:
    assert compare(REAL[:60]).numbers["fd_classifier"]["ci95"][0] >= 0


def test_the_frechet_distance_is_over_all_real_images_and_the_others_over_those_kept() -> None:
    part = reference.choose(REAL, REAL_LABELS, 30)
    found = metrics.compare(REAL[:60], table(LABELS), part, JUDGE, NEIGHBOURS, RESAMPLING).numbers
    assert found["fd_classifier"]["value"] == pytest.approx(frechet.distance(REAL[:60], frechet.gaussian(REAL)))
    over = {name: number["n_reference"] for name, number in found.items() if "n_reference" in number}
    pairs = ["kd_classifier", "precision", "recall", "density", "coverage"]
    assert over == {"fd_classifier": 90, **dict.fromkeys(pairs, 30)}


def test_a_snapshot_s_numbers_are_the_whole_s(monkeypatch: pytest.MonkeyPatch) -> None:
    features, seen = RNG.normal(size=(60, 4)), np.where(np.arange(60) < 6, 9, LABELS)
    whole, part = compare(features, seen), metrics.brief(features, LABELS, seen, WHOLE, JUDGE, RESAMPLING)
    assert part.numbers["accuracy"] == whole.numbers["accuracy"]
    assert part.numbers["fd_classifier"]["value"] == whole.numbers["fd_classifier"]["value"]
    pd.testing.assert_frame_equal(part.replicates, whole.replicates[["fd_classifier", "accuracy"]])


def test_a_class_is_compared_with_its_own_real_images() -> None:
    labels = np.arange(90) % 3
    moved = REAL + 10 * labels[:, None]
    whole = Reference(moved, REAL_LABELS, frechet.gaussian(moved))
    shifted = moved + np.where(labels == 2, 5, 0)[:, None]
    found = metrics.by_class(shifted, labels, np.zeros(90, int), whole, JUDGE, RESAMPLING)
    assert list(found) == [0, 1, 2]
    assert found[0]["fd_classifier"]["value"] == pytest.approx(0, abs=1e-9)
    assert found[2]["fd_classifier"]["value"] == pytest.approx(4 * 25)
    assert [found[c]["accuracy"]["value"] for c in found] == [1, 0, 0]
    assert [found[c]["seen"]["value"] for c in found] == [1, 0, 0]
    assert [(found[c]["fd_classifier"]["n"], found[c]["seen"]["n"]) for c in found] == [(30, 90)] * 3
    lonely = np.where(np.arange(90) == 0, 7, labels)
    assert 7 not in metrics.by_class(shifted, lonely, lonely, whole, JUDGE, RESAMPLING)


def test_imbalance_is_the_share_that_would_have_to_change_class() -> None:
    asked = np.array([0, 0, 1, 1, 2, 2])
    seen = np.array([[0, 0, 1, 1, 2, 2], [2, 2, 0, 0, 1, 1], [0, 0, 0, 0, 0, 0], [5, 5, 5, 5, 5, 5]])
    assert metrics.imbalance(asked, seen) == pytest.approx([0, 0, 2 / 3, 1])


def test_a_blurred_image_measures_blurrier() -> None:
    sharp = (RNG.random((6, 32, 32, 1)) > 0.7) * 255.0
    soft = np.stack([gaussian(image, sigma=2, channel_axis=-1, preserve_range=True) for image in sharp])
    blurs = [metrics.blurs(images.astype(np.uint8)) for images in (sharp, soft)]
    assert (blurs[1] > blurs[0] + 0.15).all()
    assert ((blurs[0] >= 0) & (blurs[1] <= 1)).all()
    colour = np.repeat(sharp.astype(np.uint8), 3, axis=-1)
    np.testing.assert_allclose(metrics.blurs(colour), blurs[0], atol=0.02)


def trade(features: np.ndarray, said: np.ndarray, agreed: np.ndarray = LABELS) -> metrics.Metrics:
    scores = {"clip_score": np.linspace(0.5, 1.5, 60)}
    return metrics.trade(features, LABELS, said, agreed, WHOLE, JUDGE, NEIGHBOURS, RESAMPLING, scores)


def test_what_guidance_trades_is_what_a_comparison_finds_and_more() -> None:
    features = RNG.normal(size=(60, 4)) + 0.4
    chances = np.full((60, 3), 0.1) + 0.7 * np.eye(3)[(LABELS + (np.arange(60) < 6)) % 3]
    found, usual = trade(features, np.log(chances), np.where(np.arange(60) < 15, 9, LABELS)), compare(features)
    for name in ("fd_classifier", "precision", "recall", "density", "coverage"):
        assert found.numbers[name] == usual.numbers[name]
        np.testing.assert_array_equal(found.replicates[name], usual.replicates[name])
    value = {name: number["value"] for name, number in found.numbers.items()}
    assert (value["accuracy"], value["second_accuracy"]) == (pytest.approx(0.9), pytest.approx(0.75))
    assert value["clip_score"] == pytest.approx(1)
    assert value["confidence"] == pytest.approx(0.9 * 0.8 + 0.1 * 0.1)
    assert list(found.numbers) == list(found.replicates.columns)
    for name, number in found.numbers.items():
        assert number["n"] == 60
        assert number["ci95"][0] <= number["value"] <= number["ci95"][1], name


def test_spread_is_1_of_real_images_and_less_of_those_that_are_alike() -> None:
    said, centres = np.log(np.full((60, 3), 1 / 3)), np.stack([REAL[c == REAL_LABELS].mean(axis=0) for c in range(3)])
    real = trade(REAL[:60], said).numbers["spread"]
    assert real["ci95"][0] < 1 < real["ci95"][1]
    half = centres[LABELS] + 0.5 * (REAL[:60] - centres[LABELS])
    assert trade(half, said).numbers["spread"]["value"] == pytest.approx(0.5 * real["value"])

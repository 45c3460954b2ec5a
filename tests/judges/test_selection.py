"""Selections of images whose best are known, and their metrics against those of whole sets."""

from itertools import combinations

import numpy as np
import pytest
from prdc import compute_prdc

from pipeline.judges import cmmd, frechet, selection
from pipeline.judges.reference import choose
from pipeline.judges.selected import METRICS
from pipeline.judges.selection import Candidates

RNG = np.random.default_rng(0)
LABELS = np.arange(24) % 3


@pytest.fixture
def candidates() -> Candidates:
    names = ("quality", "clip_score", "accuracy", "second_accuracy")
    return Candidates(RNG.normal(size=(24, 4)), RNG.normal(size=(24, 6)), LABELS, {n: RNG.random(24) for n in names})


def test_candidates_are_the_first_of_every_class() -> None:
    assert selection.candidates(LABELS, 2).tolist() == [0, 3, 1, 4, 2, 5]


def test_the_best_are_kept_best_first_and_of_equals_the_first() -> None:
    scores, labels = np.array([1.0, 5, 3, 3, 2, 9]), np.array([0, 0, 0, 0, 1, 1])
    assert selection.best(scores, labels, 2).tolist() == [1, 2, 5, 4]


def test_random_selections_have_every_class_without_repeats_and_all_images_alike() -> None:
    drawn = selection.at_random(LABELS, 2, 3000, 0)
    assert drawn.shape == (3000, 6)
    assert (LABELS[drawn] == [0, 0, 1, 1, 2, 2]).all()
    assert (drawn[:, ::2] != drawn[:, 1::2]).all()
    np.testing.assert_allclose(np.bincount(drawn.ravel()) / 3000, 2 / 8, atol=0.03)
    np.testing.assert_array_equal(drawn, selection.at_random(LABELS, 2, 3000, 0))


def test_every_metric_is_that_of_the_set_alone(candidates: Candidates) -> None:
    real, real_of_clip = RNG.normal(size=(50, 4)), RNG.normal(size=(50, 6))
    reference = choose(real, np.arange(50) % 3, 50)
    sets = selection.at_random(LABELS, 3, 5, 0)
    found = candidates.measured(sets, reference, real_of_clip, 3)
    assert set(found) == set(METRICS)
    for i, each in enumerate(sets):
        assert found["frechet"][i] == pytest.approx(frechet.distance(candidates.features[each], reference.statistics))
        assert found["cmmd"][i] == pytest.approx(cmmd.distance(candidates.of_clip[each], real_of_clip))
        theirs = compute_prdc(real_features=real, fake_features=candidates.features[each], nearest_k=3)
        assert found["coverage"][i] == pytest.approx(theirs["coverage"])
        assert found["quality"][i] == pytest.approx(candidates.per_image["quality"][each].mean())
        pairs = [
            np.linalg.norm(candidates.features[a] - candidates.features[b])
            for a, b in combinations(each, 2)
            if LABELS[a] == LABELS[b]
        ]
        assert found["diversity"][i] == pytest.approx(np.mean(pairs))


def test_a_selection_of_look_alikes_is_narrower(candidates: Candidates) -> None:
    alike = candidates.features.copy()
    alike[:9] = alike[:3][LABELS[:9]] + 0.01 * RNG.normal(size=(9, 4))
    made = Candidates(alike, candidates.of_clip, LABELS, candidates.per_image)
    reference = choose(RNG.normal(size=(50, 4)), np.arange(50) % 3, 50)
    best = selection.best(-np.arange(24.0), LABELS, 3)
    random = selection.at_random(LABELS, 3, 200, 0)
    found = made.measured(np.concatenate([random, best[None]]), reference, RNG.normal(size=(50, 6)), 3)
    gap = selection.compared(found["diversity"][-1], found["diversity"][:-1], "diversity", 9)
    assert gap["value"] < -90
    assert gap["ci95"][1] < 0
    assert gap["p"] < 0.05


@pytest.mark.parametrize(("name", "expected"), [("frechet", 25.0), ("accuracy", 100.0), ("quality", 1.0)])
def test_a_difference_is_in_percent_in_points_or_plain(name: str, expected: float) -> None:
    gap = selection.compared(5.0, np.array([3.0, 4.0, 5.0]), name, 9)
    assert gap["value"] == pytest.approx(expected)
    assert gap["n"] == 9


def test_a_selection_like_any_other_is_not_beyond_chance() -> None:
    random = RNG.normal(10, 1, 500)
    inside = selection.compared(random.mean(), random, "frechet", 9)
    assert inside["p"] > 0.5
    assert inside["ci95"][0] < 0 < inside["ci95"][1]

"""Intervals hold what they promise."""

import numpy as np
import pytest
from scipy.stats import binomtest

from pipeline.judges import bootstrap

RNG = np.random.default_rng(0)


def test_draws_are_fixed_by_labels_and_seed_and_keep_every_class_s_count() -> None:
    labels = RNG.permutation(np.repeat([0, 1, 5], [30, 7, 13]))
    draws = bootstrap.draws(labels, 200, 0)
    assert draws.shape == (200, 50)
    assert (labels[draws] == labels).all()
    np.testing.assert_array_equal(draws, bootstrap.draws(labels, 200, 0))
    assert (draws != bootstrap.draws(labels, 200, 1)).any()
    counts = np.bincount(draws.ravel(), minlength=50) / 200
    assert abs(counts - 1).max() < 0.5, "everything is drawn once on average"


def test_few_of_a_class_are_resampled_together() -> None:
    values = RNG.normal(size=40)
    for labels in (np.arange(40), np.arange(40) % 10):
        low, high = bootstrap.interval(values.mean(), values[bootstrap.draws(labels, 1000, 0)].mean(axis=1))
        assert high - low == pytest.approx(2 * 1.96 * values.std() / 40**0.5, rel=0.1)


def test_the_interval_of_a_mean_holds_the_truth_about_95_times_in_100() -> None:
    labels, held = np.arange(90) % 3, 0
    for repeat in range(400):
        values = RNG.gamma(2, size=90) + 5 * labels  # skewed, and the classes differ
        replicates = values[bootstrap.draws(labels, 300, repeat)].mean(axis=1)
        low, high = bootstrap.interval(values.mean(), replicates)
        assert low < values.mean() < high
        held += low <= 2 + 5 <= high
    assert 0.91 <= held / 400 <= 0.98


def test_the_classes_share_of_the_spread_is_not_in_the_interval() -> None:
    labels = np.arange(100) % 2
    values = 10.0 * labels + RNG.normal(size=100)
    low, high = bootstrap.interval(values.mean(), values[bootstrap.draws(labels, 500, 0)].mean(axis=1))
    assert high - low == pytest.approx(2 * 1.96 * 0.1, rel=0.3)


def test_the_bias_of_resampling_is_taken_out_and_bounds_hold() -> None:
    assert bootstrap.interval(1.0, np.linspace(4, 6, 1001)) == pytest.approx([1 - 0.95, 1 + 0.95])
    assert bootstrap.interval(1.0, np.linspace(4, 6, 1001), (0.5, 1.2)) == [0.5, 1.2]


def test_a_share_s_interval_is_scipy_s_to_the_last_bit() -> None:
    for n in (1, 7, 40, 450, 1000):
        for hits in {0, 1, n // 3, n - 1, n}:
            theirs = binomtest(hits, n).proportion_ci(method="wilson")
            assert bootstrap.proportion_interval(np.arange(n) < hits) == [theirs.low, theirs.high]


def test_a_share_s_interval_is_wilson_s_and_has_width_at_the_ends() -> None:
    assert bootstrap.proportion_interval(np.ones(450, bool)) == pytest.approx([450 / (450 + 1.96**2), 1], abs=1e-4)
    hits, z = np.arange(100) < 80, 1.959964
    centre = (0.8 + z**2 / 200) / (1 + z**2 / 100)
    half = z / (1 + z**2 / 100) * (0.8 * 0.2 / 100 + z**2 / 40000) ** 0.5
    assert bootstrap.proportion_interval(hits) == pytest.approx([centre - half, centre + half], abs=1e-6)

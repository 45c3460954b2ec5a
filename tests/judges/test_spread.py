"""The variance within classes is NumPy's own, class by class, and tells images that are alike from various ones."""

import numpy as np
import pytest

from pipeline.judges import bootstrap, spread

RNG = np.random.default_rng(0)
LABELS = np.arange(40) % 4
FEATURES = RNG.normal(size=(40, 6)) + 10 * LABELS[:, None]


def test_it_is_the_variance_about_each_class_s_own_mean() -> None:
    by_class = [FEATURES[label == LABELS].var(axis=0, ddof=1).sum() for label in range(4)]
    assert spread.within(FEATURES, LABELS) == pytest.approx(np.mean(by_class))
    uneven = np.concatenate([LABELS[:30], np.zeros(10, dtype=int)])
    sums = [((FEATURES[uneven == c] - FEATURES[uneven == c].mean(axis=0)) ** 2).sum() for c in range(4)]
    assert spread.within(FEATURES, uneven) == pytest.approx(sum(sums) / (40 - 4))
    assert spread.within(FEATURES * 3 + 7, LABELS) == pytest.approx(9 * spread.within(FEATURES, LABELS))


def test_a_resample_is_the_variance_of_the_images_in_it() -> None:
    for draws in (bootstrap.draws(LABELS, 20, 0), RNG.integers(40, size=(20, 40)), np.full((1, 40), [7] * 39 + [8])):
        found = spread.resampled_within(FEATURES, LABELS, draws)
        expected = [spread.within(FEATURES[draw], LABELS[draw]) for draw in draws]
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_images_of_a_class_that_are_all_alike_have_none() -> None:
    alike = 10.0 * np.repeat(LABELS[:, None], 6, axis=1)
    assert spread.within(alike, LABELS) == pytest.approx(0, abs=1e-9)
    half = alike + 0.5 * (FEATURES - alike)
    assert spread.within(half, LABELS) == pytest.approx(spread.within(FEATURES, LABELS) / 4)

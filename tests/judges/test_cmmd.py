"""CMMD against a second implementation, and where the answer is known."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from pipeline.judges import cmmd

RNG = np.random.default_rng(0)


def plain(x: np.ndarray, y: np.ndarray) -> float:
    """The unbiased estimate, from the distance of every pair."""

    def alike(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.exp(-(cdist(one, other) ** 2) / (2 * 10**2))

    within = [alike(each, each)[~np.eye(len(each), dtype=bool)].mean() for each in (x, y)]
    return 1000 * float(sum(within) - 2 * alike(x, y).mean())


def test_it_is_the_unbiased_estimate_times_a_thousand() -> None:
    x, y = RNG.normal(size=(20, 8)), RNG.normal(0.5, 1, size=(30, 8))
    assert cmmd.distance(x, y) == pytest.approx(plain(x, y), rel=1e-9)
    draws = np.array([RNG.permutation(20)[:15] for _ in range(4)])
    np.testing.assert_allclose(cmmd.resampled_distances(x, y, draws), [plain(x[i], y) for i in draws], rtol=1e-9)


def test_it_is_zero_between_equals_and_grows_with_the_gap() -> None:
    equal = [cmmd.distance(*RNG.normal(size=(2, 40, 8))) for _ in range(200)]
    assert abs(np.mean(equal)) < 3 * np.std(equal) / np.sqrt(len(equal))
    x, y = RNG.normal(size=(2, 60, 8))
    assert cmmd.distance(x, y) < cmmd.distance(x, y + 1) < cmmd.distance(x, y + 2)

"""Frechet and kernel distance against second implementations, and where the answer is known."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kernel_mmd

from pipeline.judges import frechet, kernel

RNG = np.random.default_rng(0)


def related(n: int, width: int, shift: float = 0.0) -> np.ndarray:
    """Features that go together, as a network's do."""
    return RNG.normal(size=(n, width)) @ RNG.normal(size=(width, width)) + shift


def by_the_formula(x: np.ndarray, y: np.ndarray) -> float:
    c1, c2 = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    return float(((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(c1 + c2 - 2 * sqrtm(c1 @ c2).real))


@pytest.mark.parametrize(("n", "m"), [(300, 400), (21, 300), (12, 300), (300, 12)])
def test_frechet_is_the_formula_and_torch_fidelity_s_in_float64(n: int, m: int) -> None:
    x, y = related(n, 20), related(m, 20, 0.5)
    ours = frechet.distance(x, frechet.gaussian(y))
    assert ours == pytest.approx(by_the_formula(x, y), rel=1e-5), "also with fewer images than features"
    theirs = fid_statistics_to_metric(
        fid_features_to_statistics(torch.from_numpy(x)), fid_features_to_statistics(torch.from_numpy(y)), False
    )
    assert ours == pytest.approx(theirs["frechet_inception_distance"], rel=1e-5)


def test_frechet_of_known_gaussians() -> None:
    x = RNG.normal(size=(200_000, 3)) * [1, 2, 3] + [1, 0, 0]
    reference = frechet.Gaussian(np.zeros(3), np.diag([4.0, 4.0, 4.0]), 1)
    assert frechet.distance(x, reference) == pytest.approx(1 + (1 - 2) ** 2 + 0 + (3 - 2) ** 2, rel=0.02)


def test_frechet_is_symmetric_and_zero_between_equals() -> None:
    x, y = related(200, 6), related(300, 6, 1.0)
    there, back = frechet.distance(x, frechet.gaussian(y)), frechet.distance(y, frechet.gaussian(x))
    assert there == pytest.approx(back)
    assert frechet.distance(x, frechet.gaussian(x)) == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("n", [15, 90])
def test_a_resample_s_frechet_distance_is_that_of_the_resampled_features(n: int) -> None:
    x, reference = related(n, 30), frechet.gaussian(related(200, 30))
    indices = RNG.integers(n, size=(3, n))
    found = frechet.resampled_distances(x, reference, indices)
    np.testing.assert_allclose(found, [frechet.distance(x[i], reference) for i in indices], rtol=1e-6)


def test_kernel_distance_is_torch_fidelity_s() -> None:
    x, y = RNG.normal(size=(80, 16)), RNG.normal(size=(80, 16)) + 0.3
    theirs = kernel_mmd(x, y, kid_kernel="poly", kid_kernel_poly_degree=3, kid_kernel_poly_gamma=None,
                        kid_kernel_poly_coef0=1.0)  # fmt: skip
    assert kernel.distance(x, y) == pytest.approx(theirs, rel=1e-9)


def test_kernel_distance_is_the_mean_over_pairs_also_for_unequal_numbers_and_resamples() -> None:
    x, y = RNG.normal(size=(9, 4)), RNG.normal(size=(13, 4)) + 0.5

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return (a @ b / 4 + 1) ** 3

    def plain(index: np.ndarray) -> float:
        within = [k(x[i], x[j]) for i in index for j in index if i != j]
        real = [k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j]
        return float(np.mean(within) + np.mean(real) - 2 * np.mean([k(x[i], b) for i in index for b in y]))

    assert kernel.distance(x, y) == pytest.approx(plain(np.arange(9)))
    indices = RNG.integers(9, size=(4, 9))
    np.testing.assert_allclose(kernel.resampled_distances(x, y, indices), [plain(i) for i in indices], rtol=1e-9)


def test_kernel_distance_has_no_bias_and_grows_with_the_difference() -> None:
    equal = [kernel.distance(*RNG.normal(size=(2, 40, 8))) for _ in range(300)]
    assert abs(np.mean(equal)) < 4 * np.std(equal) / 300**0.5
    x, y = RNG.normal(size=(2, 400, 8))
    assert kernel.distance(x, y) < kernel.distance(x, y + 0.3) < kernel.distance(x, y + 0.6)

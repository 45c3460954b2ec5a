"""Precision and recall against torch-fidelity's, density and coverage against prdc's, and what they mean."""

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from torch_fidelity.metric_prc import calculate_precision_recall_full

from pipeline.errors import UserError
from pipeline.judges.neighbours import inside

RNG = np.random.default_rng(0)


def precision_recall(generated: np.ndarray, real: np.ndarray) -> tuple[float, float]:
    return tuple(float(inside(a, b, 3).any(axis=1).mean()) for a, b in ((generated, real), (real, generated)))


def density_coverage(generated: np.ndarray, real: np.ndarray) -> tuple[float, float]:
    within = inside(generated, real, 3)
    return float(within.sum(axis=1).mean() / 3), float(within.any(axis=0).mean())


def test_they_are_torch_fidelity_s() -> None:
    generated, real = RNG.normal(size=(150, 8)) * 1.2, RNG.normal(size=(200, 8)) + 0.3
    theirs = calculate_precision_recall_full(torch.from_numpy(generated), torch.from_numpy(real), 3)
    assert precision_recall(generated, real) == pytest.approx(theirs, abs=1e-6)


def test_a_collapsed_generator_is_precise_and_recalls_little() -> None:
    real = np.concatenate([RNG.normal(size=(200, 4)) + 20 * mode for mode in range(5)])
    precision, recall = precision_recall(RNG.normal(size=(500, 4)), real)
    assert precision > 0.9
    assert recall < 0.3


def test_a_scattering_generator_is_imprecise_and_recalls_much() -> None:
    precision, recall = precision_recall(5 * RNG.normal(size=(500, 4)), RNG.normal(size=(500, 4)))
    assert precision < 0.3
    assert recall > 0.9


def test_equal_sets_cover_each_other_and_distant_ones_nothing() -> None:
    x = RNG.normal(size=(50, 4))
    assert precision_recall(x, x) == (1, 1)
    assert precision_recall(x, x + 1000) == (0, 0)
    assert density_coverage(x, x + 1000) == (0, 0)


def test_all_four_are_the_prdc_library_s(capsys: pytest.CaptureFixture[str]) -> None:
    generated, real = RNG.normal(size=(150, 8)) * 1.2, RNG.normal(size=(200, 8)) + 0.3
    theirs = compute_prdc(real, generated, 3)
    assert "Num real: 200" in capsys.readouterr().out
    assert precision_recall(generated, real) == pytest.approx((theirs["precision"], theirs["recall"]))
    assert density_coverage(generated, real) == pytest.approx((theirs["density"], theirs["coverage"]))


def test_density_and_coverage_of_the_same_distribution_are_what_theory_says() -> None:
    density, coverage = density_coverage(RNG.normal(size=(2000, 4)), RNG.normal(size=(2000, 4)))
    assert density == pytest.approx(1, abs=0.08)
    assert coverage == pytest.approx(1 - 0.5**3, abs=0.04)  # Naeem et al. 2020, eq. 9: as many real as generated


def test_a_collapsed_generator_is_dense_and_covers_little_and_an_outlier_s_ball_does_not_hide_it() -> None:
    real = np.concatenate([RNG.normal(size=(200, 4)) + 20 * mode for mode in range(5)])
    density, coverage = density_coverage(RNG.normal(size=(500, 4)) * 0.3, real)
    assert density > 1
    assert coverage < 0.25


def test_too_few_images_for_their_neighbours_are_one_sentence() -> None:
    with pytest.raises(UserError, match=r"4 images are too few for a 3-th neighbour each .* 5 are needed"):
        inside(np.zeros((9, 2)), np.zeros((4, 2)), 3)

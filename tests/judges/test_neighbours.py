"""Precision and recall against torch-fidelity's, and what they mean."""

import numpy as np
import pytest
import torch
from torch_fidelity.metric_prc import calculate_precision_recall_full

from pipeline.judges.neighbours import covered

RNG = np.random.default_rng(0)


def precision_recall(generated: np.ndarray, real: np.ndarray) -> tuple[float, float]:
    return float(covered(generated, real, 3).mean()), float(covered(real, generated, 3).mean())


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
    assert covered(x, x[:2], 3)[:2].all(), "with fewer members than neighbours, the farthest is taken"

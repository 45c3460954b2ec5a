"""Spacings fall from the noisy end to the clean one, and follow their papers' formulas computed another way."""

import math
from itertools import pairwise

import numpy as np
import pytest

from pipeline.diffusion import spacing
from pipeline.diffusion.schedule import alpha_bar, descend
from pipeline.errors import UserError

COSINE, LINEAR = (alpha_bar(name, 1000).numpy() for name in ("cosine", "linear"))
OF_THE_SOURCE = {  # the notebook of the source's authors prints these for 30 steps and gamma = 60
    True: "999,893,884,875,865,854,842,829,816,801,785,768,749,729,708,684,659,632,602,571,536,499,459,416,370,319,265,"
    "206,143,74",
    False: "999,926,857,794,735,681,630,584,541,501,464,429,398,368,341,316,292,271,251,232,215,199,184,171,158,146,"
    "135,125,116,107",
}


@pytest.mark.parametrize("count", [2, 3, 8, 30])
@pytest.mark.parametrize("strength", [0.0, 0.1, 1.0, 2.2])
@pytest.mark.parametrize("position", [0.0, 0.25, 0.5, 1.0])
def test_exponential_steps_fall_between_the_same_ends(count: int, strength: float, position: float) -> None:
    found = spacing.exponential(count, 1000, strength, position)
    assert len(found) == count
    assert (found[0], found[-1]) == (999, 0)
    assert all(after < before for before, after in pairwise(found))
    early, late = (spacing.exponential(count, 1001, strength, at) for at in (position, 1 - position))
    assert [1000 - t for t in reversed(late)] == early, "of 1,001 no step is halfway between two timesteps"
    if strength == 0:
        assert found == descend(count, 1000)


@pytest.mark.parametrize("strength", [0.5, 2.2, 5.0])
def test_gaps_grow_by_one_factor_away_from_the_place(strength: float) -> None:
    for position in (0.0, 1.0):
        gaps = -np.diff(spacing.exponential(12, 10**8, strength, position))
        gaps = gaps if position == 0 else gaps[::-1]
        np.testing.assert_allclose(gaps[1:] / gaps[:-1], math.exp(strength / 11), rtol=1e-4)
    gaps = -np.diff(spacing.exponential(1001, 10**8, strength, 0.3))
    at = np.argmin(gaps)
    assert abs(gaps[: at + 1].sum() / gaps.sum() - 0.3) < 0.01, "it is densest where it was asked to be"
    assert gaps[-1] / gaps[at] == pytest.approx(math.exp(strength), rel=0.02)


@pytest.mark.parametrize("early", [True, False])
def test_the_source_s_own_lists(early: bool) -> None:
    assert spacing.source(30, 1000, 60, early) == [int(t) for t in OF_THE_SOURCE[early].split(",")]


def test_a_shift_of_the_source_is_a_strength_of_the_same_curve() -> None:
    strength = math.log(1000) * 29 / 90
    assert spacing.shift(30, 1000, strength) == pytest.approx(60)
    own = np.array(spacing.exponential(30, 10**8, strength, 1.0)) / (10**8 - 1)
    grown = 1000 ** ((np.arange(30, 0, -1) + 60) / 90)
    np.testing.assert_allclose(own, (grown - grown[-1]) / (grown[0] - grown[-1]), atol=1e-6)


@pytest.mark.parametrize("levels", [COSINE, LINEAR])
@pytest.mark.parametrize("count", [5, 18])
def test_karras_levels_are_equation_5(levels: np.ndarray, count: int) -> None:
    sigmas = [math.sqrt(1 / level - 1) for level in levels]
    largest, smallest = min(max(sigmas), math.exp(5.1)), min(sigmas)
    for i, t in enumerate(spacing.karras(count, levels)):
        wanted = largest ** (1 / 7) + i / (count - 1) * (smallest ** (1 / 7) - largest ** (1 / 7))
        assert abs(t - min(range(1000), key=lambda at: abs(sigmas[at] - wanted**7))) <= 1 or sigmas[t] > 30


def test_log_snr_has_equal_gaps() -> None:
    levels = alpha_bar("linear", 1000).numpy()
    fine = np.exp(np.interp(np.linspace(0, 999, 200_000), np.arange(1000), np.log(levels)))
    chosen = spacing.log_snr(10, fine)
    gaps = np.diff(np.log(fine / (1 - fine))[chosen])
    np.testing.assert_allclose(gaps, gaps.mean(), rtol=0.01)


def test_quadratic_steps_are_even_in_the_root() -> None:
    roots = np.sqrt(spacing.quadratic(9, 10**8))
    np.testing.assert_allclose(np.diff(roots), np.diff(roots).mean(), rtol=1e-3)


@pytest.mark.parametrize("name", sorted(spacing.RIVALS))
@pytest.mark.parametrize("count", [2, 10, 200, 1000])
def test_rivals_never_visit_a_timestep_twice(name: str, count: int) -> None:
    for levels in (COSINE, LINEAR):
        found = spacing.RIVALS[name](count, levels)
        assert len(found) == count
        assert all(after < before for before, after in pairwise(found))
        assert found[0] >= 990
        assert found[-1] == 0


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: spacing.exponential(10, 1000, 12.0, 0.0), "10 steps with a strength of 12 around 0% .* fall together"),
        (lambda: spacing.exponential(1001, 1000, 0.0, 0.0), "1001 steps .* fall together on some of the 1000"),
        (lambda: spacing.source(30, 1000, 1.0, True), "shifted by 1, fall together .* a larger shift, stay apart"),
    ],
)
def test_steps_that_fall_together_are_one_sentence(ask, words: str) -> None:
    with pytest.raises(UserError, match=words):
        ask()

"""Means over a few networks whose intervals help each other."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import polygamma

from pipeline.anatomy import moderated


def study(generator: np.random.Generator, ratios: np.ndarray, networks: int = 3) -> tuple[np.ndarray, ...]:
    """Numbers whose truth is 0 and whose images alone make an error of 1, over networks of which the variance is
    `ratios`, [P]."""
    values = generator.normal(size=(networks, len(ratios))) * np.sqrt(ratios)
    return values, values - moderated.NORMAL, values + moderated.NORMAL


def inverse_trigamma_by_bisection(value: float) -> float:
    low, high = 1e-3, 1e6
    for _ in range(200):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if polygamma(1, middle) > value else (low, middle)
    return low


@pytest.mark.parametrize(("prior_dof", "scale"), [(4.0, 1.2), (20.0, 3.0)])
def test_what_ratios_are_drawn_from_is_found_again(prior_dof: float, scale: float) -> None:
    generator = np.random.default_rng(0)
    true = scale * prior_dof / generator.chisquare(prior_dof, 20_000)
    seen = true * generator.chisquare(2, 20_000) / 2
    assert moderated.fitted(seen, np.full(20_000, 2.0)) == pytest.approx((prior_dof, scale), rel=0.3)


@pytest.mark.parametrize("value", [1e-3, 0.3, 2.0, 40.0])
def test_the_trigamma_function_is_inverted(value: float) -> None:
    assert moderated._inverse_trigamma(value) == pytest.approx(inverse_trigamma_by_bisection(value), rel=1e-6)


def test_ratios_that_differ_by_chance_alone_have_one_variance() -> None:
    seen = np.random.default_rng(0).chisquare(2, 9000) / 2 * 1.7
    dof, scale = moderated.fitted(seen, np.full(9000, 2.0))
    assert dof > 50
    assert scale == pytest.approx(1.7, rel=0.1)


def test_a_few_numbers_stand_for_themselves() -> None:
    values, lows, highs = study(np.random.default_rng(0), np.full(moderated.ENOUGH - 1, 9.0))
    found = moderated.means(values, lows, highs)
    for place, of in enumerate(values.T):
        alone = stats.ttest_1samp(of, 0).confidence_interval()
        half = max(alone.high - of.mean(), 1.959964 / np.sqrt(3))
        np.testing.assert_allclose([found.low[place], found.high[place]], [of.mean() - half, of.mean() + half])
    assert (found.dof == 2).all()


@pytest.mark.parametrize("networks", [3, 4])
@pytest.mark.parametrize("spread", ["none", "same", "drawn"])
def test_intervals_hold_the_truth_as_often_as_they_say(networks: int, spread: str) -> None:
    generator, held, wide = np.random.default_rng(1), [], []
    for _ in range(400):
        drawn = 1.2 * 4 / generator.chisquare(4, 60)
        ratios = {"none": np.ones(60), "same": np.full(60, 4.0), "drawn": np.maximum(drawn, 1)}[spread]
        values, lows, highs = study(generator, ratios, networks)
        found = moderated.means(values, lows, highs)
        held.append((found.low <= 0) & (found.high >= 0))
        student = stats.t.ppf(0.975, networks - 1) * values.std(axis=0, ddof=1) / np.sqrt(networks)
        wide.append((found.high - found.low).mean() / (2 * student).mean())
    assert 0.93 <= np.mean(held) <= 0.975
    assert np.mean(wide) < 0.8, "and they are narrower than Student's"


def test_an_interval_reaches_as_far_to_either_side_as_the_images_make_it() -> None:
    values = np.ones((4, 1))
    found = moderated.means(values, values - 0.16, values)
    assert (found.low[0], found.high[0]) == (pytest.approx(1 - 0.08), 1)


def test_a_number_that_one_network_alone_has_is_none() -> None:
    values, lows, highs = study(np.random.default_rng(0), np.ones(3))
    values[1:, 1] = np.nan
    found = moderated.means(values, lows, highs)
    assert np.isfinite(found.value).tolist() == [True, False, True]
    assert np.isfinite(found.low[[0, 2]]).all()


def test_what_has_no_interval_over_images_has_students() -> None:
    values = np.array([[1.0], [2.0], [4.0]])
    found = moderated.means(values, values, values)
    alone = stats.ttest_1samp(values[:, 0], 0).confidence_interval()
    np.testing.assert_allclose([found.low[0], found.high[0]], [alone.low, alone.high])

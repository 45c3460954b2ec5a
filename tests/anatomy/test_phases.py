"""Change points and limits against second implementations, and where the answer is known."""

import numpy as np
import pytest

from pipeline.anatomy.phases import FEWEST, change_points, gains, longest, redundant_from, shortest
from pipeline.judges import bootstrap

RNG = np.random.default_rng(0)
SSIM = np.array([0.2, 0.9, 0.7, 0.8, 0.95])  # of starts 9, 7, 5, 3, 1, or of lengths or rests that rise


def plateaus(*heights: float, lengths: tuple[int, ...], noise: float = 0.05) -> np.ndarray:
    levels = np.repeat(heights, lengths)
    return levels + noise * RNG.normal(size=len(levels))


def naive(curves: np.ndarray, spread: np.ndarray) -> list[int]:
    """All pairs of places, in words: what is left around each stretch's own mean, weighed by the curves' spread."""
    points, best = curves.shape[1], (np.inf, [0, 0])
    for i in range(1, points - 1):
        for j in range(i + 1, points):
            cost = 0.0
            for curve, weight in zip(curves, spread, strict=True):
                for stretch in (curve[:i], curve[i:j], curve[j:]):
                    cost += float(((stretch - stretch.mean()) ** 2).sum()) / weight**2
            best = min(best, (cost, [i, j]))
    return best[1]


@pytest.mark.parametrize("lengths", [(4, 9, 7), (1, 3, 12), (10, 2, 5)])
def test_three_plateaus_part_where_they_were_put_together(lengths: tuple[int, int, int]) -> None:
    curve = plateaus(0.2, 0.6, 0.95, lengths=lengths)
    assert change_points(curve[None]).tolist() == [lengths[0], lengths[0] + lengths[1]]


def test_they_are_a_naive_second_implementation_s() -> None:
    for points in (3, 4, 9, 14):
        for curves in RNG.normal(size=(12, 2, points)):
            assert change_points(curves).tolist() == naive(curves, curves.std(axis=-1))


def test_several_curves_are_parted_at_once_each_by_its_own_spread() -> None:
    flat, told = plateaus(0, 0, 0, lengths=(5, 5, 5)), plateaus(10, 30, 60, lengths=(5, 5, 5), noise=1)
    assert change_points(np.stack([told, told])).tolist() == [5, 10]
    first, last = plateaus(0, 1, 1, lengths=(5, 5, 5)), plateaus(0, 0, 1000, lengths=(5, 5, 5))
    assert change_points(np.stack([first, last])).tolist() == [5, 10], "neither drowns the other"
    assert change_points(np.stack([100 * first, flat])).tolist() == change_points(np.stack([first, flat])).tolist()


def test_a_curve_without_spread_says_nothing() -> None:
    told = plateaus(0.2, 0.6, 0.9, lengths=(3, 4, 5))
    assert change_points(np.stack([told, np.full(12, 0.3)])).tolist() == [3, 7]


def test_resamples_of_one_curve_are_parted_as_each_alone() -> None:
    curves = RNG.normal(size=(20, 1, 9)) * RNG.uniform(1, 100, size=(20, 1, 1))
    assert change_points(curves).tolist() == [change_points(each).tolist() for each in curves]


def test_resamples_are_weighed_by_the_spread_of_their_mean() -> None:
    curves = RNG.normal(size=(60, 2, 9)) * RNG.uniform(1, 9, size=(60, 2, 1))
    spread = curves.mean(axis=0).std(axis=-1)
    found = change_points(curves).tolist()
    assert found == [naive(each, spread) for each in curves]
    assert found != [naive(each, each.std(axis=-1)) for each in curves]


PLACES = np.linspace(0, 1, FEWEST)
NO_PHASES = {
    "flat": lambda rng: np.zeros((2, FEWEST)),
    "line": lambda rng: rng.uniform(0, 1, size=(2, 1)) * PLACES,
    "two levels": lambda rng: np.repeat([0.0, 1.0], np.diff([0, rng.integers(1, FEWEST), FEWEST]))[None].repeat(2, 0),
    "bend": lambda rng: rng.uniform(0, 1, size=(2, 1)) * PLACES**2,
}


def resamples(truth: np.ndarray, noise: float, rng: np.random.Generator, seeds: int = 30) -> np.ndarray:
    """The means over seeds of curves [M, P] with noise that is partly a seed's own, and of their resamples."""
    own, shared = rng.normal(size=(seeds, *truth.shape)), rng.normal(size=(seeds, len(truth), 1))
    curves = truth + noise * (own + shared)
    draws = rng.integers(seeds, size=(99, seeds))
    return np.concatenate([curves.mean(axis=0)[None], curves[draws].mean(axis=1)])


def supported(found: dict[str, np.ndarray]) -> bool:
    """Whether three levels gain against every rival, in the whole interval."""
    return all(bootstrap.interval(each[0], each[1:])[0] > 0 for each in found.values())


@pytest.mark.parametrize("noise", [0.05, 0.3])
@pytest.mark.parametrize("kind", NO_PHASES)
def test_curves_without_phases_have_three_in_at_most_one_of_twenty(kind: str, noise: float) -> None:
    rng = np.random.default_rng(1)
    told = [supported(gains(resamples(NO_PHASES[kind](rng), noise, rng), PLACES)) for _ in range(40)]
    assert np.mean(told) <= 0.05


def test_three_levels_are_found_to_be_three() -> None:
    rng = np.random.default_rng(1)
    levels = np.repeat([[0.0, 0.4, 1.0]], 2, axis=0).repeat([4, 5, 3], axis=1)
    assert all(supported(gains(resamples(levels, 0.2, rng), PLACES)) for _ in range(10))


def test_a_gain_is_the_ratio_of_what_two_fits_leave() -> None:
    rng = np.random.default_rng(1)
    curves = resamples(PLACES[None] ** 4, 0.1, rng)
    found, (first, second) = gains(curves, 50 - PLACES), change_points(curves)[0]
    mean = curves[0, 0]
    left = sum(((part - part.mean()) ** 2).sum() for part in np.split(mean, [first, second]))
    for rival, degree in (("a straight line", 1), ("a smooth curve", 3)):
        fitted = np.polyval(np.polyfit(PLACES, mean, degree), PLACES)
        gaps = found[rival] - found[rival][0]
        assert gaps[0] == 0
        other = curves[5, 0]
        places = change_points(curves)[5]
        ratio = [np.log(((mean - fitted) ** 2).sum() / left)]
        fitted = np.polyval(np.polyfit(PLACES, other, degree), PLACES)
        left_5 = sum(((part - part.mean()) ** 2).sum() for part in np.split(other, places))
        ratio.append(np.log(((other - fitted) ** 2).sum() / left_5))
        assert gaps[5] == pytest.approx(ratio[1] - ratio[0], abs=1e-6), "what chance gives is the same for all"
        assert found[rival][0] <= ratio[0] + 1e-6


@pytest.mark.parametrize(
    ("threshold", "expected"), [(0.8, 3), (0.7, 7), (0.2, 9), (0.95, 1), (0.96, 0)], ids=lambda value: f"{value}"
)
def test_parts_are_redundant_from_the_start_after_the_last_that_needs_them(threshold: float, expected: int) -> None:
    assert redundant_from(SSIM, [9, 7, 5, 3, 1], threshold) == expected


@pytest.mark.parametrize(("threshold", "expected"), [(0.2, 9), (0.21, 0), (0.96, 0)])
def test_the_longest_cut_is_the_one_before_the_first_that_harms(threshold: float, expected: int) -> None:
    assert longest(SSIM, [1, 2, 4, 8, 9], threshold) == expected
    assert longest(SSIM[::-1], [1, 2, 4, 8, 9], 0.8) == 2


@pytest.mark.parametrize(("threshold", "expected"), [(0.8, 5), (0.2, 0), (0.95, 9), (0.96, 10)])
def test_the_shortest_rest_is_the_one_after_the_last_that_is_too_short(threshold: float, expected: int) -> None:
    assert shortest(SSIM, [0, 1, 2, 5, 9], threshold) == expected


def test_limits_of_many_resamples_are_those_of_each() -> None:
    ssim, places = RNG.uniform(size=(40, 3, 6)), [12, 9, 7, 5, 2, 1]
    for limit, values in ((redundant_from, places), (longest, places[::-1]), (shortest, [0, *places[:0:-1]])):
        together = limit(ssim, values, 0.3)
        assert together.shape == (40, 3)
        assert len(np.unique(together)) > 3
        assert together.tolist() == [[int(limit(curve, values, 0.3)) for curve in each] for each in ssim]

"""Numbers: paired differences, replicas and rank correlations, by plain arithmetic and by simulation."""

import numpy as np
import pytest
from scipy import stats

from pipeline.judges import bootstrap, frechet
from pipeline.judges.number import difference, negative, rank_correlation, relative, scaled, student

RNG = np.random.default_rng(0)


def test_differences_pair_row_by_row() -> None:
    base = RNG.normal(10, 3, 500)
    ours = base + 1 + RNG.normal(0, 0.1, 500)
    gap, change = difference(11, 10, ours, base, 7), relative(11, 10, ours, base, 7)
    assert (gap["value"], gap["n"], change["value"]) == (1, 7, pytest.approx(10))
    assert gap["ci95"] == pytest.approx([1 - 0.196, 1 + 0.196], abs=0.04)
    assert negative(gap) == {"value": -1, "n": 7, "ci95": [-gap["ci95"][1], -gap["ci95"][0]]}


@pytest.mark.parametrize("rho", [0.0, 0.7])
def test_the_interval_of_a_rank_correlation_covers_the_truth_as_often_as_it_says(rho: float) -> None:
    truth = 6 / np.pi * np.arcsin(rho / 2)  # Spearman's of a bivariate normal
    covered = 0
    for _ in range(600):
        x, noise = RNG.normal(size=(2, 12))
        low, high = rank_correlation(x, rho * x + np.sqrt(1 - rho**2) * noise)["ci95"]
        covered += low <= truth <= high
    assert 0.92 <= covered / 600 <= 0.985


def test_too_few_or_equal_values_say_nothing() -> None:
    assert rank_correlation(np.arange(3), np.arange(3))["ci95"] == [-1, 1]
    flat = rank_correlation(np.ones(9), np.arange(9))
    assert (flat["value"], flat["ci95"]) == (0, [-1, 1])
    perfect = rank_correlation(np.arange(9), np.arange(9) ** 3)
    assert perfect["value"] == pytest.approx(1)
    assert 0.8 < perfect["ci95"][0] < 1
    assert perfect["ci95"][1] == 1
    four = rank_correlation(np.arange(4), -np.arange(4))
    assert four["value"] == pytest.approx(-1)
    assert four["ci95"][1] > 0, "four fall into order by chance once in twelve"


def test_a_resample_s_bias_does_not_narrow_a_relative_change() -> None:
    """A resampled Frechet distance is larger than the whole's; the ratio's interval must not shrink with it."""
    replicates, base_replicates = RNG.normal(0.5, 0.05, 5000), RNG.normal(1.0, 0.05, 5000)
    truth = relative(0.5, 1.0, replicates, base_replicates, 9)["ci95"]
    biased = relative(0.5, 1.0, replicates + 0.4, base_replicates + 0.4, 9)["ci95"]
    assert biased == pytest.approx(truth)


def test_the_interval_of_a_relative_frechet_distance_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    real = frechet.gaussian(rng.normal(size=(20000, 4)))
    shifts, covered, runs, n = (1.0, 0.8), 0, 120, 200
    labels = np.zeros(n, int)
    truth = np.mean([_change(rng, shifts, n, real) for _ in range(1500)])
    for _ in range(runs):
        noise = rng.normal(size=(n, 4))
        sets = [noise + shift / 2 for shift in shifts]
        draws = bootstrap.draws(labels, 200, 0)
        values = [frechet.distance(each, real) for each in sets]
        replicates = [frechet.resampled_distances(each, real, draws) for each in sets]
        low, high = relative(values[1], values[0], replicates[1], replicates[0], n)["ci95"]
        covered += low <= truth <= high
    assert 0.87 <= covered / runs <= 1


def _change(rng: np.random.Generator, shifts: tuple[float, float], n: int, real: frechet.Gaussian) -> float:
    noise = rng.normal(size=(n, 4))
    base, other = (frechet.distance(noise + shift / 2, real) for shift in shifts)
    return 100 * (other / base - 1)


def test_another_unit_or_sign_takes_the_interval_and_the_replicas_along() -> None:
    entry = {"value": 2.0, "n": 5, "ci95": [1.0, 4.0], "replicas": [1.5, 2.5]}
    assert negative(entry) == {"value": -2, "n": 5, "ci95": [-4, -1], "replicas": [-1.5, -2.5]}
    assert scaled(entry, 100) == {"value": 200, "n": 5, "ci95": [100, 400], "replicas": [150, 250]}
    assert scaled({"value": 2, "n": 1}, 3) == {"value": 6, "n": 1}


def test_student_s_interval_is_scipy_s() -> None:
    values = RNG.normal(3, 1, 6)
    mean, ends = student(values)
    assert mean == pytest.approx(values.mean())
    assert ends == pytest.approx(list(stats.ttest_1samp(values, 0).confidence_interval(0.95)))

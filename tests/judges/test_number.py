"""Numbers: paired differences, replicas and rank correlations, by plain arithmetic and by simulation."""

import numpy as np
import pytest
from scipy import stats

from pipeline.judges.number import (
    Number,
    difference,
    in_percent,
    least,
    negative,
    of_few_values,
    over_replicas,
    p_value,
    rank_correlation,
    resampled,
    scaled,
    shifted,
    student,
)

RNG = np.random.default_rng(0)


def test_differences_pair_row_by_row() -> None:
    base = RNG.normal(10, 3, 500)
    ours = base + 1 + RNG.normal(0, 0.1, 500)
    gap = difference(11, 10, ours, base, 7)
    assert (gap["value"], gap["n"]) == (1, 7)
    assert gap["ci95"] == pytest.approx([1 - 0.196, 1 + 0.196], abs=0.04)
    assert negative(gap) == {"value": -1, "n": 7, "ci95": [-gap["ci95"][1], -gap["ci95"][0]], "p": gap["p"]}
    assert gap["p"] == pytest.approx(2 / 501), "the least p-value of 500 resamples"


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


@pytest.mark.parametrize("shift", [0.0, 0.9, 1.6, 2.4, 4.0])
def test_a_p_value_belongs_to_its_interval(shift: float) -> None:
    replicates = RNG.normal(shift, 1, 2000)
    found = resampled(shift, 9, replicates)
    assert (found["p"] < 0.05) == (found["ci95"][0] > 0 or found["ci95"][1] < 0)
    assert found["p"] == pytest.approx(2 * stats.norm.sf(shift), abs=0.03)
    assert p_value(found) == pytest.approx(found["p"], abs=0.05)
    assert "p" not in resampled(3.0, 9, replicates, "size"), "a size is no effect"


def test_a_bound_at_an_end_of_the_interval_has_a_p_value_of_a_twentieth() -> None:
    values = RNG.normal(3, 1, 6)
    mean, ends = student(values)
    found = {"value": mean, "n": 6, "ci95": ends, "dof": 5}
    assert [p_value(found, end) for end in ends] == pytest.approx([0.05, 0.05])
    assert p_value(found, 2.2) == pytest.approx(stats.ttest_1samp(values, 2.2).pvalue)
    assert (p_value(found, mean), p_value({"value": 1, "n": 6, "ci95": [1, 1]}, 0)) == (1, 0)
    assert shifted({**found, "p": 0.5}, -2.2)["p"] == pytest.approx(p_value(found, 2.2))


def test_a_step_that_never_varies_has_no_small_p_value() -> None:
    assert of_few_values(0, 9, np.zeros(100))["p"] == 1
    assert of_few_values(3, 9, np.full(100, 3))["p"] == pytest.approx(2 / 101)


def of(value: float, error: float) -> dict:
    half = stats.norm.ppf(0.975) * error
    return {"value": value, "n": 9, "ci95": [value - half, value + half], "p": 2 * stats.norm.sf(abs(value) / error)}


def test_the_least_of_gaps_is_above_nothing_where_all_are_and_below_it_no_more_often_than_one_would_be() -> None:
    found = least({"a": of(2, 0.5), "b": of(1.5, 0.7)})
    assert found["against"] == "b"
    assert (found["p"], found["ci95"][0]) == (of(1.5, 0.7)["p"], pytest.approx(1.5 - 1.96 * 0.7, abs=0.01))
    rng, wrong, uncorrected = np.random.default_rng(3), 0, 0
    for values in rng.normal(0, 1, size=(1000, 4)):  # four true gaps of nothing: none is below it
        found = least({str(i): of(value, 1) for i, value in enumerate(values)})
        wrong += found["p"] < 0.05 and found["value"] < 0
        assert (found["ci95"][1] < 0) == (found["p"] < 0.05 and found["value"] < 0)
        uncorrected += min(values) < -1.96
    assert wrong / 1000 < 0.035 < 0.07 < uncorrected / 1000


def test_a_change_in_percent_is_averaged_as_a_ratio() -> None:
    logs: list[Number] = [{"value": float(np.log(ratio)), "n": 30} for ratio in (0.5, 2.0, 1.0)]
    found = in_percent(over_replicas(logs))
    assert found["value"] == pytest.approx(0), "halved and doubled is unchanged"
    assert found["replicas"] == pytest.approx([-50, 100, 0])
    ends = stats.t.interval(0.95, 2, 0, stats.sem(np.log([0.5, 2.0, 1.0])))
    assert found["ci95"] == pytest.approx([100 * (np.exp(end) - 1) for end in ends])
    assert found["ci95"][0] > -100
    assert (found["p"], found["dof"]) == (over_replicas(logs)["p"], 2)
    assert in_percent(logs[1]) == {"value": pytest.approx(100), "n": 30}


def test_replicas_with_the_same_share_have_the_error_of_its_images() -> None:
    alike: Number = {"value": 0.9, "n": 50, "ci95": [0.8, 0.95], "kind": "share"}
    found = over_replicas([alike] * 3)
    assert found["ci95"] == pytest.approx(list(stats.binomtest(45, 50).proportion_ci(method="wilson")))
    assert (found["value"], found["replicas"]) == (0.9, [0.9] * 3)
    other: Number = {**alike, "value": 0.92}
    assert over_replicas([alike, alike, other])["dof"] == 2, "Student's where they differ"

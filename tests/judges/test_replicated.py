"""Levels and differences over replicas: against plain formulas, SciPy, and made-up studies whose truth is known."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from benchmarks import coverage
from pipeline.judges import bootstrap, frechet
from pipeline.judges.replicated import SCALES, Measured, Replicated

RNG = np.random.default_rng(4)
ROOT = Path(__file__).parents[2]


def made(table: dict[str, list[float]], scale: str = "plain", **how: object) -> Replicated:
    """A metric with these values, of 40 images."""
    return Replicated(
        {v: [Measured({"value": x, "n": 40, "ci95": [x, x]}) for x in each] for v, each in table.items()}, scale, **how
    )


def test_with_two_variants_a_change_is_the_paired_test() -> None:
    one, other = RNG.normal(5, 1, (2, 4))
    found = made({"a": list(one), "b": list(other)}).change("b", "a")
    test = stats.ttest_rel(other, one)
    assert (found["value"], found["p"], found["dof"]) == (
        pytest.approx((other - one).mean()),
        pytest.approx(test.pvalue),
        3,
    )
    assert found["ci95"] == pytest.approx(list(test.confidence_interval(0.95)))
    assert found["replicas"] == pytest.approx(list(other - one))


def test_the_error_of_a_change_is_the_residual_of_randomised_blocks() -> None:
    """By least squares with a column per variant and per replica."""
    table = RNG.normal(size=(6, 3)) + 5 * RNG.normal(size=3)
    design = np.array([[*np.eye(6)[v], *np.eye(3)[r][1:]] for v in range(6) for r in range(3)])
    fit, residual, rank, _ = np.linalg.lstsq(design, table.ravel(), rcond=None)
    dof = 18 - rank
    error = np.sqrt(residual[0] / dof * 2 / 3)
    found = made({str(i): list(row) for i, row in enumerate(table)}).change("1", "0")
    assert (found["value"], found["dof"]) == (pytest.approx(fit[1] - fit[0]), dof)
    assert found["p"] == pytest.approx(2 * stats.t.sf(abs(fit[1] - fit[0]) / error, dof))
    assert found["ci95"][1] - found["value"] == pytest.approx(stats.t.ppf(0.975, dof) * error)


def test_a_variant_apart_is_judged_by_its_own_replicas_and_leaves_the_others_alone() -> None:
    table = {"a": [1.0, 2.0, 3.5], "b": [2.0, 3.1, 4.4], "c": [1.0, 2.2, 3.6]}
    wild = {**table, "wild": [100.0, 900.0, 400.0]}
    alone, beside = made(table), made(wild, apart=frozenset({"wild"}))
    assert beside.change("b", "a") == alone.change("b", "a")
    assert beside.level("b") == alone.level("b")
    gaps = np.subtract(wild["wild"], wild["a"])
    assert beside.change("wild", "a")["p"] == pytest.approx(stats.ttest_1samp(gaps, 0).pvalue)
    assert beside.level("wild")["ci95"] == pytest.approx(list(stats.ttest_1samp(wild["wild"], 0).confidence_interval()))


def test_a_change_of_a_size_is_in_percent_and_one_of_a_share_in_what_it_is() -> None:
    sizes = made({"a": [2.0, 2.0], "b": [1.0, 1.0]}, "log")
    assert (sizes.change("b", "a")["value"], sizes.change("a", "b")["value"]) == (
        pytest.approx(-50),
        pytest.approx(100),
    )
    assert made({"a": [1.0, 4.0], "b": [1.0, 4.0]}, "log").level("a")["value"] == pytest.approx(2)
    shares = made({"a": [0.9, 0.9], "b": [1.0, 1.0]}, "share")
    assert shares.change("b", "a")["value"] == pytest.approx(0.1)
    assert all(0 <= end <= 1 for end in made({"a": [0.5, 1.0], "b": [0.9, 1.0]}, "share").level("b")["ci95"])


@pytest.mark.parametrize("scale", SCALES)
def test_a_scale_has_an_inverse_and_no_gap_at_nothing(scale: str) -> None:
    x = np.array([0.02, 0.5, 0.97])
    assert SCALES[scale].back(SCALES[scale].to(x)) == pytest.approx(x)
    assert SCALES[scale].gap(np.zeros(2), 0.3) == pytest.approx([0, 0])


def test_images_that_all_replicas_share_add_their_own_error() -> None:
    draws = RNG.integers(30, size=(500, 30))
    images = {v: RNG.normal(5, 1, 30) for v in "ab"}
    found = {
        v: [
            Measured({"value": x.mean() + e, "n": 30, "ci95": [0, 9]}, (x + e)[draws].mean(axis=1))
            for e in (0, 0.1, 0.3)
        ]
        for v, x in images.items()
    }
    alone, together = (Replicated(found, "plain", shared) for shared in (False, True))
    assert alone.change("b", "a")["ci95"] == pytest.approx([alone.change("b", "a")["value"]] * 2), "the replicas agree"
    low, high = together.change("b", "a")["ci95"]
    gaps = images["b"] - images["a"]
    assert high - low == pytest.approx(2 * stats.t.ppf(0.975, 29) * gaps.std() / 30**0.5, rel=0.15)


def test_a_resample_s_bias_does_not_narrow_the_change_of_one_replica() -> None:
    """A resampled Frechet distance is larger than the whole's; the ratio's interval must not shrink with it."""
    resamples = {"a": RNG.normal(1.0, 0.05, 5000), "b": RNG.normal(0.5, 0.05, 5000)}

    def change(bias: float) -> dict:
        of = {v: [Measured({"value": x, "n": 9}, resamples[v] + bias)] for v, x in (("a", 1.0), ("b", 0.5))}
        return Replicated(of, "log").change("b", "a")

    assert change(0)["value"] == pytest.approx(-50)
    assert change(0.4)["ci95"] == pytest.approx(change(0)["ci95"])


def test_the_interval_of_one_replica_s_frechet_distances_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    real = frechet.gaussian(rng.normal(size=(20000, 4)))
    shifts, covered, runs, n = {"a": 1.0, "b": 0.8}, 0, 80, 200
    draws = bootstrap.draws(np.zeros(n, int), 200, 0)

    def change(of_one: bool) -> dict:
        noise, found = rng.normal(size=(n, 4)), {}
        for variant, shift in shifts.items():
            images = noise + shift / 2
            replicates = frechet.resampled_distances(images, real, draws) if of_one else None
            found[variant] = [Measured({"value": frechet.distance(images, real), "n": n}, replicates)]
        return Replicated(found, "log").change("b", "a")

    truth = 100 * np.expm1(np.mean([np.log1p(change(False)["value"] / 100) for _ in range(500)]))
    for _ in range(runs):
        low, high = change(True)["ci95"]
        covered += low <= truth <= high
    assert 0.87 <= covered / runs <= 1


def test_intervals_over_replicas_hold_the_truth_as_often_as_they_say() -> None:
    found = coverage.simulate(studies=250, seed=1)
    for name, each in found.items():
        assert 0.91 <= each["held"] <= 0.985, name


def test_the_saved_coverage_is_within_two_points() -> None:
    saved = json.loads((ROOT / "reports/benchmarks/coverage.json").read_text(encoding="utf-8"))
    assert saved["studies"] >= 1000
    assert all(0.93 <= each["held"] <= 0.97 for each in saved["intervals"].values())


def test_what_was_counted_has_no_error_and_what_was_timed_has_that_of_its_replicas() -> None:
    def of(**values: list[float]) -> Replicated:
        return Replicated({v: [Measured({"value": x, "n": 1}) for x in each] for v, each in values.items()}, "log")

    assert of(a=[4.0, 4.0], b=[8.0, 8.0]).change("b", "a") == {"value": pytest.approx(100), "n": 1}
    assert of(a=[4.0, 4.0], b=[8.0, 8.0]).level("b") == {"value": 8, "n": 1}
    timed = of(a=[4.0, 4.1, 4.2], b=[8.0, 8.4, 8.1]).change("b", "a")
    assert (timed["n"], timed["ci95"][0] < 100 < timed["ci95"][1]) == (3, True)
    assert of(a=[4.0], b=[8.0]).change("b", "a") == {"value": pytest.approx(100), "n": 1}, "one time has no interval"


@pytest.mark.parametrize("bound", [0.0, 1.0])
def test_replicas_that_all_agree_do_not_prove_that_there_is_no_error(bound: float) -> None:
    """With 4 x 40 images Wilson's interval of a share of 0 ends at z^2 / (160 + z^2), and Newcombe's of a difference
    of two such shares at either of both, since only one of the two can lie farther inside."""
    found = made({"a": [bound] * 4, "b": [bound] * 4, "c": [0.5, 0.6, 0.4, 0.5]}, "share", apart=frozenset("ab"))
    z2 = stats.norm.ppf(0.975) ** 2
    end = z2 / (160 + z2)
    assert found.level("a")["ci95"] == pytest.approx([0, end] if bound == 0 else [1 - end, 1])
    change = found.change("a", "b")
    assert (change["value"], change["p"], change["n"]) == (0, 1, 40)
    assert change["ci95"] == pytest.approx([-end, end])
    few = [Measured({"value": bound, "n": 10, "ci95": [bound, bound]})] * 4
    uneven = Replicated({**found.found, "few": few}, "share", apart=frozenset(["a", "b", "few"]))
    wide, narrow = z2 / (40 + z2), end
    low, high = uneven.change("few", "a")["ci95"]
    assert (-low, high) == pytest.approx((wide, narrow) if bound else (narrow, wide))
    own = found.change("a", "a")
    assert own["ci95"] == [0, 0], "the base of a table is no comparison"
    shared = made({"a": [bound] * 4, "b": [bound] * 4}, "share", shared=True).level("a")
    assert abs(shared["ci95"][1] - shared["ci95"][0]) == pytest.approx(z2 / (40 + z2))


@pytest.mark.parametrize(("bound", "variant", "base"), [(1.0, "a", "b"), (0.0, "a", "b"), (1.0, "b", "a")])
def test_a_change_from_a_share_at_its_bound_has_the_error_of_that_share_too(
    bound: float, variant: str, base: str
) -> None:
    """Newcombe's square and add (1998, method 10), on the side on which the share at its bound can lie."""
    found = made({"a": [bound] * 3, "b": [0.9, 0.7, 0.8]}, "share", apart=frozenset("ab"))
    middle = (found.on_scale("a").mean() + found.on_scale("b").mean()) / 2
    plain = found.contrast({variant: 1.0, base: -1.0}, lambda d: SCALES["share"].gap(d, middle))
    change = found.change(variant, base)
    z2 = stats.norm.ppf(0.975) ** 2
    reach = z2 / (120 + z2)  # of Wilson's interval of a share of 0 or 1, of 3 x 40 images
    value, ends, before = change["value"], np.array(change["ci95"]), np.array(plain["ci95"])
    assert value == plain["value"] != 0
    farther, other = (0, 1) if (bound == 1) == (variant == "a") else (1, 0)
    assert ends[other] == before[other]
    assert abs(ends[farther] - value) == pytest.approx(np.hypot(before[farther] - value, reach))
    assert change["p"] >= plain["p"]


def test_a_share_that_is_the_same_in_all_replicas_has_the_error_of_its_images() -> None:
    """Wilson's interval by SciPy, and Newcombe's of a difference by its formula (1998, method 10)."""
    found = made({"a": [0.6] * 3, "b": [0.35] * 3, "c": [0.5, 0.6, 0.4]}, "share", apart=frozenset("abc"))
    (p, low, high), (q, least, most) = (
        (share, *stats.binomtest(round(120 * share), 120).proportion_ci(method="wilson")) for share in (0.6, 0.35)
    )
    assert found.level("a")["ci95"] == pytest.approx([low, high])
    change = found.change("a", "b")
    ends = [p - q - np.hypot(p - low, most - q), p - q + np.hypot(high - p, q - least)]
    assert change["ci95"] == pytest.approx(ends)
    assert 0 < change["p"] < 0.001
    middle = (found.on_scale("a").mean() + found.on_scale("c").mean()) / 2
    plain = found.contrast({"a": 1.0, "c": -1.0}, lambda d: SCALES["share"].gap(d, middle))
    assert found.change("a", "c") == plain, "where the other's replicas differ, their differences show the error"
    measured = made({"a": [0.61] * 3}, "share", apart=frozenset("a"))
    assert measured.level("a")["ci95"] == pytest.approx([0.61, 0.61]), "0.61 is no share of 40 images"

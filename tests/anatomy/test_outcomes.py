"""What the comparison says of hand-made outcomes whose numbers are known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from pipeline.anatomy import comparison, outcomes
from pipeline.anatomy.comparison import Method
from pipeline.anatomy.outcomes import Judged, Judging, Outcome
from pipeline.judges import bootstrap, frechet, number, similarity
from pipeline.judges.number import Number

RNG = np.random.default_rng(0)
N = 12
DRAWS = bootstrap.draws(np.arange(N) % 3, 200, 0)


def outcome(
    name: str,
    family: str,
    likeness: float,
    ratio: float,
    distance: float | None = None,
    cost: int = 400,
    alike: bool = True,
) -> Outcome:
    """Means are as given; ratios, of eight repeats, have it as their median. Unrelated images have an SSIM of 0.5."""
    method = Method(name, family, alike, 4, cost, lambda seeds, labels: torch.zeros(0))
    ssim = 0.5 + 0.5 * (likeness + np.linspace(-0.04, 0.04, N))
    ratios = ratio + np.array([-0.03, -0.02, -0.01, 0, 0, 0.01, 0.02, 0.03])
    judged = None
    if distance is not None:
        judged = Judged(np.arange(N) % 3, distance, distance + RNG.normal(0, 0.01, 200))
    return Outcome(method, ssim, np.full(N, 0.5), ratios, judged)


def test_outcomes_are_likeness_to_the_untouched_images_and_what_judges_say_of_one_s_own() -> None:
    real = RNG.integers(0, 256, (40, 8, 8, 1), dtype=np.uint8)
    images = {name: RNG.integers(0, 256, (N, 8, 8, 1), dtype=np.uint8) for name in ("untouched", "d", "e")}
    some = [Method(name, "DDIM", True, 4, 4, lambda seeds, labels: torch.zeros(0)) for name in images]
    times = pd.DataFrame({"batch": [0, 0, 0, 1, 1, 1], "method": ["untouched", "d", "e"] * 2, "ratio": range(6)})
    labels = np.arange(N) % 3

    def features(of: np.ndarray) -> np.ndarray:
        return of[:, :2, :2, 0].reshape(len(of), -1) / 255.0

    reference = frechet.gaussian(features(real))
    judging = Judging(features, lambda of: of[:, 0, 0, 0] % 3, reference)
    judged = outcomes.outcomes(some, images, labels, times, DRAWS, judging)
    assert [*judged] == [*images]
    assert (judged["untouched"].likeness == 1).all()
    np.testing.assert_array_equal(judged["e"].ssim, similarity.ssim(images["e"], images["untouched"]))
    apart = similarity.unrelated(images["untouched"], labels).mean()
    np.testing.assert_array_equal(judged["e"].likeness, (judged["e"].ssim - apart) / (1 - apart))
    assert judged["e"].ratios.tolist() == [2, 5]
    seen, told = features(images["e"]), judged["e"].judged
    assert told is not None
    assert told.seen.tolist() == (images["e"][:, 0, 0, 0] % 3).tolist()
    assert told.distance == pytest.approx(frechet.distance(seen, reference))
    assert told.distances[7] == pytest.approx(frechet.distance(seen[DRAWS[7]], reference))
    assert told.distances.shape == (200,)
    assert outcomes.outcomes(some, images, labels, times, DRAWS, None)["e"].judged is None


def test_the_floor_is_what_sets_of_real_images_score() -> None:
    labels = np.repeat(np.arange(3), 20)
    features = RNG.normal(size=(60, 4)) + labels[:, None]
    real = frechet.gaussian(RNG.normal(size=(500, 4)) + np.arange(500)[:, None] % 3)
    few, more, all_of_them = (outcomes.floor(features, labels, real, n, 0) for n in (12, 30, 99))
    assert few["value"] > more["value"] > all_of_them["value"], "the bias shrinks with n"
    assert all_of_them["value"] == pytest.approx(frechet.distance(features, real))
    assert all_of_them["ci95"] == pytest.approx([all_of_them["value"]] * 2)
    assert [each["n"] for each in (few, more, all_of_them)] == [12, 30, 60]
    assert few["ci95"][0] < few["value"] < few["ci95"][1]
    turned = np.random.default_rng(1).permutation(60)
    again = outcomes.floor(features[turned], labels[turned], real, 30, 0)
    assert again["value"] == pytest.approx(more["value"], rel=0.1), "whatever the order of the file"
    uneven = outcomes.floor(features + 10 * (labels[:, None] == 2), labels, real, 3, 0)
    assert uneven["ci95"][0] > 1, "every set has the far class in it"


def test_a_table_has_known_numbers() -> None:
    found = {
        "untouched": outcome("untouched", "untouched", 1, 1, 2.0, cost=1600),
        "d": outcome("d", "DDIM", 0.8, 0.5, 3.0),
        "e": outcome("e", "DDIM", 0.8, 0.5, 3.0, alike=False),
    }
    table = outcomes.table(found, DRAWS, 0.8).set_index("method")
    row = table.loc["d"]
    assert [row.family, row.calls, row.cost, row.n, row.n_times] == ["DDIM", 4, 0.25, N, 8]
    assert [row.time, row.time_low, row.time_high] == pytest.approx([0.5, 0.47, 0.53]), "the sign test's, of eight"
    assert [row.likeness, row.ssim, row.unrelated] == pytest.approx([0.8, 0.9, 0.5])
    assert row.ssim_mad == pytest.approx(np.mean(np.abs(np.linspace(-0.02, 0.02, N))))
    assert row.ssim_spread == pytest.approx(np.std(np.linspace(-0.02, 0.02, N), ddof=1))
    assert row.under == 0.5
    assert table.under["untouched"] == 0
    assert 0.77 < row.likeness_low < 0.8 < row.likeness_high < 0.83
    assert 0.885 < row.ssim_low < 0.9 < row.ssim_high < 0.915
    assert row.frechet == 3
    assert 2.97 < row.frechet_low < 3 < row.frechet_high < 3.03
    assert row.kept == 1
    assert row.kept_low < 1
    other = table.loc["e"].drop(row.index[row.index.str.startswith(("time", "frechet"))])
    assert set(other.index[other.notna()]) == {"family", "calls", "cost", "n_times", "n"}, "another sampler's images"
    blind = outcomes.table({"untouched": outcome("untouched", "untouched", 1, 1)}, DRAWS, 0.8)
    assert not [column for column in blind.columns if "frechet" in column or "kept" in column], "without a judge"
    assert not blind.isna().any(axis=None)


def found(**difference: Outcome) -> dict[str, Outcome]:
    """Outcomes that speak for the source, but for the difference. A step of the whole loop costs 25."""
    made = [
        outcome("untouched", "untouched", 1, 1, 2.0, cost=100),
        outcome("source, zeros", "source", 0.85, 0.6, 2.2),
        outcome("source, cache", "source", 0.9, 0.65, 2.1),
        outcome("found, ssim-0.795", "found", 0.81, 0.4, 2.2, cost=300),
        outcome("found, distance", "found", 0.7, 0.5, 2.1, cost=400),
        outcome("DDIM, 40 steps", "DDIM", 0.76, 0.39, 2.6, cost=312, alike=False),
        outcome("DDPM, 41 steps", "DDPM", 0.7, 0.9, 2.3, cost=290),
        outcome("DDIM, 60 steps", "DDIM", 0.95, 0.1, 1.5, cost=500, alike=False),
        outcome("DeepCache uniform, 1 in 5", "DeepCache uniform", 0.99, 0.3, 1.1),
    ]
    return {each.method.name: each for each in [*made, *difference.values()]}


def effects(of: dict[str, Outcome]) -> dict[str, Number]:
    return outcomes.effects(of, DRAWS, 0.75, 1.2)


def blinded(of: dict[str, Outcome]) -> dict[str, Outcome]:
    """As no judge has seen them."""
    return {name: replace(each, judged=None) for name, each in of.items()}


def test_positive_effects_speak_for_the_source() -> None:
    told = effects(found())
    assert {name: effect["value"] for name, effect in told.items()} == pytest.approx({
        "strategy_keeps_likeness": 0.85 - 0.75,
        "strategy_keeps_quality": 1.2 * 2.0 - 2.2,
        "cache_beats_zeros": 0.1,
        "likeness_beats_fewer_steps": 2.3 - 2.2,
        "distance_beats_fewer_steps": 2.3 - 2.1,
    })  # fmt: skip
    for name, effect in told.items():
        low, high = effect["ci95"]
        assert 0 < low <= effect["value"] <= high, name
        assert high - low < 0.1, name
        assert effect["n"] == N
    assert told["likeness_beats_fewer_steps"]["against"] == "DDPM, 41 steps"


def test_negative_effects_speak_against_it() -> None:
    worse = found(
        zeros=outcome("source, zeros", "source", 0.7, 0.8, 2.5),
        cache=outcome("source, cache", "source", 0.6, 0.8, 2.6),
        mine=outcome("found, ssim-0.795", "found", 0.72, 0.9, 2.9, cost=300),
    )
    told = effects(worse)
    assert told.pop("distance_beats_fewer_steps")["value"] > 0
    assert len(told) == 4
    assert all(effect["value"] < 0 and effect["ci95"][1] < 0 for effect in told.values())


def test_effects_are_there_where_something_was_found_and_can_be_compared() -> None:
    always = {"strategy_keeps_likeness", "strategy_keeps_quality", "cache_beats_zeros"}
    assert set(effects({name: each for name, each in found().items() if not name.startswith("found")})) == always
    no_rival = {name: each for name, each in found().items() if each.method.family not in comparison.FEWER}
    assert set(effects(no_rival)) == always
    assert set(effects(blinded(found()))) == {"strategy_keeps_likeness"}


def test_no_effect_hangs_on_a_measured_time() -> None:
    slow = {name: replace(each, ratios=RNG.uniform(0.1, 9, 8)) for name, each in found().items()}
    assert effects(slow) == effects({name: replace(each, ratios=np.ones(8)) for name, each in slow.items()})


@pytest.mark.parametrize(("cost", "names"), [
    (277, set()),
    (278, {"DDPM, 41 steps"}),
    (300, {"DDPM, 41 steps", "DDIM, 40 steps"}),
    (487, {"DDPM, 41 steps", "DDIM, 40 steps"}),
    (488, {"DDPM, 41 steps", "DDIM, 40 steps", "DDIM, 60 steps"}),
])  # fmt: skip
def test_a_rival_costs_no_more_to_the_nearest_step(cost: int, names: set[str]) -> None:
    mine = outcome("mine", "found", 0.8, 0.5, 2.0, cost=cost)
    assert {each.method.name for each in outcomes.no_dearer(found(), mine)} == names


def test_every_rival_must_be_beaten() -> None:
    sure = outcome("DDPM, 41 steps", "DDPM", 0.3, 0.41, 9.0, cost=290)
    unsure = outcome("DDIM, 40 steps", "DDIM", 0.8, 0.4, 2.205, cost=290)
    told = effects(found(sure=sure, unsure=unsure))["likeness_beats_fewer_steps"]
    assert told["against"] == "DDIM, 40 steps"
    assert told["value"] == pytest.approx(0.005)
    assert told["ci95"][0] < 0


@pytest.mark.parametrize(("n", "order"), [(6, 0), (8, 0), (9, 1), (12, 2), (20, 5)])
def test_times_have_the_sign_test_s_interval(n: int, order: int) -> None:
    values = RNG.permutation(np.arange(n) ** 2.0)
    found = number.median(values)
    assert (found["value"], found["n"]) == (np.median(values), n)
    assert found["ci95"] == [order**2, (n - 1 - order) ** 2]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_fewer_than_six_repeats_have_no_interval(n: int) -> None:
    assert number.median(np.arange(n) + 0.5) == {"value": n / 2, "n": n}

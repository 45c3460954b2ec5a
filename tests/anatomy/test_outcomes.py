"""What the comparison says of hand-made outcomes whose numbers are known."""

import numpy as np
import pandas as pd
import pytest
import torch

from pipeline.anatomy import comparison
from pipeline.anatomy.comparison import UNTOUCHED, Method, Outcome
from pipeline.judges import bootstrap, frechet, number, similarity

RNG = np.random.default_rng(0)
N = 12
DRAWS = bootstrap.draws(np.arange(N) % 3, 200, 0)


def outcome(
    name: str,
    family: str,
    ssim: float,
    ratio: float,
    distance: float | None = None,
    like: str = UNTOUCHED,
    cost: int = 400,
) -> Outcome:
    """Means are as given; ratios, of eight repeats, have it as their median."""
    method = Method(name, family, like, 4, cost, lambda seeds, labels: torch.zeros(0))
    spread = np.linspace(-0.04, 0.04, N)
    ratios = ratio + np.array([-0.03, -0.02, -0.01, 0, 0, 0.01, 0.02, 0.03])
    if distance is None:
        return Outcome(method, ssim + spread, ratios)
    return Outcome(method, ssim + spread, ratios, distance, distance + RNG.normal(0, 0.01, 200))


def test_outcomes_are_ssim_to_one_s_like_and_the_distance_of_one_s_own_images() -> None:
    real = RNG.integers(0, 256, (40, 8, 8, 1), dtype=np.uint8)
    images = {name: RNG.integers(0, 256, (N, 8, 8, 1), dtype=np.uint8) for name in ("untouched", "d", "e")}
    likes = {"untouched": UNTOUCHED, "d": "d", "e": "d"}
    some = [Method(name, "DDIM", likes[name], 4, 4, lambda seeds, labels: torch.zeros(0)) for name in images]
    times = pd.DataFrame({"batch": [0, 0, 0, 1, 1, 1], "method": ["untouched", "d", "e"] * 2, "ratio": range(6)})

    def features(of: np.ndarray) -> np.ndarray:
        return of[:, :2, :2, 0].reshape(len(of), -1) / 255.0

    judged = comparison.outcomes(some, images, times, DRAWS, features, frechet.gaussian(features(real)))
    assert [*judged] == [*images]
    assert (judged["d"].ssim == 1).all()
    np.testing.assert_array_equal(judged["e"].ssim, similarity.ssim(images["e"], images["d"]))
    assert judged["e"].ratios.tolist() == [2, 5]
    seen, reference = features(images["e"]), frechet.gaussian(features(real))
    assert judged["e"].distance == pytest.approx(frechet.distance(seen, reference))
    assert judged["e"].distances[7] == pytest.approx(frechet.distance(seen[DRAWS[7]], reference))
    assert judged["e"].distances.shape == (200,)
    blind = comparison.outcomes(some, images, times, DRAWS, None, None)
    assert np.isnan(blind["e"].distance)
    assert len(blind["e"].distances) == 0


def test_a_table_has_known_numbers() -> None:
    found = {
        "untouched": outcome("untouched", "untouched", 0.9, 1, cost=1600),
        "d": outcome("d", "DDIM", 0.8, 0.5, 3.0, like="D"),
    }
    table = comparison.table(found, DRAWS, 0.8).set_index("method")
    row = table.loc["d"]
    assert [row.family, row.like, row.calls, row.cost, row.n, row.n_times] == ["DDIM", "D", 4, 0.25, N, 8]
    assert [row.time, row.time_low, row.time_high] == pytest.approx([0.5, 0.4875, 0.5125])
    assert row.ssim == pytest.approx(0.8)
    assert row.ssim_mad == pytest.approx(np.mean(np.abs(np.linspace(-0.04, 0.04, N))))
    assert row.ssim_spread == pytest.approx(np.std(np.linspace(-0.04, 0.04, N), ddof=1))
    assert row.under == 0.5
    assert table.under["untouched"] == 0
    assert 0.77 < row.ssim_low < 0.8 < row.ssim_high < 0.83
    assert row.frechet == 3
    assert 2.97 < row.frechet_low < 3 < row.frechet_high < 3.03
    blind = comparison.table({"untouched": found["untouched"]}, DRAWS, 0.8)
    assert not [column for column in blind.columns if "frechet" in column], "without a judge"
    assert not blind.isna().any(axis=None)


def found(**difference: Outcome) -> dict[str, Outcome]:
    """Outcomes that speak for the source, but for the difference."""
    made = [
        outcome("untouched", "untouched", 1, 1, 2.0),
        outcome("source, zeros", "source", 0.85, 0.6, 2.5),
        outcome("source, cache", "source", 0.9, 0.65, 2.4),
        outcome("found, ssim-0.795", "found", 0.81, 0.4, 2.2, cost=300),
        outcome("found, ssim-0.97", "found", 0.97, 0.3, 2.2, cost=500),
        outcome("found, ssim-0.9", "found", 0.9, 0.4, 2.2),
        outcome("found, distance", "found", 0.7, 0.5, 2.1),
        outcome("DDIM, 40 steps", "DDIM", 0.76, 0.39, 2.6),
        outcome("DDPM, 41 steps", "DDPM", 0.7, 0.41, 2.3),
        outcome("DDIM, 60 steps", "DDIM", 0.95, 0.6, 1.5),
        outcome("DeepCache uniform, 1 in 5", "DeepCache uniform", 0.99, 0.3, 1.1),
    ]
    return {each.method.name: each for each in [*made, *difference.values()]}


def blinded(of: dict[str, Outcome]) -> dict[str, Outcome]:
    """As no judge has seen them."""
    return {name: Outcome(each.method, each.ssim, each.ratios) for name, each in of.items()}


def test_positive_effects_speak_for_the_source() -> None:
    effects = comparison.effects(found(), DRAWS)
    assert {name: effect["value"] for name, effect in effects.items()} == pytest.approx({
        "strategy_keeps_likeness": 0.85 - 0.795,
        "cache_beats_zeros": 0.05,
        "strategy_saves": 0.4 - 0.27,
        "found_saves_more": 0.2,
        "beats_fewer_steps_in_likeness": 0.81 - 0.76,
        "likeness_beats_fewer_steps": 2.3 - 2.2,
        "distance_beats_fewer_steps": 2.3 - 2.1,
    })  # fmt: skip
    for name, effect in effects.items():
        low, high = effect["ci95"]
        assert low <= effect["value"] <= high, name
        assert low > 0 or name == "found_saves_more", name
        assert high - low < 0.1, name
    assert (effects["likeness_beats_fewer_steps"]["n"], effects["strategy_saves"]["n"]) == (N, 8)
    assert effects["found_saves_more"]["against"] == "found, ssim-0.9", "the cheapest that is as like"
    assert effects["beats_fewer_steps_in_likeness"]["against"] == "DDIM, 40 steps"
    assert effects["likeness_beats_fewer_steps"]["against"] == "DDPM, 41 steps"


def test_negative_effects_speak_against_it() -> None:
    worse = found(
        zeros=outcome("source, zeros", "source", 0.7, 0.8, 2.5),
        cache=outcome("source, cache", "source", 0.6, 0.8, 2.5),
        mine=outcome("found, ssim-0.795", "found", 0.72, 0.9, 2.9, cost=300),
    )
    effects = comparison.effects(worse, DRAWS)
    assert effects.pop("distance_beats_fewer_steps")["value"] > 0
    assert len(effects) == 6
    assert all(effect["value"] < 0 and effect["ci95"][1] < 0 for effect in effects.values())
    assert effects["beats_fewer_steps_in_likeness"]["against"] == "DDIM, 60 steps"


def test_effects_are_there_where_something_was_found_and_can_be_compared() -> None:
    def told(kept: dict[str, Outcome]) -> set[str]:
        always = {"strategy_keeps_likeness", "cache_beats_zeros", "strategy_saves"}
        effects = set(comparison.effects(kept, DRAWS))
        assert always <= effects
        return effects - always

    assert told({name: each for name, each in found().items() if not name.startswith("found")}) == set()
    unlike = {name: each for name, each in found().items() if name not in ("found, ssim-0.9", "found, ssim-0.97")}
    assert "found_saves_more" not in told(unlike)
    no_rival = {name: each for name, each in found().items() if each.method.family not in comparison.FEWER}
    assert told(no_rival) == {"found_saves_more"}
    assert told(blinded(found())) == {"found_saves_more", "beats_fewer_steps_in_likeness"}


def against(of: dict[str, Outcome], ratio: float) -> set[str]:
    mine = outcome("mine", "found", 0.8, ratio, 2.0)
    return {each.method.name for each in comparison.no_slower(of, mine)}


def test_a_rival_takes_no_more_time() -> None:
    assert against(found(), 0.3) == set()
    assert against(found(), 0.385) == {"DDIM, 40 steps"}
    assert against(found(), 0.40) == {"DDIM, 40 steps", "DDPM, 41 steps"}, "two in a hundred more are let pass"
    assert against(found(), 0.6) == {"DDIM, 40 steps", "DDPM, 41 steps", "DDIM, 60 steps"}


def test_an_untouched_loop_is_none_of_fewer_steps() -> None:
    whole = outcome("DDIM, 100 steps", "DDIM", 0.96, 1.0, 1.0, like="DDIM, 100 steps")
    assert against(found(whole=whole), 0.97) == against(found(), 0.97)


def test_every_rival_must_be_beaten() -> None:
    sure = outcome("DDPM, 41 steps", "DDPM", 0.3, 0.41, 9.0)
    unsure = outcome("DDIM, 40 steps", "DDIM", 0.8, 0.4, 2.0)
    mine = outcome("found, ssim-0.795", "found", 0.82, 0.42, 1.0)
    both = comparison.effects({**found(), **{each.method.name: each for each in (sure, unsure, mine)}}, DRAWS)
    entry = both["beats_fewer_steps_in_likeness"]
    assert entry["against"] == "DDIM, 40 steps"
    assert entry["value"] == pytest.approx(0.02)
    assert entry["ci95"] == pytest.approx([0.02, 0.02]), "their seeds differ alike"


@pytest.mark.parametrize(("n", "order"), [(6, 0), (8, 0), (9, 1), (12, 2), (20, 5)])
def test_times_have_the_sign_test_s_interval(n: int, order: int) -> None:
    values = RNG.permutation(np.arange(n) ** 2.0)
    found = number.median(values)
    assert (found["value"], found["n"]) == (np.median(values), n)
    assert found["ci95"] == [order**2, (n - 1 - order) ** 2]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_fewer_than_six_repeats_have_no_interval(n: int) -> None:
    assert number.median(np.arange(n) + 0.5) == {"value": n / 2, "n": n}

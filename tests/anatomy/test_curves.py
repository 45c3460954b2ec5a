"""Curves and limits of hand-made findings whose numbers are known."""

import numpy as np
import pandas as pd
import pytest

from pipeline.anatomy.cells import Cell
from pipeline.anatomy.curves import Curves
from pipeline.judges import bootstrap
from pipeline.judges.number import MOST_PSNR

RNG = np.random.default_rng(0)
SEEDS = 40
SURE = pytest.approx(2 / 201)  # the least p-value of 200 resamples
SPREAD = RNG.permutation(np.linspace(-0.05, 0.05, SEEDS))  # of the images around a cell's mean; it sums to nothing


def found_at(ssim: float, psnr: float = 20.0, **more: np.ndarray) -> dict[str, np.ndarray]:
    return {"ssim": ssim + SPREAD, "psnr": psnr + 10 * SPREAD, **more}


def curves(cells: dict[Cell, float | dict[str, np.ndarray]], threshold: float = 0.8, unrelated: float = 0.0) -> Curves:
    """Each cell with its mean SSIM, or with all that was found; likeness is SSIM where unrelated images have 0."""
    found = {cell: value if isinstance(value, dict) else found_at(value) for cell, value in cells.items()}
    return Curves(found, np.full(SEEDS, unrelated), bootstrap.draws(np.arange(SEEDS) % 4, 200, 0), threshold)


def sweep(kind: str, ssim: list[float], starts: list[int], **fields: object) -> dict[Cell, float]:
    return {Cell(kind, start, **fields): value for start, value in zip(starts, ssim, strict=True)}


def test_numbers_are_means_with_their_intervals_and_spread() -> None:
    cell = Cell("jump", 9, 2)
    kept = np.arange(SEEDS) < 30
    numbers = curves({cell: found_at(0.82, 25, kept=kept)}).numbers(cell)
    assert set(numbers) == {"ssim", "likeness", "psnr", "under", "kept"}
    assert numbers["ssim"]["value"] == pytest.approx(0.82)
    assert numbers["psnr"]["value"] == pytest.approx(25)
    assert numbers["ssim"]["spread"] == pytest.approx(np.std(SPREAD, ddof=1))
    assert numbers["kept"]["value"] == 0.75
    for number in numbers.values():
        low, high = number["ci95"]
        assert low < number["value"] < high
        assert number["n"] == SEEDS
    half = 1.96 * np.std(SPREAD, ddof=1) / SEEDS**0.5
    assert numbers["ssim"]["ci95"] == pytest.approx([0.82 - half, 0.82 + half], abs=half / 3)


def test_a_share_is_of_the_images_below_the_threshold() -> None:
    cell = Cell("jump", 9, 2)
    ssim = np.r_[np.full(10, 0.7), np.full(25, 0.8), np.full(5, 0.9)]
    numbers = curves({cell: {"ssim": ssim, "psnr": ssim}}).numbers(cell)
    assert numbers["under"]["value"] == 0.25, "the threshold itself is not below it"
    assert "kept" not in numbers


def test_an_untouched_cell_has_no_more_than_is_possible() -> None:
    cell = Cell("jump", 9, 1)
    same = {"ssim": np.ones(SEEDS), "psnr": np.full(SEEDS, MOST_PSNR)}
    numbers = curves({cell: same}).numbers(cell)
    assert numbers["ssim"] == {"value": 1, "n": SEEDS, "ci95": [1, 1], "kind": "correlation", "spread": 0}
    assert numbers["psnr"]["value"] == pytest.approx(MOST_PSNR)
    assert numbers["under"]["value"] == 0
    assert numbers["under"]["ci95"][1] > 0, "forty images say that much"


def test_means_are_of_all_seeds_first_and_then_of_each_resample() -> None:
    one, other = Cell("jump", 9, 2), Cell("jump", 5, 2)
    made = curves({one: 0.5, other: 0.9})
    means = made.means([other, one])
    assert means.shape == (201, 2)
    assert means[0] == pytest.approx([0.9, 0.5])
    np.testing.assert_allclose(means[1:, 1], [(0.5 + SPREAD)[draw].mean() for draw in made.draws])
    assert made.means([one], "psnr")[0, 0] == pytest.approx(20)


def test_cells_are_selected_from_the_first_step_to_the_last_and_by_their_fill() -> None:
    made = curves(dict.fromkeys([
        Cell("blocks", 3, 2, 1), Cell("blocks", 9, 2, 1), Cell("blocks", 3, 2, 4), Cell("duration", 6, 5, 1),
        Cell("blocks", 6, 2, 1, fill="cache"), Cell("duration", 6, 2, 1), Cell("relax", 6, 2, 1, 3),
        Cell("relax", 6, 2, 1, 0), Cell("jump", 3, 5), Cell("jump", 9, 2), Cell("jump", 9, 5),
    ], 0.5))  # fmt: skip
    assert [cell.start for cell in made.select("blocks", parts=1)] == [9, 3]
    assert [cell.start for cell in made.select("blocks", "cache")] == [6]
    assert [cell.n for cell in made.select("duration", parts=1)] == [2, 5]
    assert [cell.r for cell in made.select("relax")] == [0, 3]
    assert [cell.start for cell in made.select("jump", n=5)] == [9, 3]
    assert (made.numbers_of_parts("blocks"), made.numbers_of_parts("skips")) == ([1, 4], [])


STARTS = [9, 7, 5, 3]


def test_own_starts_are_where_the_curve_stays_above_the_threshold() -> None:
    made = curves({
        **sweep("blocks", [0.1, 0.9, 0.5, 0.95], STARTS, parts=1),
        **sweep("blocks", [0.9, 0.9, 0.9, 0.95], STARTS, parts=2),
        **sweep("blocks", [0.1, 0.2, 0.5, 0.6], STARTS, parts=4),
        **sweep("blocks", [0.9, 0.9, 0.9], STARTS[1:], parts=4, fill="cache"),
    })  # fmt: skip
    assert made.own_start(1, "zeros") == {"value": 3, "n": SEEDS, "ci95": [3, 3], "p": SURE}
    assert made.own_start(4, "zeros")["value"] == 0
    assert made.own_starts("zeros", 5) == {1: 3, 2: 9}
    assert made.own_starts("cache", 5) == {4: 7}
    assert made.own_start(1, "cache") is None
    one, two = (made.select("blocks", parts=nb) for nb in (1, 2))
    assert made.sooner(two, one)["value"] == 6


def test_a_limit_s_interval_is_the_middle_95_percent_of_what_resamples_find() -> None:
    error = np.std(SPREAD) / SEEDS**0.5

    def interval(over: float) -> list[float]:
        """Where the second start's mean is so many standard errors above the threshold."""
        return curves(sweep("blocks", [0.1, 0.8 + over * error, 0.9, 0.9], STARTS, parts=1)).own_start(1, "zeros")[
            "ci95"
        ]

    assert interval(0.1) == interval(1.3) == [5, 7], "a tenth of the resamples do not reach it"
    assert interval(2.3) == interval(3.5) == [7, 7]
    assert interval(-1.3) == [5, 7]
    assert interval(-2.3) == interval(-3.5) == [5, 5]


def test_the_longest_cut_and_the_shortest_rest() -> None:
    cuts = {Cell("duration", 9, n, 2): ssim for n, ssim in ((1, 0.9), (3, 0.85), (5, 0.7), (8, 0.85))}
    rests = {Cell("relax", 9, 3, 2, r): ssim for r, ssim in ((0, 0.85), (1, 0.5), (4, 0.81), (6, 0.9))}
    made = curves({**cuts, **rests, Cell("duration", 7, 1, 4): 0.1, Cell("relax", 7, 1, 4, 0): 0.1})
    assert made.longest(2, "zeros") == {"value": 3, "n": SEEDS, "ci95": [3, 3], "p": SURE, "tried": 8}
    assert made.longest(4, "zeros")["value"] == 0
    assert made.longest_cuts("zeros") == {2: 3}
    assert made.shortest(2, "zeros")["value"] == 4
    assert made.shortest(2, "zeros")["tried"] == 6
    assert made.shortest(4, "zeros") == {"value": 1, "n": SEEDS, "ci95": [1, 1], "p": SURE, "tried": 0}, (
        "more than was tried"
    )
    assert made.longest(3, "zeros") is made.shortest(3, "zeros") is None


def phased(count: int = 12) -> dict[Cell, dict[str, np.ndarray]]:
    """Jumps of 5 steps at so many starts, of three levels that part at steps 34 and 14 if there are twelve."""
    levels = np.repeat([0.1, 0.5, 0.9], [4, 5, 3])[:count]
    starts = np.arange(48, 0, -4)[:count]
    noise = RNG.normal(scale=0.01, size=(count, SEEDS))
    return {
        Cell("jump", int(k), 5): {"ssim": level + each, "psnr": 20 * (level + each)}
        for k, level, each in zip(starts, levels, noise, strict=True)
    }


def test_boundaries_are_halfway_between_the_starts_they_part() -> None:
    made = curves(phased() | sweep("jump", [0.5] * 4, STARTS, n=2))
    first, second = made.boundaries(5)
    assert first == {"value": 34, "n": SEEDS, "ci95": [34, 34], "p": SURE}
    assert second["value"] == 14
    assert curves(phased(11)).boundaries(5) == [], "too few starts for phases"
    assert curves(phased(11)).three_phases(5) is None


def test_three_levels_are_phases_and_a_slope_is_none() -> None:
    assert curves(phased()).three_phases(5)["ci95"][0] > 0
    slope = {cell: {**found, "ssim": found["ssim"] - found["ssim"].mean() + cell.start / 50, "psnr": found["psnr"] * 0}
             for cell, found in phased().items()}  # fmt: skip
    found = curves(slope).three_phases(5)
    assert found["ci95"][1] < 0
    assert found["against"] in ("a straight line", "a smooth curve")


def test_cuts_do_not_start_before_the_first_phase_ends() -> None:
    early, late = (sweep("blocks", ssim, [46, 33, 20], parts=nb) for nb, ssim in ((1, [0.9] * 3), (2, [0.1, 0.1, 0.9])))
    assert curves(early | late).own_starts("zeros", 5) == {1: 46, 2: 20}
    assert curves(phased() | early | late).own_starts("zeros", 5) == {1: 33, 2: 20}


def test_likeness_begins_at_unrelated_images() -> None:
    cell = Cell("jump", 9, 2)
    made = curves({cell: 0.8}, threshold=0.4, unrelated=0.6)
    assert made.numbers(cell)["likeness"]["value"] == pytest.approx(0.5)
    assert made.over_threshold(cell)["value"] == pytest.approx(0.1)
    assert made.over_threshold(cell, 0.3)["value"] == pytest.approx(0.4)
    assert made.of_unrelated()["value"] == pytest.approx(0.6)
    changed = made.changed([cell, cell])
    assert changed["value"] == pytest.approx(np.mean(0.8 + SPREAD < 0.76))
    assert changed["ci95"][0] < changed["value"] < changed["ci95"][1]


def test_a_class_is_always_kept_where_no_cell_loses_it() -> None:
    one, other = Cell("jump", 9, 2), Cell("jump", 5, 2)
    seeds = np.arange(SEEDS)
    made = curves({one: found_at(0.5, kept=seeds > 9), other: found_at(0.5, kept=seeds < 30)})
    assert made.always_kept([one, other])["value"] == 0.5
    assert made.always_kept([one])["value"] == 0.75


def test_what_fails_after_the_shortest_rest_is_unrestored() -> None:
    rests = {Cell("relax", 9, 3, nb, r): ssim for nb, r, ssim in ((2, 0, 0.5), (2, 4, 0.9), (3, 0, 0.9), (3, 4, 0.1))}
    assert curves(rests).unrestored("zeros") == {2}


def test_a_difference_is_paired_by_seed() -> None:
    one, other = Cell("jump", 9, 2), Cell("jump", 5, 2)
    number = curves({one: 0.5, other: 0.9}).difference([other], [one])
    assert number["value"] == pytest.approx(0.4)
    assert number["ci95"] == pytest.approx([0.4, 0.4]), "what the seeds have in common drops out"
    two = curves({one: 0.5, other: 0.9}).difference([other, one], [one], "psnr")
    assert two["value"] == pytest.approx(0)
    over = curves({one: 0.5}).over_threshold(one)
    assert over["value"] == pytest.approx(-0.3)
    assert over["ci95"][0] < over["value"] < over["ci95"][1]


def test_tables_hold_every_cell_and_every_seed() -> None:
    one, other = Cell("jump", 9, 2), Cell("blocks", 5, 2, 3, fill="cache")
    made = curves({one: found_at(0.5, kept=np.ones(SEEDS, bool)), other: found_at(0.9, kept=np.zeros(SEEDS, bool))})
    rows = made.per_seed(np.arange(SEEDS) + 100)
    assert list(rows.columns) == ["cell", "seed", "ssim", "likeness", "psnr", "kept"]
    assert rows.groupby("cell").seed.agg(["min", "max", "count"]).values.tolist() == [[100, 139, 40]] * 2
    assert rows.set_index(["cell", "seed"]).ssim[one.name, 107] == pytest.approx(0.5 + SPREAD[7])
    table = made.table({9: -4.0, 5: 3.0}).set_index("cell")
    assert table.loc[other.name, ["sweep", "start", "n", "parts", "fill"]].tolist() == ["blocks", 5, 2, 3, "cache"]
    assert table.snr_db.tolist() == [-4, 3]
    assert table.ssim.tolist() == pytest.approx([0.5, 0.9])
    assert table.kept.tolist() == [1, 0]
    assert ((table.ssim_low < table.ssim) & (table.ssim < table.ssim_high)).all()
    assert (table.n_seeds == SEEDS).all()
    assert not pd.isna(table).any(axis=None)

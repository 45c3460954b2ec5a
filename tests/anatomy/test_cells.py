"""What the sweeps try is sound, named apart, and within the sampling loop."""

from itertools import pairwise

import pytest

from pipeline.anatomy import cells
from pipeline.anatomy.cells import Cell
from pipeline.anatomy.interventions import plan
from pipeline.anatomy.sweep import leaves_at

GRID = {
    "starts": "all",
    "phase_starts": "all",
    "jumps": [1, 2, 5, 10, 25],
    "length": 5,
    "skips": 3,
    "single_skips": True,
    "blocks": "all",
    "fills": ["zeros", "cache"],
    "durations": [1, 5, 12],
    "relaxations": [0, 1, 10],
}
STEPS, BLOCKS = 25, 12


@pytest.fixture
def grid(chosen) -> list[Cell]:
    """Every cell of a large grid, as if every number of blocks were redundant early and late."""
    params = chosen(**GRID)
    made = list(cells.first(params, STEPS, BLOCKS))
    for start in (24, 15, 7):
        own = dict.fromkeys(range(1, BLOCKS + 1), start)
        made += cells.durations(params, own)
        made += cells.relaxations(params, own, {nb: 1 + nb % 5 for nb in own}, STEPS)
    return list(dict.fromkeys(made))


def test_names_tell_cells_apart(grid) -> None:
    assert len(grid) > 1000
    assert {cell.sweep for cell in grid} == {"jump", "end", "skips", "skip", "blocks", "duration", "relax"}
    assert len({cell.name for cell in grid}) == len(grid)


def test_every_cell_has_a_plan(grid) -> None:
    untouched = plan([], STEPS, BLOCKS)
    for cell in grid:
        left = leaves_at(plan(cell.intervention, STEPS, BLOCKS), untouched)
        assert left == (None if cell.sweep == "jump" and cell.n == 1 else cell.start), cell.name


def test_cells_of_blocks_and_skips_leave_out_what_they_say(grid) -> None:
    for cell in grid:
        without = {a.k: (a.blocks, a.skips, a.fill) for a in plan(cell.intervention, STEPS, BLOCKS) if not a.whole}
        here = set(range(cell.start, cell.start - cell.n, -1))
        if cell.sweep == "relax":
            here |= {k - cell.n - cell.r for k in here}
        if cell.sweep in ("blocks", "duration", "relax"):
            assert without == dict.fromkeys(here, (cell.parts, frozenset(), cell.fill)), cell.name
        elif cell.sweep == "skips":
            assert without == dict.fromkeys(here, (0, frozenset(range(1, cell.parts + 1)), cell.fill)), cell.name
        elif cell.sweep == "skip":
            assert without == dict.fromkeys(here, (0, frozenset({cell.parts}), cell.fill)), cell.name
        else:
            assert without == {}, cell.name


def test_jumps_and_ends_lead_where_they_say() -> None:
    jumped = plan(Cell("jump", 20, 10).intervention, STEPS, BLOCKS)
    assert [(a.k, a.after) for a in jumped][5:7] == [(20, 10), (10, 9)]
    assert plan(Cell("jump", 20, 1).intervention, STEPS, BLOCKS) == plan([], STEPS, BLOCKS)
    ended = plan(Cell("end", 20).intervention, STEPS, BLOCKS)
    assert (ended[-1].k, ended[-1].after, ended[-1].ends) == (20, 0, True)


def test_nothing_is_taken_from_the_cache_at_the_first_step(grid) -> None:
    cached = [cell for cell in grid if cell.fill == "cache"]
    assert max(cell.start for cell in cached) == STEPS - 1
    assert {cell.start for cell in cached} == {cell.start for cell in grid if cell.sweep == "blocks"} - {STEPS}


@pytest.mark.parametrize(("count", "steps", "length"), [(8, 50, 5), (3, 8, 2), (12, 10, 4), (50, 50, 1), (4, 6, 9)])
def test_starts_fall_from_the_first_step_and_leave_room(count: int, steps: int, length: int) -> None:
    found = cells.starts(count, length, steps)
    assert found == sorted(set(found), reverse=True)
    assert (found[0], found[-1]) == (steps, min(length, steps))
    assert len(found) <= count
    gaps = {a - b for a, b in pairwise(found)}
    assert not gaps or max(gaps) - min(gaps) <= 1


def test_all_starts_are_all_steps() -> None:
    assert cells.starts("all", 2, 7) == [7, 6, 5, 4, 3, 2, 1]


def test_every_start_of_a_given_number_can_be_cut_and_jumped_from(chosen) -> None:
    made = list(cells.first(chosen(starts=3, jumps=[1, 2], length=2, single_skips=True), 8, 4))
    for start in cells.starts(3, 2, 8):
        here = [cell for cell in made if cell.start == start]
        fills = 1 if start == 8 else 2
        assert {cell.sweep: sum(c.sweep == cell.sweep for c in here) for cell in here} == {
            "end": 1,
            "jump": 2,
            "skips": fills,
            "skip": 4 * fills,
            "blocks": 2 * fills,
        }


def test_jumps_of_the_usual_length_have_starts_of_their_own(chosen) -> None:
    made = list(cells.first(chosen(starts=3, phase_starts=5, jumps=[1, 2, 4], length=2), 10, 4))
    at = {n: [cell.start for cell in made if cell.sweep == "jump" and cell.n == n] for n in (1, 2, 4)}
    assert at == {1: [10, 6, 2], 2: [10, 8, 6, 4, 2], 4: [10, 6]}
    assert [cell.start for cell in made if cell.sweep == "blocks" and cell.parts == 1 and cell.fill == "zeros"] == at[1]
    assert {cell.start for cell in made if cell.sweep == "end"} == set(at[2])


def test_jumps_draw_what_is_asked_for(chosen) -> None:
    made = list(cells.first(chosen(jump_noise="step"), 8, 4))
    jumps = {cell.n: cell for cell in made if cell.sweep == "jump" and cell.start == 8}
    assert {n: plan(cell.intervention, 8, 4)[0].noise for n, cell in jumps.items()} == {
        1: "whole",
        2: "step",
        3: "step",
    }
    assert jumps[2].name == "jump-0008-n02-step"


def test_durations_fit_below_their_own_start(chosen) -> None:
    made = list(cells.durations(chosen(durations=[1, 3, 8]), {2: 8, 4: 7, 6: 1}))
    assert [(cell.parts, cell.start, cell.n) for cell in made] == [
        (2, 8, 1), (2, 8, 3), (2, 8, 8), (4, 7, 1), (4, 7, 3), (6, 1, 1),
    ]  # fmt: skip


def test_rests_leave_room_for_the_second_cut(chosen) -> None:
    own, most = {2: 12, 4: 10, 6: 3}, {2: 3, 4: 3, 6: 2}
    made = list(cells.relaxations(chosen(relaxations=[0, 1, 5, 6, 9]), own, most, 12))
    assert [(cell.parts, cell.start, cell.n, cell.r) for cell in made] == [
        (2, 12, 3, 0), (2, 12, 3, 1), (2, 12, 3, 5), (2, 12, 3, 6), (4, 10, 3, 0), (4, 10, 3, 1),
        (6, 3, 1, 0), (6, 3, 1, 1),
    ]  # fmt: skip
    assert all(plan(cell.intervention, 12, 6)[-1].k == 1 for cell in made)


def test_cuts_around_a_rest_are_a_quarter_of_the_steps_at_most(chosen) -> None:
    def lengths(most: int, steps: int) -> set[int]:
        return {cell.n for cell in cells.relaxations(chosen(relaxations=[0]), {2: steps}, {2: most}, steps)}

    assert (lengths(12, 16), lengths(4, 16), lengths(2, 16), lengths(2, 3)) == ({4}, {4}, {2}, {1})


def test_two_cuts_leave_room_for_a_rest_of_a_fifth_of_the_steps(chosen) -> None:
    made = list(cells.relaxations(chosen(relaxations=[0, 10]), {2: 26}, {2: 12}, 50))
    assert [(cell.n, cell.r) for cell in made] == [(8, 0), (8, 10)]


@pytest.mark.parametrize("fills", [["zeros", "cache"], ["cache", "zeros"], ["cache"]])
def test_durations_and_rests_have_the_fill_that_own_starts_are_of(chosen, fills: list[str]) -> None:
    params = chosen(fills=fills)
    made = [*cells.durations(params, {2: 5}), *cells.relaxations(params, {2: 5}, {2: 1}, 8)]
    assert {cell.fill for cell in made} == {fills[0]}


def test_a_cell_is_a_row(chosen) -> None:
    row = Cell("relax", 9, 2, 3, 1).as_dict()
    assert row == {"cell": "relax-03-0009-n02-r01", "sweep": "relax", "start": 9, "n": 2, "parts": 3, "r": 1,
                   "fill": "zeros", "noise": "whole"}  # fmt: skip

"""An intervention is what the list says, or one sentence."""

import pytest

from pipeline.anatomy.interventions import Action, parse, plan
from pipeline.errors import UserError

STEPS, BLOCKS = 8, 4


def planned(*removals: dict) -> tuple[Action, ...]:
    return plan(parse(list(removals)), STEPS, BLOCKS)


def cut(start: int, count: int = 1, number: int = 2, **more: object) -> dict:
    return {"remove": "blocks", "start": start, "count": count, "number": number, **more}


def jump(start: int, count: int) -> dict:
    return {"remove": "steps", "start": start, "count": count}


def unskipped(start: int, numbers: list[int], count: int = 1, **more: object) -> dict:
    return {"remove": "skips", "start": start, "count": count, "numbers": numbers, **more}


BAD = {
    "not a list": (3, "the whole is 3"),
    "no kind": ([{"start": 3, "count": 1}], r"0 is \{'count': 1, 'start': 3"),
    "unknown kind": ([{"remove": "time", "start": 3, "count": 1}], "'blocks', 'skips', 'rest'"),
    "unknown key": ([jump(3, 1) | {"number": 2}], r"0\.steps\.number is 2"),
    "key of another kind": ([{"remove": "rest", "start": 3, "count": 2}], r"0\.rest\.count is 2"),
    "missing": ([{"remove": "steps", "start": 3}], "0.steps.count"),
    "word for a number": ([jump(3, 1) | {"start": "3"}], r"0\.steps\.start is '3'"),
    "yes for a number": ([jump(3, True)], r"0\.steps\.count is True"),
    "step 0": ([jump(0, 1)], "greater than or equal to 1"),
    "no steps": ([cut(3, 0)], "greater than or equal to 1"),
    "no blocks": ([cut(3, number=0)], "greater than or equal to 1"),
    "no skips": ([unskipped(3, [])], "at least 1 item"),
    "skip 0": ([unskipped(3, [1, 0])], r"0\.skips\.numbers\.1 is 0"),
    "unknown fill": ([jump(3, 1), cut(3, fill="ones")], r"1\.blocks\.fill is 'ones'.*'zeros' or 'cache'"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_unsound_is_one_sentence(case: str) -> None:
    values, said = BAD[case]
    with pytest.raises(UserError, match=said) as refused:
        parse(values)
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("intervention: ")


TOGETHER = {
    "past the last step": ([cut(2, 3)], "steps 2 to 0 are removed from, but the sampling loop has steps 8 to 1"),
    "a jump past the last step": ([jump(3, 4)], "steps 3 to 0"),
    "before the first step": ([{"remove": "rest", "start": 9}], "steps 9 to 9"),
    "blocks that are not there": ([cut(3, number=5)], "part 5 is removed, but the network has 4"),
    "skips that are not there": ([unskipped(3, [1, 5])], "part 5 is removed, but the network has 4"),
    "a cut within a jump": ([jump(6, 3), cut(5, 2)], "blocks removed from step 5 on change nothing"),
    "a jump after the end": ([{"remove": "rest", "start": 6}, jump(4, 2)], "steps removed from step 4 on"),
    "an end that is jumped over": ([jump(8, 5), {"remove": "rest", "start": 5}], "rest removed from step 5 on"),
    "two jumps from one step": ([jump(5, 2), jump(5, 3)], "step 5 is the start of two removals of steps"),
    "an end and a jump": ([{"remove": "rest", "start": 5}, jump(5, 3)], "step 5 is the start of two"),
    "a jump and an end": ([jump(5, 3), {"remove": "rest", "start": 5}], "step 5 is the start of two"),
    "two cuts at a step": ([cut(6, 3), cut(4, number=1)], "step 4 has two removals of blocks"),
    "zeros and cache": ([cut(4), unskipped(4, [1], fill="cache")], "step 4 .* zeros and by their cache at once"),
    "cache at the first step": ([cut(8, fill="cache")], "step 8 takes the cache of a part that no earlier step"),
    "cached skip at the first step": ([unskipped(8, [1], fill="cache")], "step 8 takes the cache"),
    "cache of a block that was always out": ([cut(8, 2), cut(6, fill="cache")], "step 6 takes the cache"),
    "cache of a block beneath": ([cut(8, 2, 3), cut(6, number=2, fill="cache")], "step 6 takes the cache"),
    "cache of a skip that was always out": (
        [unskipped(8, [1, 2], 3), unskipped(5, [2], fill="cache")],
        "step 5 takes the cache",
    ),
    "cache of a skip beneath the cut": (
        [cut(8, 3, number=2), unskipped(5, [3], fill="cache")],
        "step 5 takes the cache",
    ),
    "cache of a step jumped over": ([cut(8), jump(8, 2), cut(6, fill="cache")], "step 6 takes the cache"),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_what_cannot_be_done_is_one_sentence(case: str) -> None:
    removals, said = TOGETHER[case]
    with pytest.raises(UserError, match=said) as refused:
        planned(*removals)
    assert "\n" not in str(refused.value)


def test_nothing_removed_is_every_step_in_turn() -> None:
    assert planned() == tuple(Action(k, k - 1) for k in range(8, 0, -1))
    assert all(action.whole for action in planned())


def test_a_jump_leads_past_the_steps_it_covers() -> None:
    assert [(a.k, a.after) for a in planned(jump(6, 3))] == [(8, 7), (7, 6), (6, 3), (3, 2), (2, 1), (1, 0)]
    assert [(a.k, a.after) for a in planned(jump(3, 3))][-1] == (3, 0)
    assert not any(a.ends for a in planned(jump(3, 3))), "equation 4 to the clean image, with no noise left to add"
    assert planned(jump(6, 1)) == planned()


def test_the_rest_removed_ends_at_its_step() -> None:
    steps = planned({"remove": "rest", "start": 3})
    assert [a.k for a in steps] == [8, 7, 6, 5, 4, 3]
    assert [a.ends for a in steps] == [False] * 5 + [True]
    assert steps[-1].after == 0


def test_cut_relax_cut_is_two_cuts_around_whole_steps() -> None:
    steps = planned(cut(7, 2, 3), cut(3, 2, 3))
    assert [a.blocks for a in steps] == [0, 3, 3, 0, 0, 3, 3, 0]
    assert [a.whole for a in steps] == [True, False, False, True, True, False, False, True]
    assert [a.after for a in steps] == list(range(7, -1, -1))


def test_blocks_skips_jumps_and_an_end_go_together() -> None:
    steps = planned(
        jump(7, 2),
        cut(5, 2, 1, fill="cache"),
        unskipped(5, [1], fill="cache"),
        unskipped(5, [2, 3], fill="cache"),
        {"remove": "rest", "start": 4},
    )
    assert steps == (
        Action(8, 7),
        Action(7, 5),
        Action(5, 4, 1, frozenset({1, 2, 3}), "cache"),
        Action(4, 0, 1, frozenset(), "cache", ends=True),
    )


def test_what_a_smaller_cut_computed_may_be_taken_from_the_cache() -> None:
    assert planned(cut(8, number=1), cut(7, fill="cache"))[1].fill == "cache"
    assert planned(cut(8, number=2), unskipped(7, [2], fill="cache"))[1].skips == {2}
    assert planned(unskipped(8, [1]), unskipped(7, [2], fill="cache"))[1].skips == {2}

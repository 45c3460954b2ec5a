"""The search finds what trying everything finds, and what it finds holds on more seeds."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.anatomy import shortcuts
from pipeline.anatomy.interventions import Action, Plan, parse, plan
from pipeline.anatomy.shortcuts import Candidate
from pipeline.anatomy.sweep import Loop
from pipeline.judges import similarity
from pipeline.params import Shortcut

SHORTCUT = {
    "run": True,
    "search": 2,
    "learn": 6,
    "report": 4,
    "qualities": [0.8],
    "distance": 1.1,
    "blocks": [1, 3],
    "cuts": [1, 2],
    "rests": [0, 1],
    "fewer": [3],
    "intervals": [2],
    "search_batch_size": 3,
    "batch_size": 4,
}
SEEDS = np.arange(3) + 40
Ends = dict[Plan, tuple[int, float]]


def chosen(**difference: object) -> Shortcut:
    return Shortcut(**{**SHORTCUT, **difference})


def wanted(steps: int, **difference: object) -> list[list[dict]]:
    return list(shortcuts.schedules(chosen(**difference), steps))


@pytest.fixture
def toy(variant) -> Callable[..., Loop]:
    """toy(timesteps, sampler="ddpm", seed=0): a loop over a tiny subject, four images at a time."""
    return lambda timesteps, sampler="ddpm", seed=0: Loop(variant(seed=seed), timesteps, sampler, True, 4)


def untouched(loop: Loop, seeds: np.ndarray = SEEDS) -> np.ndarray:
    return loop.subject.images(loop.final(loop.untouched, seeds, seeds % 3))


def found(loop: Loop, some: list[list[dict]], quality: float = 1.0, seeds: np.ndarray = SEEDS) -> list[Candidate]:
    return shortcuts.search(loop, some, seeds, seeds % 3, untouched(loop, seeds), [quality])


def ends(loop: Loop, some: list[list[dict]]) -> list[Plan]:
    """Every schedule, ended at every step."""
    plans = [plan(parse(each), loop.steps, loop.blocks) for each in some]
    return list(dict.fromkeys((*p[:i], replace(p[i], after=0, ends=True)) for p in plans for i in range(len(p))))


def multiply_adds(loop: Loop, steps: Plan) -> int:
    return sum(loop.multiply_adds(action) for action in steps)


def likeness(loop: Loop, steps: Plan, same: np.ndarray) -> float:
    """Of the images that a plan run alone ends with to the untouched ones."""
    drawn = loop.subject.images(loop.final(steps, SEEDS, SEEDS % 3))
    return float(similarity.ssim(drawn, same).mean())


def best(alone: Ends) -> Ends:
    """The ends that none beats: another is no dearer and no less alike, and cheaper or more alike."""

    def beaten(cost: int, ssim: float) -> bool:
        return any(c <= cost and s >= ssim and (c, s) != (cost, ssim) for c, s in alone.values())

    kept = {steps: values for steps, values in alone.items() if not beaten(*values)}
    return dict(sorted(kept.items(), key=lambda item: item[1]))


SIX = [900, 722, 544, 366, 188, 10]
SEVEN = [900, 751, 603, 455, 306, 158, 10]


@pytest.mark.parametrize(("rests", "blocks"), [([0, 2], [1, 2]), ([1], []), ([0], [4])])
@pytest.mark.parametrize("steps", [1, 2, 7, 100])
def test_every_schedule_has_a_plan_and_no_cut_is_one_of_them(steps: int, rests: list[int], blocks: list[int]) -> None:
    some = wanted(steps, cuts=[1, 3], rests=rests, blocks=blocks)
    assert [] in some
    resting = sum(r > 0 for r in rests)
    jumps = len(rests)  # of three steps: a cut of one step is none
    assert len(some) == 1 + jumps + 2 * (len(rests) + resting) * len(blocks)
    for each in some:
        planned = plan(parse(each), steps, 4)
        assert not (planned[0].fill == "cache" and not planned[0].whole), "nothing is kept yet"
        assert not planned[-1].ends
    caches = [each for each in some if any(cut.get("fill") == "cache" for cut in each)]
    assert len(caches) == (2 * resting * len(blocks) if steps > 1 else 0)


def test_schedules_cut_and_rest_in_turn_from_the_first_step_to_the_last() -> None:
    jumps, zeros, cached = (
        plan(parse(each), 10, 4) for each in wanted(10, cuts=[3], rests=[2], blocks=[2]) if each != []
    )
    assert [action.k for action in jumps] == [10, 7, 6, 5, 2, 1]
    assert all(action.whole for action in jumps)
    for planned, at in ((zeros, [10, 9, 8, 5, 4, 3]), (cached, [9, 8, 7, 4, 3, 2])):
        assert [action.k for action in planned] == list(range(10, 0, -1))
        assert {action.k: action.blocks for action in planned if not action.whole} == dict.fromkeys(at, 2)
    assert {action.fill for action in zeros} == {"zeros"}
    assert {action.fill for action in cached if not action.whole} == {"cache"}
    shortened = plan(parse(wanted(6, cuts=[3], rests=[2], blocks=[])[1]), 6, 4)
    assert [(action.k, action.after) for action in shortened] == [(6, 3), (3, 2), (2, 1), (1, 0)]


def test_the_search_finds_what_trying_every_end_of_every_schedule_finds(toy) -> None:
    loop, some = toy(SIX), wanted(6)
    same = untouched(loop)
    alone = {steps: (multiply_adds(loop, steps), likeness(loop, steps, same)) for steps in ends(loop, some)}
    assert len(alone) > 50
    front, expected = found(loop, some), best(alone)
    assert len(expected) > 8
    kinds = {(a.blocks, a.fill, a.k - a.after > 1) for steps in expected for a in steps if not a.ends}
    assert len(kinds) > 4, "of cuts, among the best"
    whole = 6 * loop.multiply_adds(loop.untouched[0])
    assert [each.cost for each in front] == pytest.approx([cost / whole for cost, _ in expected.values()], rel=1e-12)
    assert [each.ssim for each in front] == pytest.approx([ssim for _, ssim in expected.values()], abs=1e-5)
    for each in front:
        assert plan(each.intervention, 6, loop.blocks) == each.steps
        assert each.steps[-1].ends
        assert alone[each.steps] == (pytest.approx(each.cost * whole), pytest.approx(each.ssim, abs=1e-5))


@pytest.mark.parametrize("sampler", ["ddim", "ddpm"])
def test_the_dearer_is_the_more_alike(toy, sampler: str) -> None:
    front = found(toy(SIX, sampler), wanted(6, blocks=[2], cuts=[2]))
    assert len(front) > 4
    assert all(before.cost < after.cost and before.ssim < after.ssim for before, after in pairwise(front))
    assert front[-1].cost <= 1
    assert front[-1].ssim == 1


def test_of_ends_that_cost_the_same_the_most_alike_is_kept(toy) -> None:
    loop = toy(SEVEN, seed=1)
    front = found(loop, wanted(7, blocks=[1, 2], cuts=[2, 3], rests=[1, 2]))
    exact = [multiply_adds(loop, each.steps) for each in front]
    assert len(front) > 10
    assert all(before < after for before, after in pairwise(exact))


@pytest.mark.parametrize("quality", [0.75, 0.9, 0.97])
def test_what_is_given_up_is_dearer_than_the_first_well_above_the_quality(toy, quality: float) -> None:
    loop, some, told = toy(SIX), wanted(6, blocks=[3]), dict[float, int]()

    def so_far(asked: float) -> list[Candidate]:
        counted: list[int] = []
        loop.called = counted.append
        front = found(loop, some, asked)
        told[asked] = sum(counted)
        reached = next(i for i, each in enumerate(front) if each.ssim >= (1 + quality) / 2)
        return front[: reached + 1]

    everything, pruned = so_far(1.0), so_far(quality)
    assert [each.steps for each in pruned] == [each.steps for each in everything]
    assert [each.ssim for each in pruned] == pytest.approx([each.ssim for each in everything], abs=1e-5)
    assert told[quality] < told[1.0]


def test_what_schedules_have_in_common_is_computed_once(toy) -> None:
    loop, some = toy(SIX), wanted(6, blocks=[3])
    same = untouched(loop)
    counted: list[int] = []
    loop.called = counted.append
    shortcuts.search(loop, some, SEEDS, SEEDS % 3, same, [1.1])
    calls = {(steps[:-1], steps[-1].k, steps[-1].blocks, steps[-1].fill) for steps in ends(loop, some)}
    assert sum(counted) == len(SEEDS) * len(calls)


def test_a_search_finds_the_same_twice(toy) -> None:
    some = wanted(6, blocks=[2], cuts=[2])
    assert found(toy(SIX), some) == found(toy(SIX), some)


def test_giving_up_early_makes_no_learnt_schedule_dearer(toy) -> None:
    loop, seeds, some = toy(SEVEN, seed=3), np.arange(6) + 30, wanted(7)
    params, few = chosen(qualities=[0.9]), np.arange(2) + 30
    cheapest = [
        shortcuts.learnt(loop, found(loop, some, quality, few), seeds, seeds % 3, untouched(loop, seeds), params, None)
        for quality in (0.9, 1.0)
    ]
    assert cheapest[0]["ssim-0.9"].cost <= cheapest[1]["ssim-0.9"].cost


def test_all_schedules_are_tried_on_the_first_seeds_alone(toy, monkeypatch) -> None:
    loop, seeds, searched, own = toy(SIX), np.arange(6) + 30, [], shortcuts.search
    monkeypatch.setattr(shortcuts, "search", lambda *given: searched.append(given[2].tolist()) or own(*given))
    front, learnt = shortcuts.find(loop, chosen(search=2), seeds, seeds % 3, None)
    assert searched == [[30, 31]]
    again = found(toy(SIX), wanted(6), 0.8, seeds[:2])
    assert [each.steps for each in front] == [each.steps for each in again]
    for each in learnt.values():
        drawn = loop.subject.images(loop.final(each.steps, seeds, seeds % 3))
        assert each.ssim == pytest.approx(similarity.ssim(drawn, untouched(loop, seeds)).mean()), "of all seeds"


RNG = np.random.default_rng(0)
REAL = RNG.integers(0, 256, (6, 8, 8, 1), dtype=np.uint8)
NOISE = RNG.normal(size=REAL.shape)


class Drawn:
    """A loop whose plans give images with so much noise; front: an end for each, with an SSIM that the search stated;
    the first is the cheapest."""

    def __init__(self, spreads: list[float], stated: list[float] | None = None):
        self.drawn: list[int] = []
        self.images = [(REAL + spread * NOISE).clip(0, 255).astype(np.uint8) for spread in spreads]
        self.ssim = [float(similarity.ssim(images, REAL).mean()) for images in self.images]
        self.subject = SimpleNamespace(images=lambda x: x)
        self.front = [
            Candidate([], (Action(place + 1, 0, ends=True),), (place + 1) / 10, ssim)
            for place, ssim in enumerate(stated or self.ssim)
        ]

    def final(self, steps: Plan, _seeds: np.ndarray, _labels: np.ndarray) -> np.ndarray:
        self.drawn.append(steps[0].k - 1)
        return self.images[steps[0].k - 1]

    def learnt(self, qualities: list[float], distances: list[float] | None = None) -> dict[str, Candidate]:
        """distances: of the ends' images to the real ones; the untouched images' is 2."""

        def distance(images: np.ndarray) -> float:
            if images is REAL:
                return 2.0
            return next(d for d, own in zip(distances or [], self.images, strict=True) if own is images)

        params = chosen(qualities=qualities, distance=1.5)
        return shortcuts.learnt(
            self, self.front, SEEDS, SEEDS % 3, REAL, params, distance if distances is not None else None
        )


def test_learnt_is_the_cheapest_that_reaches_each_quality() -> None:
    loop = Drawn([90, 60, 30, 10])
    assert all(before < after for before, after in pairwise(loop.ssim))
    between = [(before + after) / 2 for before, after in pairwise(loop.ssim)]
    learnt = loop.learnt([between[0], between[2], loop.ssim[2], (1 + loop.ssim[3]) / 2])
    assert list(learnt) == [f"ssim-{quality:g}" for quality in (between[0], between[2], loop.ssim[2])]
    assert [each.cost for each in learnt.values()] == [0.2, 0.4, 0.3]
    assert [each.ssim for each in learnt.values()] == [loop.ssim[1], loop.ssim[3], loop.ssim[2]]
    assert all(loop.drawn.count(place) <= 1 for place in range(4)), "an end is drawn once"


def test_likeness_counts_on_the_seeds_of_learning_and_not_of_the_search() -> None:
    loop = Drawn([90, 60, 30, 10])
    quality = (loop.ssim[1] + loop.ssim[2]) / 2
    stated = [0.1, quality + 0.01, quality + 0.02, quality + 0.03]
    assert Drawn([90, 60, 30, 10], stated).learnt([quality])[f"ssim-{quality:g}"].cost == 0.3
    near = [0.1, 0.2, quality - 0.9 * shortcuts.SLACK, quality + 0.03]
    assert Drawn([90, 60, 30, 10], near).learnt([quality])[f"ssim-{quality:g}"].cost == 0.3, "it just missed it"
    far = [0.1, 0.2, quality - 1.1 * shortcuts.SLACK, quality + 0.03]
    kept = Drawn([90, 60, 30, 10], far)
    assert kept.learnt([quality])[f"ssim-{quality:g}"].cost == 0.4
    assert kept.drawn == [3], "hopeless ends are not tried"
    assert Drawn([90, 60], [0.9, 0.9]).learnt([0.9]) == {}


@pytest.mark.parametrize(
    ("distances", "cost"),
    [
        ([9, 9, 2.9, 2.1], 0.3),
        ([2, 9, 2.9, 2.1], 0.3),  # a cheap one that is near by chance does not count
        ([1, 1, 3, 3], 0.1),
        ([1, 1, 1, 3.1], None),
    ],
)
def test_distance_goes_from_the_most_alike_end_down_to_the_first_that_is_too_far(
    distances: list[float], cost: float | None
) -> None:
    loop = Drawn([90, 60, 30, 10], [0.5, 0.6, 0.7, 0.8])
    found = loop.learnt([0.99], distances)
    assert {name: each.cost for name, each in found.items()} == ({} if cost is None else {"distance": cost})
    if cost:
        assert found["distance"].ssim == loop.ssim[round(10 * cost) - 1]
    assert "distance" not in Drawn([90, 60, 30, 10]).learnt([0.99])

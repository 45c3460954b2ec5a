"""Every method costs and gives what it says, and is timed beside the untouched loop."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from pipeline.anatomy import comparison
from pipeline.anatomy.comparison import AGAIN, FEWER, UNTOUCHED, Method
from pipeline.anatomy.interventions import parse, plan
from pipeline.anatomy.shortcuts import Candidate
from pipeline.anatomy.sweep import Loop
from pipeline.diffusion.subject import Subject
from pipeline.params import Shortcut

# diffusers' DPM-Solver makes numpy arrays of tensors as numpy 1 did
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

TIMESTEPS = [990, 810, 590, 400, 210, 20]
SHORTCUT = {
    "search": 2, "learn": 6, "report": 5, "qualities": [0.5], "distance": 1.1, "blocks": [2], "cuts": [2],
    "rests": [1],
    "fewer": [2, 5, 6, 9], "intervals": [2, 3, 7], "search_batch_size": 4, "batch_size": 4, "run": True,
}  # fmt: skip
FOUND = {
    "ssim-0.5": [{"remove": "blocks", "start": 5, "count": 4, "number": 3, "fill": "cache"}],
    "distance": [{"remove": "steps", "start": 5, "count": 2}, {"remove": "rest", "start": 2}],
}
ONE_OF_EACH = [
    UNTOUCHED, AGAIN, "source, cache", "found, ssim-0.5", "found, distance", "DDPM, 2 steps", "DDIM, 5 steps",
    "DPM-Solver++, 2 steps", "DeepCache uniform, 2 blocks, 1 in 3",
    "DeepCache non-uniform, 1 blocks, 1 in 2",
]  # fmt: skip
SEEDS = np.arange(5) + 40


def loop_over(subject: Subject, sampler: str = "ddpm", batch_size: int = 4) -> Loop:
    return Loop(subject, TIMESTEPS, sampler, True, batch_size)


def methods(loop: Loop, **difference: object) -> dict[str, Method]:
    """By name, with two schedules found that cost a half and two thirds of the untouched loop."""
    found = {}
    for name, values in FOUND.items():
        intervention = parse(values)
        steps = plan(intervention, loop.steps, loop.blocks)
        cost = sum(map(loop.multiply_adds, steps)) / (6 * loop.multiply_adds(loop.untouched[0]))
        found[name] = Candidate(intervention, steps, cost, 0.5)
    made = comparison.methods(loop, Shortcut(**{**SHORTCUT, **difference}), found)
    assert len({method.name for method in made}) == len(made), "names are unique"
    return {method.name: method for method in made}


def test_all_ways_are_there_and_those_that_cost_what_was_found(variant) -> None:
    assert list(methods(loop_over(variant()))) == [
        "untouched", "untouched, again", "source, zeros", "source, cache", "found, ssim-0.5", "found, distance",
        "DDPM, 5 steps", "DDPM, 4 steps", "DDPM, 3 steps", "DDPM, 2 steps",
        "DDIM, 6 steps", "DDIM, 5 steps", "DDIM, 2 steps",
        "DPM-Solver++, 6 steps", "DPM-Solver++, 5 steps", "DPM-Solver++, 2 steps",
        "DeepCache uniform, 1 blocks, 1 in 2", "DeepCache uniform, 1 blocks, 1 in 3",
        "DeepCache uniform, 2 blocks, 1 in 2", "DeepCache uniform, 2 blocks, 1 in 3",
        "DeepCache non-uniform, 1 blocks, 1 in 2", "DeepCache non-uniform, 1 blocks, 1 in 3",
        "DeepCache non-uniform, 2 blocks, 1 in 2", "DeepCache non-uniform, 2 blocks, 1 in 3",
    ]  # fmt: skip


def test_names_are_unique_whatever_is_asked_for_twice(variant) -> None:
    asked = {"fewer": [3, 3, 4], "intervals": [2, 2], "blocks": [1, 2, 2]}
    assert "DeepCache uniform, 1 blocks, 1 in 2" in methods(loop_over(variant()), **asked)


@pytest.mark.parametrize("sampler", ["ddpm", "ddim"])
def test_another_sampler_gives_other_images(variant, sampler: str) -> None:
    made = methods(loop_over(variant(), sampler))
    families = {"untouched", "source", "found", *FEWER, "DeepCache uniform", "DeepCache non-uniform"}
    assert {method.family for method in made.values()} == families
    own = {"ddpm": "DDPM", "ddim": "DDIM"}[sampler]
    assert {method.family for method in made.values() if not method.alike} == set(FEWER) - {own}
    assert all(method.calls < 6 or not method.alike for method in made.values() if method.family in FEWER)


def test_the_untouched_loop_is_there_twice_and_is_one_schedule(variant) -> None:
    loop = loop_over(variant())
    made = methods(loop)
    again, untouched = made[AGAIN], made[UNTOUCHED]
    assert (again.calls, again.multiply_adds) == (untouched.calls, untouched.multiply_adds)
    assert torch.equal(again.run(SEEDS, SEEDS % 3), untouched.run(SEEDS, SEEDS % 3))
    assert again.intervention is None


def test_methods_cost_what_they_say(variant) -> None:
    loop = loop_over(variant(), batch_size=1)
    calls: list[int] = []
    loop.called = calls.append
    made = methods(loop)
    for method in map(made.get, ONE_OF_EACH):
        calls.clear()
        with FlopCounterMode(display=False) as counter:
            method.run(SEEDS[:1], SEEDS[:1] % 3)
        assert sum(calls) == method.calls, method.name
        assert counter.get_total_flops() // 2 == method.multiply_adds, method.name
    whole = loop.multiply_adds(loop.untouched[0])
    assert (made[UNTOUCHED].calls, made[UNTOUCHED].multiply_adds) == (6, 6 * whole)
    assert (made["DDIM, 5 steps"].calls, made["DDIM, 5 steps"].multiply_adds) == (5, 5 * whole)
    assert (made["found, distance"].calls, made["found, distance"].multiply_adds) == (4, 4 * whole)
    for name in ("found, ssim-0.5", "DeepCache uniform, 1 blocks, 1 in 3"):
        assert made[name].calls == 6
        assert 2 * whole < made[name].multiply_adds < 6 * whole


def test_measuring_changes_no_image_and_times_every_batch(variant) -> None:
    loop = loop_over(variant())
    made = methods(loop)
    images, times = comparison.measure(loop, [made[name] for name in ONE_OF_EACH], SEEDS, SEEDS % 3)
    assert list(images) == ONE_OF_EACH
    for name in ONE_OF_EACH:
        assert (images[name].shape, images[name].dtype) == ((5, 8, 8, 1), np.uint8)
        for batch in (slice(4), slice(4, 5)):
            own = np.resize(SEEDS[batch], 4)
            alone = loop.subject.images(made[name].run(own, own % 3))
            np.testing.assert_array_equal(images[name][batch], alone[: len(SEEDS[batch])], err_msg=name)
    ratios = times.pivot(index="batch", columns="method", values="ratio")
    assert ratios.shape == (2, len(ONE_OF_EACH))
    assert (ratios > 0).all(axis=None)
    assert (ratios[UNTOUCHED] == 1).all()
    orders = times.groupby("batch").method.agg(tuple)
    assert orders[0] != orders[1], "in another order"
    again = comparison.measure(loop, [made[name] for name in ONE_OF_EACH], SEEDS, SEEDS % 3)[1]
    assert (again.method == times.method).all(), "but the same in every run"


def test_no_network_is_called_for_the_first_time_while_it_is_timed(variant, monkeypatch) -> None:
    loop = loop_over(variant())
    chosen = [method for method in methods(loop).values() if method.intervention is not None]
    called: list[tuple] = []
    own = Loop.call
    monkeypatch.setattr(
        Loop,
        "call",
        lambda self, action, *rest: called.append((action.blocks, action.skips)) or own(self, action, *rest),
    )
    monkeypatch.setattr(comparison, "time", SimpleNamespace(perf_counter=lambda: called.append("clock") or 1.0))
    comparison.measure(loop, chosen, SEEDS, SEEDS % 3)
    before, timed = called[: called.index("clock")], called[called.index("clock") :]
    assert set(timed) == {*before, "clock"}


def test_ratios_are_of_the_time_a_batch_takes(monkeypatch, variant) -> None:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(comparison, "time", SimpleNamespace(perf_counter=lambda: clock.now))

    def taking(seconds: float):
        def run(seeds: np.ndarray, _labels: np.ndarray) -> torch.Tensor:
            clock.now += seconds * (1 + seeds[0])
            return torch.zeros(len(seeds), 1, 8, 8)

        return run

    some = [
        Method(name, family, True, 6, 6, taking(seconds))
        for name, family, seconds in (("untouched", "untouched", 4), ("source, zeros", "source", 1), ("d", "DDIM", 3))
    ]
    loop = loop_over(variant(), batch_size=2)
    images, times = comparison.measure(loop, some, np.arange(5), np.zeros(5, int))
    seconds = times.pivot(index="method", columns="batch", values="seconds")
    assert seconds.loc["untouched"].tolist() == [4, 12, 20]
    assert seconds.loc["d"].tolist() == [3, 9, 15]
    ratios = times.pivot(index="method", columns="batch", values="ratio")
    assert ratios.loc["source, zeros"].tolist() == pytest.approx([1 / 4] * 3)
    assert ratios.loc["d"].tolist() == pytest.approx([3 / 4] * 3)
    assert [len(each) for each in images.values()] == [5, 5, 5]

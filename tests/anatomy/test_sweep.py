"""The tree of plans gives what each plan gives alone, and does shared steps once."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from pipeline.anatomy import parts, sweep
from pipeline.anatomy.interventions import Plan, parse, plan
from pipeline.anatomy.parts import recording
from pipeline.anatomy.sweep import Loop, cached_parts, leaves_at
from pipeline.anatomy.without import Reduced
from pipeline.diffusion import sampling, unet
from pipeline.diffusion.noise import INITIAL, noise
from tests import plain_loop

CUTS = {
    "nothing": [],
    "two steps": [{"remove": "steps", "start": 5, "count": 2}],
    "four steps": [{"remove": "steps", "start": 5, "count": 4}],
    "to the end": [{"remove": "steps", "start": 3, "count": 3}],
    "blocks": [{"remove": "blocks", "start": 4, "count": 2, "number": 2}],
    "more blocks": [{"remove": "blocks", "start": 4, "count": 3, "number": 2}],
    "all blocks": [{"remove": "blocks", "start": 4, "count": 1, "number": 4}],
    "cached blocks": [{"remove": "blocks", "start": 4, "count": 2, "number": 2, "fill": "cache"}],
    "skips": [{"remove": "skips", "start": 3, "count": 3, "numbers": [1, 2]}],
    "cached skip": [{"remove": "skips", "start": 3, "count": 2, "numbers": [1], "fill": "cache"}],
    "early end": [{"remove": "rest", "start": 2}],
    "cached blocks, jump, cached skips": [
        {"remove": "blocks", "start": 5, "count": 2, "number": 1, "fill": "cache"},
        {"remove": "steps", "start": 3, "count": 2},
        {"remove": "skips", "start": 1, "count": 1, "numbers": [2, 3], "fill": "cache"},
    ],
    "cut, relax, cut": [
        {"remove": "blocks", "start": 6, "count": 2, "number": 3},
        {"remove": "blocks", "start": 3, "count": 1, "number": 1},
        {"remove": "rest", "start": 1},
    ],
}


def plans(loop: Loop, *names: str) -> list[Plan]:
    return [plan(parse(CUTS[name]), loop.steps, loop.blocks) for name in names or CUTS]


def tree(loop: Loop, some: list[Plan], seeds: np.ndarray) -> dict[Plan, torch.Tensor]:
    """The plans from the kept steps of the untouched run, a tree for each step that they leave it at."""
    before, at, cache = {}, defaultdict(list), {}
    for moment in loop.walk(loop.untouched, seeds, seeds % 3, cached_parts(some)):
        before[moment.action.k], cache = replace(moment, cache=cache), moment.cache
    for steps in some:
        at[leaves_at(steps, loop.untouched)].append(steps)
    assert set(at.pop(None, [])) <= {loop.untouched}
    found = [pair for k, group in at.items() for pair in loop.branch(before[k], group, seeds, seeds % 3)]
    assert len(dict(found)) == len(found), "each comes once"
    return dict(found)


def by_hand(loop: Loop, steps: Plan, seeds: np.ndarray) -> torch.Tensor:
    """One plan from pure noise, all images at once, with every part's output kept."""
    subject, x = loop.subject, noise(seeds, INITIAL, loop.subject.shape)
    levels = [float(subject.alpha_bar[t]) for t in loop.timesteps] + [1.0]
    forms, labels, cached = parts.forms(subject, len(seeds)), torch.from_numpy(seeds % 3), {}
    units = [*parts.skips(subject.model), *parts.blocks(subject.model)]
    for action in steps:
        t = loop.timesteps[6 - action.k]
        reduced = Reduced(subject.model, action.blocks, action.skips, forms)
        if action.fill == "cache":
            reduced.fill.block = cached.get(f"block_{action.blocks:02d}")
            reduced.fill.skips = {number: cached[f"skip_{number:02d}"] for number in action.skips}
        with torch.inference_mode(), recording(subject.model, units) as recorded:
            out = subject.predict(reduced.network, x, t, labels)
        cached |= {name: tensor for name, tensor in recorded.items() if int(name[-2:]) not in action.skips}
        z = noise(seeds, t + 1, subject.shape) if loop.sampler == "ddpm" else None
        eps, share = unet.halves(out, subject.shape[0])
        x, x0 = sampling.SAMPLERS[loop.sampler](
            x, eps, levels[6 - action.k], levels[6 - action.after], z, loop.clip, share
        )
    return x0 if action.ends else x


def counted(loop: Loop, do: Callable[[], object]) -> int:
    """How many images the network is called on."""
    told: list[int] = []
    loop.called = told.append
    do()
    return sum(told)


def test_an_empty_intervention_is_the_plain_run_bit_for_bit(loop, seeds) -> None:
    subject, some = loop.subject, seeds[: loop.batch_size]
    if subject.words is None:
        denoiser = unet.denoiser(subject.model, subject.prediction, subject.alpha_bar)
    else:

        def denoiser(x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            return subject.predict(subject.model, x, int(t[0]), labels)

    args = subject.device, subject.shape, loop.timesteps, subject.alpha_bar, loop.sampler, loop.clip
    *_, last = plain_loop.steps(denoiser, some, some % 3, *args)
    assert torch.equal(loop.final(loop.untouched, some, some % 3), last.x)
    assert loop.untouched == plan([], 6, 4)


def test_removing_one_step_by_equation_4_is_the_plain_step(plain, seeds) -> None:
    once = plan(parse([{"remove": "steps", "start": 5, "count": 1}]), plain.steps, plain.blocks)
    assert torch.equal(plain.final(once, seeds, seeds % 3), plain.final(plain.untouched, seeds, seeds % 3))


def test_all_in_trees_is_each_alone_and_by_hand(loop, seeds) -> None:
    found = tree(loop, plans(loop), seeds)
    assert len(found) == len(CUTS) - 1, "all but nothing"
    for name, steps in list(zip(CUTS, plans(loop), strict=True))[1:]:
        torch.testing.assert_close(found[steps], by_hand(loop, steps, seeds), atol=1e-5, rtol=1e-5, msg=name)
    for steps in plans(loop, "four steps", "cached blocks, jump, cached skips"):
        torch.testing.assert_close(found[steps], loop.final(steps, seeds, seeds % 3), atol=1e-5, rtol=1e-5)
    images = [found[steps] for steps in plans(loop)[1:]]
    assert all(not torch.allclose(a, b, atol=1e-4) for a, b in pairwise(images)), "each does something"


def test_what_shares_a_batch_does_not_matter(loop, seeds) -> None:
    together = tree(loop, plans(loop, "two steps", "blocks", "all blocks", "cached blocks"), seeds)
    for name in ("blocks", "cached blocks"):
        ((steps, found),) = tree(loop, plans(loop, name), seeds).items()
        assert torch.equal(found, together[steps]), name


def test_a_seed_is_the_same_image_alone_and_among_many(plain, seeds) -> None:
    for steps in plans(plain, "cached blocks", "cut, relax, cut"):
        together = plain.final(steps, seeds, seeds % 3)
        assert torch.equal(plain.final(steps, seeds[4:], seeds[4:] % 3)[0], together[4])


def test_a_jump_lands_where_equation_4_says(loop, seeds) -> None:
    (steps,) = plans(loop, "four steps")
    moments = {moment.action.k: moment for moment in loop.walk(steps, seeds, seeds % 3)}
    assert list(moments) == [6, 5, 1]
    jumped, a = moments[5], loop.level(1)
    if loop.sampler == "ddim":
        eps = (jumped.x - loop.level(5) ** 0.5 * jumped.x0) / (1 - loop.level(5)) ** 0.5
        torch.testing.assert_close(jumped.after, a**0.5 * jumped.x0 + (1 - a) ** 0.5 * eps, atol=1e-5, rtol=1e-5)
    assert torch.equal(moments[1].x, jumped.after)
    assert (loop.level(6), loop.level(0)) == (float(loop.subject.alpha_bar[999]), 1.0)


def test_a_jump_draws_one_step_s_noise_where_it_is_asked_to(variant, seeds) -> None:
    loop = Loop(variant(), list(range(500, 0, -10)), "ddpm", True, 5)
    jumped = {}
    for drawing in ("whole", "step"):
        cut = {"remove": "steps", "start": loop.steps, "count": 3, "noise": drawing}
        jumped[drawing] = next(loop.walk(plan(parse([cut]), loop.steps, 4), seeds, seeds % 3))
    one, drawn = jumped["step"], loop.drawn(seeds, jumped["step"].action)
    assert torch.equal(one.x0, jumped["whole"].x0), "the network sees the same"
    a, to, of_step = (loop.level(loop.steps - passed) for passed in (0, 3, 1))
    sigma = ((1 - of_step) / (1 - a) * (1 - a / of_step)) ** 0.5
    eps = (one.x - a**0.5 * one.x0) / (1 - a) ** 0.5
    equation_4 = to**0.5 * one.x0 + (1 - to - sigma**2) ** 0.5 * eps + sigma * drawn
    torch.testing.assert_close(one.after, equation_4, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(one.after, jumped["whole"].after, atol=1e-2)


@pytest.mark.parametrize("noise", ["whole", "step"])
def test_a_jump_to_the_end_draws_nothing(plain, seeds, noise: str) -> None:
    steps = plan(parse([{"remove": "steps", "start": 3, "count": 3, "noise": noise}]), 6, 4)
    *_, last = plain.walk(steps, seeds, seeds % 3)
    torch.testing.assert_close(last.after, last.x0)


def test_a_walk_is_a_step_at_a_time_with_the_outputs_that_are_kept(loop, seeds) -> None:
    (steps,) = plans(loop, "cached blocks")
    moments = list(loop.walk(steps, seeds, seeds % 3, ["skip_01"]))
    assert [moment.action for moment in moments] == list(steps)
    assert all(torch.equal(b.x, a.after) for a, b in pairwise(moments))
    assert torch.equal(moments[-1].after, loop.final(steps, seeds, seeds % 3))
    blocks, skips = ([m.cache[name] for m in moments] for name in ("block_02", "skip_01"))
    assert blocks[0].shape[:2] == (len(seeds), loop.subject.passes)
    assert [torch.equal(b, a) for a, b in pairwise(blocks)] == [False, True, True, False, False]
    assert not any(torch.equal(b, a) for a, b in pairwise(skips))


def test_what_is_called_is_what_is_predicted(plain, seeds) -> None:
    for names in (["nothing"], ["two steps", "four steps"], ["blocks", "more blocks", "cached blocks", "skips"]):
        some = plans(plain, *names)
        predicted = sum(sweep.calls(some, plain.untouched).values())
        assert counted(plain, lambda some=some: tree(plain, some, seeds)) == predicted * len(seeds), names


def test_shared_beginnings_and_jumps_from_one_step_are_computed_once(plain) -> None:
    def called(*names: str) -> int:
        return sum(sweep.calls(plans(plain, *names), plain.untouched).values())

    assert called("nothing") == 6
    assert [len(each) for each in plans(plain, "two steps", "four steps")] == [5, 3]
    assert called("two steps") == 6 + 1 + 3, "steps 5, and 3 to 1"
    assert called("two steps", "four steps") == 6 + 1 + 3 + 1, "and 1"
    assert called("blocks", "more blocks") == 6 + 2 + 2 + 2, "they part at step 2"
    assert called("blocks", "blocks") == 6 + 4
    whole = (0, frozenset(), "zeros", None)
    assert sweep.calls(plans(plain, "blocks"), plain.untouched) == {whole: 8, (2, *whole[1:]): 2}


def test_plans_leave_the_untouched_run_at_their_first_difference(plain) -> None:
    left = {name: leaves_at(steps, plain.untouched) for name, steps in zip(CUTS, plans(plain), strict=True)}
    assert left["nothing"] is None
    assert (left["two steps"], left["to the end"], left["skips"], left["early end"]) == (5, 3, 3, 2)
    assert left["cut, relax, cut"] == 6


def test_multiply_adds_are_those_of_one_image_without_what_is_left_out(loop, seeds) -> None:
    loop.final(*plans(loop, "cached blocks"), seeds, seeds % 3)
    with FlopCounterMode(display=False) as counter:
        loop.subject.once()
    (*_, whole), (_, _, cut, *_), (_, _, all_cut, *_) = plans(loop, "nothing", "cached blocks", "all blocks")
    costs = [loop.multiply_adds(action) for action in (whole, cut, all_cut)]
    assert costs[0] == counter.get_total_flops() // 2
    assert costs == sorted(set(costs), reverse=True)
    assert loop.multiply_adds(cut) == costs[1]


def test_no_hook_is_left(plain, seeds) -> None:
    def hooks() -> int:
        return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in plain.subject.model.modules())

    before, wanted = hooks(), plans(plain, "cached blocks", "cached skip")
    tree(plain, wanted, seeds)
    assert hooks() == before
    walk = plain.walk(wanted[0], seeds, seeds % 3)
    next(walk)
    walk.close()
    assert hooks() == before


@pytest.mark.parametrize("size", [1, 5, 100])
def test_batches_of_any_size_give_the_same_images(variant, seeds, size: int) -> None:
    made = [Loop(variant(), [999, 600, 200, 0], "ddpm", True, each) for each in (4, size)]
    steps = plan(parse([{"remove": "blocks", "start": 3, "count": 1, "number": 2, "fill": "cache"}]), 4, 4)
    first, other = (loop.final(steps, seeds, seeds % 3) for loop in made)
    torch.testing.assert_close(first, other, atol=1e-4, rtol=1e-4)

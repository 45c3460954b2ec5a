"""The rivals are what their papers say: the source's Figure 11, cached deep features, samplers with fewer steps."""

from collections.abc import Callable
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from diffusers import DPMSolverMultistepScheduler

from pipeline.anatomy import rivals
from pipeline.anatomy.interventions import plan
from pipeline.anatomy.sweep import Loop
from pipeline.diffusion.noise import INITIAL, noise
from pipeline.diffusion.schedule import alpha_bar
from pipeline.diffusion.subject import Subject
from pipeline.diffusion.unet import halves
from tests import plain_loop

# diffusers' DPM-Solver makes numpy arrays of tensors as numpy 1 did
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

T = 1000
SEEDS = np.arange(4) + 7
FIGURE_11 = {**dict.fromkeys(range(61, 66), 6), **dict.fromkeys([59, 60, *range(41, 48), *range(25, 32)], 8)}


@pytest.mark.parametrize("fill", ["zeros", "cache"])
def test_the_source_s_strategy_is_its_figure_11(fill: str) -> None:
    strategy = rivals.source_strategy(100, 16, fill)
    expected = [
        {"remove": "blocks", "number": 6, "start": 65, "count": 5, "fill": fill},
        {"remove": "blocks", "number": 8, "start": 60, "count": 2, "fill": fill},
        {"remove": "blocks", "number": 8, "start": 47, "count": 7, "fill": fill},
        {"remove": "blocks", "number": 8, "start": 31, "count": 7, "fill": fill},
        {"remove": "rest", "start": 18},
    ]
    assert [removal.model_dump() for removal in strategy] == expected
    planned = plan(strategy, 100, 16)
    assert [action.k for action in planned] == list(range(100, 17, -1)), "83 calls"
    assert {action.k: action.blocks for action in planned if not action.whole} == FIGURE_11
    assert {action.fill for action in planned if not action.whole} == {fill}
    assert [action.k for action in planned if action.ends] == [18]


SCALED = {
    (50, 9): ([(33, 31, 3), (30, 30, 5), (24, 21, 5), (16, 13, 5)], 9),
    (5, 4): ([(2, 2, 2)], 1),
    (1000, 12): ([(650, 601, 5), (600, 581, 6), (470, 401, 6), (310, 241, 6)], 180),
    (2, 2): ([(1, 1, 1)], 1),
    (1, 1): ([], 1),
}


@pytest.mark.parametrize(("steps", "blocks"), SCALED)
@pytest.mark.parametrize("fill", ["zeros", "cache"])
def test_the_source_s_strategy_scales_with_steps_and_blocks(steps: int, blocks: int, fill: str) -> None:
    *cuts, end = rivals.source_strategy(steps, blocks, fill)
    assert ([(cut.start, cut.start - cut.count + 1, cut.number) for cut in cuts], end.start) == SCALED[steps, blocks]
    assert all(before.start - before.count >= after.start for before, after in pairwise(cuts)), "none overlap"
    planned = plan([*cuts, end], steps, blocks)
    assert [action.k for action in planned] == list(range(steps, end.start - 1, -1))
    assert sum(not action.whole for action in planned) == sum(cut.count for cut in cuts)


def whole_calls(steps: int, blocks: int, interval: int, uniform: bool) -> list[int]:
    """Places of DeepCache's whole calls, 0 the first; all other calls take deep features from the cache."""
    kept = rivals.cached_blocks(blocks)
    planned = plan(rivals.deepcache(steps, interval, kept, uniform), steps, blocks)
    assert [action.k for action in planned] == list(range(steps, 0, -1)), "no step is left out"
    kinds = {(action.blocks, action.skips, action.fill) for action in planned if not action.whole}
    assert kinds <= {(kept, frozenset(), "cache")}
    return [place for place, action in enumerate(planned) if action.whole]


@pytest.mark.parametrize(("blocks", "cached"), [(1, 1), (2, 1), (4, 1), (9, 6), (12, 9), (16, 13)])
def test_deepcache_keeps_all_but_the_top_three_blocks(blocks: int, cached: int) -> None:
    assert rivals.cached_blocks(blocks) == cached


@pytest.mark.parametrize("kept", [1, 6, 8])
def test_deepcache_keeps_as_many_blocks_as_it_is_told(kept: int) -> None:
    assert {cut.number for cut in rivals.deepcache(20, 5, kept, True)} == {kept}


@pytest.mark.parametrize("steps", [5, 20, 50, 100])
@pytest.mark.parametrize("interval", [2, 3, 5, 10])
@pytest.mark.parametrize("blocks", [2, 3, 4, 12])
def test_deepcache_has_a_whole_call_in_so_many(steps: int, interval: int, blocks: int) -> None:
    assert whole_calls(steps, blocks, interval, True) == list(range(0, steps, interval))
    uneven = whole_calls(steps, blocks, interval, False)
    assert uneven[0] == 0
    assert len(uneven) == -(-steps // interval)


@pytest.mark.parametrize(("steps", "interval"), [(50, 5), (50, 10), (100, 3), (100, 5), (100, 10), (1000, 20)])
def test_uneven_whole_calls_are_densest_at_three_tenths_of_the_steps(steps: int, interval: int) -> None:
    uneven = whole_calls(steps, 4, interval, False)
    gaps = np.diff([*uneven, steps])
    middles = np.array(uneven) + gaps / 2
    closest = middles[gaps == gaps.min()]
    assert abs(closest - 0.3 * steps).max() <= gaps.max()
    assert gaps.min() < interval < gaps[-1], "the longest wait is at the end"
    assert gaps[-1] == gaps.max()
    assert gaps[0] > gaps.min()


def test_uneven_whole_calls_lie_as_the_power_of_a_line_s_points() -> None:
    line = np.linspace(-(30 ** (1 / 1.4)), 70 ** (1 / 1.4), 21)[:-1]
    expected = [30 - abs(at) ** 1.4 if at < 0 else 30 + at**1.4 for at in line]
    assert whole_calls(100, 4, 5, False) == [int(place + 1e-9) for place in expected]


@pytest.mark.parametrize("steps", [1, 5, 100])
def test_a_whole_call_at_every_step_is_the_untouched_loop(steps: int) -> None:
    assert rivals.deepcache(steps, 1, 3, True) == []


class Known(Subject):
    """A subject that says the best there is, for pixels from N(0.3, 0.2), whatever its network gives."""

    def predict(self, network: object, x: torch.Tensor, t: int, *told: object) -> torch.Tensor:
        a = float(self.alpha_bar[t])
        return (1 - a) ** 0.5 * (x - a**0.5 * 0.3) / (a * 0.2**2 + 1 - a)


@pytest.fixture
def known(variant) -> Callable[[str], Known]:
    """known(schedule): with that noise schedule."""
    return lambda schedule: Known(variant().model, "epsilon", alpha_bar(schedule, T), 3)


def solved(
    under: Subject, count: int, sampler: str, clip: bool, told: list[int] | None = None
) -> tuple[torch.Tensor, list[int]]:
    """The images in so many steps, and the timesteps that the network is asked at."""
    asked: list[int] = []

    class Watched(type(under)):
        def predict(self, network: object, x: torch.Tensor, t: int, *told: object) -> torch.Tensor:
            asked.append(t)
            return super().predict(network, x, t, *told)

    watched = Watched(**{field.name: getattr(under, field.name) for field in fields(under)})
    loop = Loop(watched, [999, 0], "ddpm", clip, len(SEEDS))
    loop.called = (told if told is not None else []).append
    run = rivals.fewer(loop, count, sampler)
    asked.clear()
    return run(SEEDS, SEEDS % 3), asked


@pytest.mark.parametrize("sampler", ["ddim", "ddpm"])
@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("kind", ["v", "guidance and a learned variance"])
def test_fewer_steps_are_sampling_over_fewer_timesteps(variant, told, sampler: str, clip: bool, kind: str) -> None:
    under = variant("v") if kind == "v" else told(3.0, out_channels=4)
    counted: list[int] = []
    drawn, asked = solved(under, 5, sampler, clip, counted)
    assert (counted, asked) == ([4] * 5, [999, 749, 500, 250, 0])

    def denoiser(x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return under.predict(under.model, x, int(t[0]), labels)

    *_, last = plain_loop.steps(
        denoiser, SEEDS, SEEDS % 3, under.device, under.shape, asked, under.alpha_bar, sampler, clip
    )
    assert torch.equal(drawn, last.x)


def test_rivals_tell_whom_the_loop_tells_when_they_run(variant) -> None:
    loop, told = Loop(variant(), [999, 0], "ddpm", True, 4), []
    runs = [rivals.fewer(loop, 2, sampler) for sampler in ("ddim", "ddpm", "dpm_solver")]
    with loop.counting(told.append):
        for run in runs:
            run(SEEDS, SEEDS % 3)
    assert told == [4] * 6


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("kind", ["epsilon", "guidance and a learned variance"])
def test_dpm_solver_is_diffusers_own_on_the_predicted_noise(
    variant, told, schedule: str, clip: bool, kind: str
) -> None:
    made = variant() if kind == "epsilon" else told(3.0, out_channels=4)
    under = replace(made, alpha_bar=alpha_bar(schedule, T))
    drawn, timesteps = solved(under, 6, "dpm_solver", clip)
    names = {"cosine": "squaredcos_cap_v2", "linear": "linear"}
    scheduler = DPMSolverMultistepScheduler(T, beta_schedule=names[schedule], prediction_type="epsilon")
    scheduler.set_timesteps(timesteps=timesteps)
    scheduler.sigmas = scheduler.sigmas.double()  # or rounding is a thousandth of the image at the first step
    x, labels = noise(SEEDS, INITIAL, under.shape), torch.from_numpy(SEEDS % 3)
    for t in timesteps:
        with torch.inference_mode():
            eps, _ = halves(under.predict(under.model, x, t, labels), under.shape[0])
        if clip:  # the noise that would have predicted the bounded image
            a = float(under.alpha_bar[t])
            x0 = ((x - (1 - a) ** 0.5 * eps) / a**0.5).clamp(-1, 1)
            eps = (x.double() - a**0.5 * x0) / (1 - a) ** 0.5
        x = scheduler.step(eps, t, x).prev_sample.float()
    scale = max(1.0, float(x.abs().max()))  # of an untrained network's images
    torch.testing.assert_close(drawn / scale, x / scale, atol=1e-4, rtol=0)


@pytest.mark.parametrize("count", [2, 5, 20])
@pytest.mark.parametrize("sampler", ["ddim", "ddpm", "dpm_solver"])
def test_samplers_call_the_network_so_often_from_pure_noise_on(known, count: int, sampler: str) -> None:
    told: list[int] = []
    under = known("cosine")
    drawn, timesteps = solved(under, count, sampler, True, told)
    assert len(timesteps) == count
    if sampler == "dpm_solver":  # the noisiest level that it can start from
        signal = under.alpha_bar**0.5 / (1 - under.alpha_bar) ** 0.5
        assert signal[timesteps[0] + 1].log() < -5.1 <= signal[timesteps[0]].log()
    else:
        assert timesteps[0] == T - 1
    assert all(before > after >= 0 for before, after in pairwise(timesteps))
    assert told == [len(SEEDS)] * count
    assert drawn.shape == (len(SEEDS), 1, 8, 8)


def flowed(under: Known) -> torch.Tensor:
    """What sampling without noise of its own comes to in ever smaller steps: it leaves standardised pixels alone."""
    a, x = float(under.alpha_bar[-1]), noise(SEEDS, INITIAL, under.shape)
    return 0.3 + 0.2 * (x - a**0.5 * 0.3) / (a * 0.2**2 + 1 - a) ** 0.5


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_dpm_solver_is_nearer_to_the_solution_than_ddim_in_as_many_steps(known, schedule: str) -> None:
    under = known(schedule)

    def error(sampler: str, count: int) -> float:
        return float((solved(under, count, sampler, False)[0] - flowed(under)).abs().mean())

    assert error("ddim", T) < 2e-3
    assert error("dpm_solver", 20) < error("ddim", 20)
    assert error("dpm_solver", 80) < error("dpm_solver", 20)

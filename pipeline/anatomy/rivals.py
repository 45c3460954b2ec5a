"""The published ways to save time, on our parts: the source's own strategy, fewer steps, cached deep features."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch

from pipeline.anatomy.interventions import Intervention, parse
from pipeline.anatomy.source import SOURCE_BLOCKS, SOURCE_CUTS, SOURCE_END, SOURCE_STEPS
from pipeline.anatomy.sweep import Loop
from pipeline.diffusion.schedule import descend
from pipeline.diffusion.spacing import LEAST_LAMBDA
from pipeline.diffusion.unet import halves

Sampler = Literal["ddim", "ddpm", "dpm_solver"]


def source_strategy(steps: int, blocks: int, fill: str) -> Intervention:
    """Return the strategy of Prasad et al. 2023, Figure 11, with its steps and numbers of blocks scaled."""

    def scaled(value: int, by: float) -> int:
        return int(value * by + 0.5)

    removals: list[dict] = []
    for first, last, number in SOURCE_CUTS:
        start, after = (scaled(k, steps / SOURCE_STEPS) for k in (first, last - 1))
        if start > after:
            nb = max(scaled(number, blocks / SOURCE_BLOCKS), 1)
            removals.append({"remove": "blocks", "number": nb, "start": start, "count": start - after, "fill": fill})
    return parse([*removals, {"remove": "rest", "start": max(scaled(SOURCE_END, steps / SOURCE_STEPS), 1)}])


def cached_blocks(blocks: int) -> int:
    """Return how many blocks DeepCache keeps from the last whole call: all but the top three, its branch 2 (Ma et al.
    2024, for the DDPM on CIFAR-10), or all but the top one of a network with fewer."""
    return blocks - 3 if blocks > 3 else max(blocks - 1, 1)


def deepcache(steps: int, interval: int, kept: int, uniform: bool) -> Intervention:
    """Return the intervention that takes the output of block `kept`, counted from the bottom, from the last whole call
    at all steps but one in `interval` (Ma et al. 2024, section 3.3).

    Whole calls are evenly spaced, or lie denser around a centre, their distance growing with the power 1.4 of a line's
    points (section 3.4); here the centre is at three tenths of the steps.
    """
    whole = list(range(0, steps, interval)) if uniform else _around(steps, -(-steps // interval), 0.3 * steps, 1.4)
    removals = [
        {"remove": "blocks", "number": kept, "fill": "cache", "start": steps - at - 1, "count": gap}
        for at, following in zip(whole, [*whole[1:], steps], strict=True)
        if (gap := following - at - 1)
    ]
    return parse(removals)


def _around(steps: int, count: int, centre: float, power: float) -> list[int]:
    """Return `count` of the places 0 .. steps - 1, the first among them, densest around a centre. Where the power would
    put two at one place it is lowered."""
    while True:
        ends = -(centre ** (1 / power)), (steps - centre) ** (1 / power)
        line = np.linspace(*ends, count + 1)[:-1]
        places = sorted({0, *(np.sign(line) * abs(line) ** power + centre).astype(int).tolist()})
        if len(places) >= count or power <= 1:
            return places
        power -= 0.02


def fewer(loop: Loop, count: int, sampler: Sampler) -> Callable[[np.ndarray, np.ndarray], torch.Tensor]:
    """Return a function of seeds and labels, int [N] each, that samples the loop's subject, clipped and in batches as
    the loop does it, in `count` evenly spaced steps: images [N, C, H, W]. It is a loop itself, so that its time differs
    from the other's by what it leaves out alone."""
    if sampler == "dpm_solver":
        return _dpm_solver(loop, count)
    own = over(loop, descend(count, len(loop.subject.alpha_bar)), sampler)
    return lambda seeds, labels: own.final(own.untouched, seeds, labels)


def over(loop: Loop, timesteps: list[int], sampler: Literal["ddim", "ddpm"]) -> Loop:
    """Return a loop over other timesteps, which tells of its calls whom the first one tells."""
    own = Loop(loop.subject, timesteps, sampler, loop.clip, loop.batch_size)
    own.called = lambda images: loop.called(images)
    own.network(own.untouched[0])  # is built here, and not while it is timed
    return own


def _dpm_solver(loop: Loop, count: int) -> Callable[[np.ndarray, np.ndarray], torch.Tensor]:
    """Return a function that samples by DPM-Solver++ (2M) of Lu et al. 2022, by diffusers, on the predicted clean
    image, at the steps it takes itself: they begin where the noise level is one that it can start from, and stop short
    of t = 0, which leads to the clean image in one step of the first order."""
    from diffusers import DPMSolverMultistepScheduler  # a second of SciPy, which other stages need not wait for

    levels = loop.subject.alpha_bar
    before = torch.cat([torch.ones(1, dtype=levels.dtype), levels[:-1]])
    scheduler = DPMSolverMultistepScheduler(
        num_train_timesteps=len(levels),
        trained_betas=(1 - levels / before).numpy(),
        prediction_type="sample",
        lambda_min_clipped=LEAST_LAMBDA,
    )
    scheduler.set_timesteps(count)
    own = over(loop, scheduler.timesteps.tolist(), "ddim")  # whose own step is not taken

    @torch.inference_mode()
    def run(seeds: np.ndarray, labels: np.ndarray) -> torch.Tensor:
        scheduler.set_timesteps(count)
        x = own.initial(seeds)
        for action, t in zip(own.untouched, own.timesteps, strict=True):
            ((out, _),) = own.call(action, [(x, {})], labels, [])
            eps, _ = halves(out, loop.subject.shape[0])
            a = own.level(action.k)
            x0 = (x - (1 - a) ** 0.5 * eps) / a**0.5
            x = scheduler.step(x0.clamp(-1, 1) if loop.clip else x0, t, x).prev_sample
        return x

    return run

"""The published ways to save time, on our parts: the source's own strategy, fewer steps, cached deep features."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch

from pipeline.anatomy.interventions import Intervention, parse
from pipeline.anatomy.source import SOURCE_BLOCKS, SOURCE_CUTS, SOURCE_END, SOURCE_STEPS
from pipeline.diffusion import sampling
from pipeline.diffusion.noise import INITIAL, noise
from pipeline.diffusion.schedule import descend
from pipeline.diffusion.subject import Subject
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


def deepcache(steps: int, blocks: int, interval: int, uniform: bool) -> Intervention:
    """Return the intervention that takes deep features from the last whole call at all steps but one in `interval` (Ma
    et al. 2024, section 3.3).

    Whole calls are evenly spaced, or lie denser around a centre, their distance growing with the power 1.4 of a line's
    points (section 3.4); here the centre is at three tenths of the steps.
    """
    whole = list(range(0, steps, interval)) if uniform else _around(steps, -(-steps // interval), 0.3 * steps, 1.4)
    removals = [
        {"remove": "blocks", "number": cached_blocks(blocks), "fill": "cache", "start": steps - at - 1, "count": gap}
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


def fewer(
    subject: Subject, count: int, sampler: Sampler, clip: bool, called: Callable[[int], object]
) -> Callable[[np.ndarray, np.ndarray], torch.Tensor]:
    """Return a function of seeds and labels, int [N] each, that samples images [N, C, H, W] in `count` evenly spaced
    steps; called: is told, at each call of the network, how many images it was of."""
    if sampler == "dpm_solver":
        return lambda seeds, labels: _dpm_solver(subject, count, clip, seeds, labels, called)
    timesteps = descend(count, len(subject.alpha_bar))

    def run(seeds: np.ndarray, labels: np.ndarray) -> torch.Tensor:
        def denoiser(x: torch.Tensor, t: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
            called(len(x))
            return subject.predict(subject.model, x, int(t[0]), asked)

        device, levels = subject.device, subject.alpha_bar
        for step in sampling.steps(denoiser, seeds, labels, device, subject.shape, timesteps, levels, sampler, clip):
            pass
        return step.x

    return run


@torch.inference_mode()
def _dpm_solver(
    subject: Subject,
    count: int,
    clip: bool,
    seeds: np.ndarray,
    labels: np.ndarray,
    called: Callable[[int], object],
) -> torch.Tensor:
    """Sample by DPM-Solver++ (2M) of Lu et al. 2022, by diffusers, on the predicted clean image, at the steps it takes
    itself: they stop short of t = 0, which leads to the clean image in one step of the first order."""
    from diffusers import DPMSolverMultistepScheduler  # a second of SciPy, which other stages need not wait for

    levels = subject.alpha_bar
    before = torch.cat([torch.ones(1, dtype=levels.dtype), levels[:-1]])
    scheduler = DPMSolverMultistepScheduler(
        num_train_timesteps=len(levels), trained_betas=(1 - levels / before).numpy(), prediction_type="sample"
    )
    scheduler.set_timesteps(count)
    asked = torch.from_numpy(labels).to(subject.device)
    x = noise(seeds, INITIAL, subject.shape).to(subject.device)
    for t in scheduler.timesteps.tolist():
        eps, _ = halves(subject.predict(subject.model, x, t, asked), subject.shape[0])
        called(len(x))
        a = float(levels[t])
        x0 = (x - (1 - a) ** 0.5 * eps) / a**0.5
        x = scheduler.step(x0.clamp(-1, 1) if clip else x0, t, x).prev_sample
    return x

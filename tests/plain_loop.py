"""The sampling loop written out for a network in which nothing is left out: what `Loop` must give, to the bit."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from pipeline.diffusion.noise import INITIAL, noise
from pipeline.diffusion.sampling import SAMPLERS, Sampler
from pipeline.diffusion.unet import Denoiser, halves


@dataclass(frozen=True)
class Step:
    """One step of the loop. k: its place, from K (the first, noisiest step) down to 1; t: its timestep; x: the images
    after the step, [N, C, H, W]; x0: the clean images predicted at this step, [N, C, H, W]."""

    k: int
    t: int
    x: torch.Tensor
    x0: torch.Tensor


def steps(
    denoiser: Denoiser,
    seeds: np.ndarray,
    labels: np.ndarray,
    device: torch.device,
    shape: tuple[int, int, int],
    timesteps: list[int],
    alpha_bar: torch.Tensor,
    sampler: Sampler,
    clip: bool,
) -> Iterator[Step]:
    """Sample one batch, and yield every step of the loop when it is done.

    seeds, labels: int [N]; device: the device of the denoiser; shape: (C, H, W); timesteps: descending; alpha_bar: [T].
    The last step goes to alpha-bar 1, the clean image.
    """
    levels = [float(alpha_bar[t]) for t in timesteps] + [1.0]
    asked = torch.from_numpy(labels).to(device)
    x = noise(seeds, INITIAL, shape).to(device)
    for i, t in enumerate(timesteps):
        with torch.inference_mode():
            eps, share = halves(denoiser(x, torch.full_like(asked, t), asked), shape[0])
            z = noise(seeds, t + 1, shape).to(x) if sampler == "ddpm" else None
            x, x0 = SAMPLERS[sampler](x, eps, levels[i], levels[i + 1], z, clip, share)
        yield Step(len(timesteps) - i, t, x, x0)

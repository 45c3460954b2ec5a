"""The way from noise to image: DDPM and DDIM over any descending list of timesteps.

Every step goes from alpha-bar at this timestep to alpha-bar at the next one in the list, so a list with uneven gaps is
exact too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch

from pipeline.diffusion.noise import INITIAL, noise
from pipeline.diffusion.unet import Denoiser, halves


@dataclass(frozen=True)
class Step:
    """One step of the loop. k: its place, from K (the first, noisiest step) down to 1; t: its timestep; x: the images
    after the step, [N, C, H, W]; x0: the clean images predicted at this step, [N, C, H, W]."""

    k: int
    t: int
    x: torch.Tensor
    x0: torch.Tensor


def ddim_step(
    x: torch.Tensor,
    eps: torch.Tensor,
    a: float,
    a_next: float,
    z: torch.Tensor | None,
    clip: bool,
    share: torch.Tensor | None = None,
    eta: float = 0.0,
    a_of_sigma: float | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Do one step from alpha-bar `a` to `a_next`, and return the next x and the predicted x0.

    This is eq. 12 of Song et al. 2021 with the sigma of eq. 16. x, eps: [N, C, H, W]; z: standard normal noise, needed
    where eta > 0. Where `clip` bounds x0 to [-1, 1], the direction to x_t is taken from the bounded x0. share: for a
    learned variance (eta = 1), where the variance lies between sigma^2 (0) and the step's beta (1) on a logarithmic
    scale (Nichol and Dhariwal 2021, eq. 15). a_of_sigma: the alpha-bar to which a step leads whose noise is drawn in
    place of this one's (Prasad et al. 2023, eq. 4), as far as there is room for it at `a_next`.
    """
    x0 = (x - (1 - a) ** 0.5 * eps) / a**0.5
    if clip:
        x0 = x0.clamp(-1, 1)
        eps = (x - a**0.5 * x0) / (1 - a) ** 0.5
    a_to = a_next if a_of_sigma is None else a_of_sigma
    sigma = min(eta * ((1 - a_to) / (1 - a)) ** 0.5 * (1 - a / a_to) ** 0.5, (1 - a_next) ** 0.5)
    x = a_next**0.5 * x0 + max(1 - a_next - sigma**2, 0.0) ** 0.5 * eps
    if z is None or sigma == 0:
        return x, x0
    spread = sigma if share is None else sigma ** (1 - share) * (1 - a / a_to) ** (share / 2)
    return x + spread * z, x0


ddpm_step = partial(ddim_step, eta=1.0)
"""DDPM's step is DDIM's at eta = 1: ancestral sampling with the posterior's variance (Ho et al. 2020, eq. 6 and 7), or
with a learned one."""

Sampler = Literal["ddim", "ddpm"]
SAMPLERS: dict[Sampler, Callable[..., tuple[torch.Tensor, torch.Tensor]]] = {"ddim": ddim_step, "ddpm": ddpm_step}


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


def batches(seeds: np.ndarray, labels: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """Yield batches of exactly `size` seeds and labels, and how many of each batch to keep; repeats fill the last one.

    Kernels round in the same way for one batch size, so an image does not depend on how many are drawn beside it.
    """
    for start in range(0, len(seeds), size):
        kept = np.arange(start, min(start + size, len(seeds)))
        filled = np.resize(kept, size)
        yield seeds[filled], labels[filled], len(kept)

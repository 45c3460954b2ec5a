"""One step from noise to image, by DDPM or DDIM, between any two noise levels; and batches of one size."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

import numpy as np
import torch


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


def batches(seeds: np.ndarray, labels: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """Yield batches of exactly `size` seeds and labels, and how many of each batch to keep; repeats fill the last one.

    Kernels round in the same way for one batch size, so an image does not depend on how many are drawn beside it.
    """
    for start in range(0, len(seeds), size):
        kept = np.arange(start, min(start + size, len(seeds)))
        filled = np.resize(kept, size)
        yield seeds[filled], labels[filled], len(kept)

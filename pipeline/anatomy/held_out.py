"""Held-out images with noise, which are the same for every network that is looked at."""

import numpy as np
import torch

from pipeline.diffusion.noise import noise
from pipeline.diffusion.schedule import add_noise, velocity

FIRST_SEED = 500_000_000  # of the noise of these images, which no training and no sampling draws


def noisy(x0: torch.Tensor, t: int, alpha_bar: torch.Tensor, prediction: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images at a timestep, and what a network is to predict there, [N, C, H, W] both.

    x0: [N, C, H, W], of which image i always gets the same noise; alpha_bar: [T]; prediction: epsilon or v.
    """
    eps = noise(FIRST_SEED + np.arange(len(x0)), t + 1, (x0.shape[1], x0.shape[2], x0.shape[3]))
    level = alpha_bar[t].expand(len(x0))
    return add_noise(x0, eps, level), velocity(x0, eps, level) if prediction == "v" else eps

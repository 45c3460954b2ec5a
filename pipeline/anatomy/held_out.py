"""Held-out images, which ones they are and what noise they get: the same for every network that is looked at."""

import numpy as np
import torch

from pipeline.data.images import evenly, in_turn
from pipeline.diffusion.noise import noise
from pipeline.diffusion.schedule import add_noise, velocity
from pipeline.errors import UserError

FIRST_SEED = 500_000_000  # of the noise of these images, which no training and no sampling draws
FEWEST = 4  # images for each class: some to learn from, the others to measure on


def choose(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return the positions of `count` held-out images, int [N], with the classes in turn and in the shares that they
    have in the set; of `FEWEST` times as many as there are classes, where these are more.

    labels: int, of all held-out images, of which fewer are a `UserError`; seed: which image of a class comes first.
    """
    needed = FEWEST * len(np.unique(labels))
    if len(labels) < needed:
        raise UserError(
            f"there are {len(labels)} held-out images (data.test), but {needed} are needed, {FEWEST} for "
            f"each of the {needed // FEWEST} classes, to learn from some and measure on others."
        )
    index = evenly(labels, max(count, needed))
    return np.asarray(index[in_turn(labels[index], seed)])


def noisy(x0: torch.Tensor, t: int, alpha_bar: torch.Tensor, prediction: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images at a timestep, and what a network is to predict there, [N, C, H, W] both.

    x0: [N, C, H, W], of which image i always gets the same noise; alpha_bar: [T]; prediction: epsilon or v.
    """
    eps = noise(FIRST_SEED + np.arange(len(x0)), t + 1, (x0.shape[1], x0.shape[2], x0.shape[3]))
    level = alpha_bar[t].expand(len(x0))
    return add_noise(x0, eps, level), velocity(x0, eps, level) if prediction == "v" else eps

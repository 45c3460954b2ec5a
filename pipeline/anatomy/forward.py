"""The forward process: what is left of a real image as noise is added."""

import numpy as np
import torch

from pipeline.anatomy.trajectories import reduced
from pipeline.data.images import ImageSet, in_turn
from pipeline.data.tensors import from_network, to_network
from pipeline.diffusion.noise import INITIAL, noise
from pipeline.diffusion.schedule import add_noise

SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)  # of T


def noised(real: ImageSet, alpha_bar: torch.Tensor, count: int) -> np.ndarray:
    """Return the first images, the classes in turn, at 0, 20, 40, 60, 80 and 100 % of T, uint8 [count, 6, H, W, C],
    large ones reduced; alpha_bar: [T]. At 0 % nothing is added."""
    chosen = real[in_turn(real.labels, 0)[:count]]
    x0 = to_network(chosen.images)
    eps = noise(chosen.ids, INITIAL, (x0.shape[1], x0.shape[2], x0.shape[3]))
    columns = []
    for share in SHARES:
        t = round(share * (len(alpha_bar) - 1))
        x = add_noise(x0, eps, alpha_bar[t].expand(len(x0)).cpu()) if share else x0
        columns.append(reduced(from_network(x)))
    return np.stack(columns, axis=1)

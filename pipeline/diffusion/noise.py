"""Noise by address: the same seed and timestep give the same noise in every variant, batch size and intervention."""

import numpy as np
import torch

INITIAL = 0  # the address of the noise that sampling starts from; timestep t has address t + 1


def seeds_from(first: int, count: int) -> np.ndarray:
    """Return so many seeds in a row, int64 [N]; a seed names an image."""
    return first + np.arange(count)


def noise(seeds: np.ndarray, address: int, shape: tuple[int, int, int]) -> torch.Tensor:
    """float32 [N, C, H, W], standard normal, image i from the counter-based generator keyed (seeds[i], address).

    Philox (Salmon et al. 2011) has no state to carry along: leaving out a step leaves every other step's noise alone.
    """
    drawn = [
        np.random.Generator(np.random.Philox(key=[int(seed), address])).standard_normal(shape, dtype=np.float32)
        for seed in seeds
    ]
    return torch.from_numpy(np.stack(drawn))

"""Noise that has an address: a seed and a timestep give the same noise in every variant, batch size and
intervention."""

import numpy as np
import torch

INITIAL = 0  # the address of the noise that sampling starts from; timestep t has address t + 1


def noise(seeds: np.ndarray, address: int, shape: tuple[int, int, int]) -> torch.Tensor:
    """Return standard normal noise, float32 [N, C, H, W]; that of image i is drawn with the key (seeds[i], address).

    The generator is Philox (Salmon et al. 2011), which counts and keeps no state, so the noise of every other step
    stays the same when a step is left out.
    """
    drawn = [
        np.random.Generator(np.random.Philox(key=[int(seed), address])).standard_normal(shape, dtype=np.float32)
        for seed in seeds
    ]
    return torch.from_numpy(np.stack(drawn))


def mix(seed: int, stream: int) -> int:
    """Make one 63-bit seed for a generator of torch's from a seed and the number of a stream."""
    return int(np.random.SeedSequence([seed, stream]).generate_state(1, np.uint64)[0] >> np.uint64(1))

"""The same seed and timestep are the same noise, whatever else is drawn."""

import numpy as np
import torch

from pipeline.diffusion.noise import INITIAL, noise
from pipeline.diffusion.seeds import seeds_from

SHAPE = (1, 16, 16)


def test_an_image_s_noise_does_not_depend_on_its_company_or_place() -> None:
    alone = noise(np.array([17]), INITIAL, SHAPE)
    among = noise(np.arange(30), INITIAL, SHAPE)
    assert torch.equal(alone[0], among[17])
    assert torch.equal(noise(np.array([5, 17]), 3, SHAPE), noise(np.array([17, 5]), 3, SHAPE).flip(0))
    assert (alone.shape, alone.dtype) == ((1, *SHAPE), torch.float32)


def test_it_is_standard_normal_and_unrelated_between_seeds_and_timesteps() -> None:
    seeds = np.arange(400)
    start, later = noise(seeds, INITIAL, SHAPE).flatten(1), noise(seeds, 500, SHAPE).flatten(1)
    count = start.numel()
    for drawn in (start, later):
        assert abs(float(drawn.mean())) < 5 / count**0.5
        assert abs(float(drawn.var()) - 1) < 5 * (2 / count) ** 0.5
    assert abs(float((start * later).mean())) < 5 / count**0.5
    assert abs(float((start[1:] * start[:-1]).mean())) < 5 / count**0.5
    swapped = noise(np.array([7]), 9, SHAPE), noise(np.array([9]), 7, SHAPE)
    assert not torch.equal(*swapped)


def test_replicas_share_no_seed() -> None:
    first, second = (seeds_from(5, 1000, replica) for replica in (0, 2**31 - 1))
    assert first.tolist() == list(range(5, 1005))
    assert not set(first) & set(second)
    assert not torch.equal(noise(first[:2], 1, (1, 2, 2)), noise(second[:2], 1, (1, 2, 2)))

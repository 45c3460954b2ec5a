"""Drawing images of a subject as a policy has it."""

from collections.abc import Callable

import numpy as np

from pipeline.anatomy.interventions import plan
from pipeline.anatomy.policy import Policy
from pipeline.anatomy.sweep import Loop
from pipeline.diffusion.sampling import batches
from pipeline.diffusion.subject import Subject
from pipeline.errors import UserError


def draw(
    subject: Subject,
    policy: Policy,
    seeds: np.ndarray,
    labels: np.ndarray,
    batch_size: int,
    called: Callable[[int], object] = lambda images: None,
) -> np.ndarray:
    """Return the images uint8 [N, H, W, C] that a subject gives under a policy.

    seeds, labels: int [N]; called: is told, at each call of the network, how many images it was of. A policy whose
    timesteps the subject does not have, or with cuts for another number of blocks, is a `UserError`.
    """
    loop = Loop(subject, policy.timesteps, policy.sampler, policy.clip, batch_size)
    if policy.blocks not in (None, loop.blocks):
        raise UserError(f"the policy is for a network of {policy.blocks} blocks, but this one has {loop.blocks}.")
    steps, images = plan(policy.intervention, loop.steps, loop.blocks), []
    for batch_seeds, batch_labels, kept in batches(seeds, labels, batch_size):
        with loop.counting(lambda _, kept=kept: called(kept)):  # type: ignore[misc]  # without repeats that fill it up
            images.append(subject.images(loop.final(steps, batch_seeds, batch_labels))[:kept])
    return np.concatenate(images)

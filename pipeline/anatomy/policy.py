"""A policy: how a subject is to be sampled, with what left out, as a file that can be kept and applied."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.anatomy.interventions import Intervention, plan
from pipeline.anatomy.sweep import Loop
from pipeline.diffusion.sampling import batches
from pipeline.diffusion.subject import Subject
from pipeline.errors import UserError
from pipeline.files import read_json, write_json


class Policy(BaseModel):
    """timesteps: descending; sampler, clip: as in params.yaml; blocks: how many blocks its network has, where something
    is left out of it; intervention: what is left out; learnt: what it cost and gave when it was found."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    timesteps: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    sampler: Literal["ddim", "ddpm"]
    clip: bool
    blocks: Annotated[int, Field(ge=1)] | None
    intervention: Intervention
    learnt: dict[str, float]

    @property
    def calls(self) -> int:
        """How often the network is called for an image."""
        return len(plan(self.intervention, len(self.timesteps), self.blocks or 1))

    def save(self, path: Path) -> None:
        """As JSON, whole or not at all."""
        write_json(path, json.loads(self.model_dump_json()))


def plain(timesteps: list[int], sampler: Literal["ddim", "ddpm"], clip: bool) -> Policy:
    """The policy that leaves nothing out."""
    return Policy(timesteps=timesteps, sampler=sampler, clip=clip, blocks=None, intervention=[], learnt={})


def load(path: Path) -> Policy:
    """A saved policy; an unsound one is a `UserError`."""
    try:
        return Policy.model_validate(read_json(path))
    except ValidationError as error:
        found = error.errors()[0]
        place = ".".join(map(str, found["loc"])) or "the whole"
        shown = repr(found["input"])
        said = "is missing" if found["type"] == "missing" else f"is {shown[:80]}, but {found['msg']}"
        raise UserError(f"{path} is no policy: {place} {said}.") from None


def sample(
    subject: Subject,
    policy: Policy,
    seeds: np.ndarray,
    labels: np.ndarray,
    batch_size: int,
    told: Callable[[int], object] = lambda images: None,
) -> np.ndarray:
    """Images uint8 [N, H, W, C] of a subject as the policy has it.

    seeds, labels: int [N]; told: called with how many images each call of the network was of. A policy whose timesteps
    the subject has not, or with cuts for another number of blocks, is a `UserError`.
    """
    loop = Loop(subject, policy.timesteps, policy.sampler, policy.clip, batch_size)
    if policy.blocks not in (None, loop.blocks):
        raise UserError(f"the policy is for a network of {policy.blocks} blocks, but this one has {loop.blocks}.")
    steps, images = plan(policy.intervention, loop.steps, loop.blocks), []
    for batch_seeds, batch_labels, kept in batches(seeds, labels, batch_size):
        loop.told = lambda _, kept=kept: told(kept)  # type: ignore[misc]  # repeats that fill the last batch are none
        images.append(subject.images(loop.final(steps, batch_seeds, batch_labels))[:kept])
    return np.concatenate(images)

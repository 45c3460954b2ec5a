"""A policy: how a subject is to be sampled, with what left out, as a file that can be kept and applied.

It needs no torch; `drawing` applies it.
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.anatomy.interventions import Intervention, plan
from pipeline.errors import UserError, unsound
from pipeline.files import read_json, write_json


class Policy(BaseModel):
    """A policy says how a subject is sampled. timesteps: descending; sampler, clip: as in params.yaml; blocks: how many
    blocks its network has, None where nothing is left out of it; intervention: what is left out; learnt: what it cost
    and gave when it was found."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    timesteps: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    sampler: Literal["ddim", "ddpm"]
    clip: bool
    blocks: Annotated[int, Field(ge=1)] | None
    intervention: Intervention
    learnt: dict[str, Annotated[float, Field(allow_inf_nan=False)]]

    @property
    def calls(self) -> int:
        """How often the network is called for an image."""
        return len(plan(self.intervention, len(self.timesteps), self.blocks or 1))

    @property
    def interval(self) -> int | None:
        """How far whole calls of the network are apart where this is DeepCache (Ma et al. 2024, section 3.3), with an
        early end or without: evenly spaced whole calls, between which one block's last output is taken and nothing else
        is left out. None where it is something else."""
        steps = plan(self.intervention, len(self.timesteps), self.blocks or 1)
        whole = [place for place, action in enumerate(steps) if action.whole]
        apart = {after - before for before, after in pairwise(whole)}
        kept = {(action.blocks, action.skips, action.fill) for action in steps if not action.whole}
        if any(action.after != action.k - 1 for action in steps if not action.ends) or len(apart) != 1:
            return None
        (interval,) = apart
        of_one_block = len(kept) == 1 and all(not skips and fill == "cache" for _, skips, fill in kept)
        return interval if of_one_block and whole[0] == 0 and len(steps) - whole[-1] <= interval else None

    def save(self, path: Path) -> None:
        """Write it as JSON, whole or not at all."""
        write_json(path, json.loads(self.model_dump_json()))


def plain(timesteps: list[int], sampler: Literal["ddim", "ddpm"], clip: bool) -> Policy:
    """Return the policy that leaves nothing out."""
    return Policy(timesteps=timesteps, sampler=sampler, clip=clip, blocks=None, intervention=[], learnt={})


def load(path: Path) -> Policy:
    """Read a saved policy; an unsound one is a `UserError`."""
    return checked(read_json(path), str(path))


def checked(values: object, name: str) -> Policy:
    """Return the policy that values describe; unsound ones are a `UserError`, which calls them by this name."""
    try:
        return Policy.model_validate(values)
    except ValidationError as error:
        raise UserError(f"{name} is no policy: {unsound(error)}.") from None

"""Interventions as values: which steps, skips and blocks are removed over which steps (Prasad et al. 2023, Method).

A step k is the position in the sampling loop, K (first, noisiest) .. 1. An intervention is a list of removals, written
in YAML or in code, and becomes a plan: for every step that is still done, what is left out and which step comes next.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.errors import UserError, unsound

Step = Annotated[int, Field(ge=1)]
Noise = Literal["whole", "step"]  # what a jump draws: the noise of all its steps, or only that of one (equation 4)
Fill = Literal["zeros", "cache"]  # what stands in: zeros, or the part's own output of the last step that kept it


class Removal(BaseModel):
    """A removal is what is left out from step `start` downwards over `count` steps."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    start: Step
    count: Step


class Steps(Removal):
    """Steps are removed by going from x at `start` straight to x at `start - count` (equation 4); a count of 1 is the
    plain step, whatever noise is drawn."""

    remove: Literal["steps"]
    noise: Noise = "whole"


class Blocks(Removal):
    """The bottom `number` blocks are removed; something stands in place of the output of the last of them."""

    remove: Literal["blocks"]
    number: Annotated[int, Field(ge=1)]
    fill: Fill = "zeros"


class Skips(Removal):
    """Skips are removed by their numbers from the top."""

    remove: Literal["skips"]
    numbers: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]
    fill: Fill = "zeros"


class End(BaseModel):
    """The clean image predicted at step `start` is taken as the result; no step follows."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    remove: Literal["rest"]
    start: Step


Intervention = list[Annotated[Steps | Blocks | Skips | End, Field(discriminator="remove")]]


@dataclass(frozen=True)
class Action:
    """An action is one step of a plan. k: the step; after: the step that follows, 0 for the clean image; blocks: how
    many are removed from the bottom; skips: which are removed, by number; fill: what stands in; guidance: its scale,
    None for the subject's own; ends: whether the predicted clean image is the result; noise: what a jump draws, `whole`
    where the step is no jump."""

    k: int
    after: int
    blocks: int = 0
    skips: frozenset[int] = frozenset()
    fill: str = "zeros"
    guidance: float | None = None
    ends: bool = False
    noise: str = "whole"

    @property
    def whole(self) -> bool:
        """Whether nothing of the network is left out."""
        return not self.blocks and not self.skips


Plan = tuple[Action, ...]


def parse(values: object) -> Intervention:
    """Return the intervention that YAML describes; anything unsound is a `UserError`."""
    try:
        return TypeAdapter(Intervention).validate_python(values)
    except ValidationError as error:
        raise UserError(f"intervention: {unsound(error)}.") from None


def plan(intervention: Intervention, steps: int, blocks: int) -> Plan:
    """Return what is done at every step that is left, of `steps` in all, in a network of `blocks` blocks and skips.

    A removal that reaches past the last step, takes parts that are not there, meets another of its kind at one step, or
    concerns only steps that another leaves out is a `UserError`.
    """
    actions = {k: Action(k, k - 1) for k in range(steps, 0, -1)}
    for removal in intervention:
        last = _last(removal)
        if removal.start > steps or last < 1:
            raise UserError(
                f"intervention: steps {removal.start} to {last} are removed from, but the sampling loop has steps "
                f"{steps} to 1."
            )
        jumps = actions[removal.start].after != removal.start - 1
        if jumps and isinstance(removal, End | Steps):
            raise UserError(
                f"intervention: step {removal.start} is the start of two removals of steps, or of one and an end."
            )
        if isinstance(removal, End):
            actions[removal.start] = replace(actions[removal.start], after=0, ends=True)
        elif isinstance(removal, Steps):
            noise = removal.noise if removal.count > 1 else "whole"
            actions[removal.start] = replace(actions[removal.start], after=removal.start - removal.count, noise=noise)
        else:
            parts = removal.numbers if isinstance(removal, Skips) else [removal.number]
            if max(parts) > blocks:
                raise UserError(
                    f"intervention: part {max(parts)} is removed, but the network has {blocks} of its kind."
                )
            for k in range(last, removal.start + 1):
                actions[k] = _without(actions[k], removal)
    out: list[Action] = []
    k = steps
    while k > 0:
        _check_cache(actions[k], out, blocks)
        out.append(actions[k])
        k = actions[k].after
    for removal in intervention:
        last = removal.start if isinstance(removal, Steps) else _last(removal)
        if not any(last <= action.k <= removal.start for action in out):
            raise UserError(
                f"intervention: {removal.remove} removed from step {removal.start} on change nothing, for another "
                "removal leaves those steps out."
            )
    return tuple(out)


def _last(removal: Removal | End) -> int:
    """Return the last step that a removal concerns."""
    return removal.start - removal.count + 1 if isinstance(removal, Removal) else removal.start


def _check_cache(action: Action, before: list[Action], blocks: int) -> None:
    """Refuse a cache of what no earlier step has computed."""
    if action.fill != "cache":
        return
    there = not action.blocks or any(earlier.blocks < action.blocks for earlier in before)
    there &= all(
        any(number not in earlier.skips and number <= blocks - earlier.blocks for earlier in before)
        for number in action.skips
    )
    if not there:
        raise UserError(f"intervention: step {action.k} takes the cache of a part that no earlier step has computed.")


def _without(action: Action, removal: Blocks | Skips) -> Action:
    """Return the step with some parts left out too."""
    if not action.whole and action.fill != removal.fill:
        raise UserError(f"intervention: step {action.k} would have parts replaced by zeros and by their cache at once.")
    if isinstance(removal, Skips):
        return replace(action, skips=action.skips | set(removal.numbers), fill=removal.fill)
    if action.blocks:
        raise UserError(f"intervention: step {action.k} has two removals of blocks.")
    return replace(action, blocks=removal.number, fill=removal.fill)

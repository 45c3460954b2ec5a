"""The layers of a U-Net, which are its parts and the middle between them: recording and editing what they give."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from pipeline.anatomy.parts import Unit, blocks, first, skips, watching
from pipeline.diffusion import unet
from pipeline.diffusion.subject import UNet
from pipeline.errors import UserError

Edit = Callable[[torch.Tensor], torch.Tensor]


def layers(model: UNet) -> list[Unit]:
    """Return every layer in the order in which they are computed: what makes each skip, the middle, the decoder's
    blocks."""
    middle = [Unit("middle", 1, 0, 0, ("mid_block",))] if model.mid_block is not None else []
    return [*skips(model), *middle, *blocks(model)]


def named(model: UNet, names: list[str]) -> list[Unit]:
    """Return the layers of these names, such as skip_03, middle_01 or block_11; an unknown one is a `UserError`."""
    there = {unit.name: unit for unit in layers(model)}
    for name in names:
        if name not in there:
            raise UserError(f"this network has no part {name}; it has {', '.join(there)}.")
    return [there[name] for name in names]


@contextmanager
def editing(model: UNet, edits: Mapping[str, Edit]) -> Iterator[None]:
    """Within the block, layers give something else: name -> function from a layer's output to what it gives instead,
    [N, C, H, W] both. Every hook is gone afterwards.

    The edit of a skip changes what the decoder gets by it; what the encoder goes on with stays as it is. An unknown
    name is a `UserError`, before anything is changed.
    """
    units = named(model, list(edits))
    decoder = blocks(model)
    hooks = []
    try:
        for level, up in enumerate(model.up_blocks):
            numbers = [len(decoder) + 1 - unit.number for unit in decoder if unit.level == level]  # of the skips taken
            mine = {unit.number: edits[unit.name] for unit in units if unit.kind == "skip" and unit.number in numbers}
            if mine:
                hook = _editing_skips(numbers, mine)
                hooks.append(up.register_forward_pre_hook(hook, with_kwargs=True))
        for unit in units:
            if unit.kind != "skip":
                module = model.get_submodule(unit.address)
                hooks.append(module.register_forward_hook(_editing_output(edits[unit.name])))
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _editing_skips(numbers: list[int], edits: dict[int, Edit]) -> Any:
    """Return a hook for a level of the decoder; numbers: of its skips in the order they are taken, which is the
    tuple's from its end."""

    def hook(_module: Any, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
        given = list(kwargs["res_hidden_states_tuple"] if "res_hidden_states_tuple" in kwargs else args[1])
        for place, number in enumerate(numbers):
            if number in edits:
                given[-1 - place] = edits[number](given[-1 - place])
        if "res_hidden_states_tuple" in kwargs:
            return args, {**kwargs, "res_hidden_states_tuple": tuple(given)}
        return (args[0], tuple(given), *args[2:]), kwargs

    return hook


def _editing_output(edit: Edit) -> Any:
    """Return a hook that edits what a module gives, which some modules give as a tuple of one."""

    def hook(_module: Any, _inputs: tuple, output: Any) -> Any:
        edited = edit(first(output))
        return (edited, *output[1:]) if isinstance(output, tuple) else edited

    return hook


@torch.inference_mode()
def predicted(model: UNet, x: torch.Tensor, t: int, labels: torch.Tensor, batch_size: int) -> torch.Tensor:
    """Return the network's output [N, C or 2C, H, W] on the CPU; x: [N, C, H, W]; t: the timestep that it is told for
    all; labels: [N], which a network that is not told the class ignores."""
    whole = []
    for some, asked in zip(x.split(batch_size), labels.split(batch_size), strict=True):
        times = torch.full((len(some),), t, device=x.device)
        whole.append(unet.output(model, some, times, asked).float().cpu())
    return torch.cat(whole)


def outputs(model: UNet, x: torch.Tensor, t: int, labels: torch.Tensor, batch_size: int) -> dict[str, torch.Tensor]:
    """Return what each layer gives, name -> float32 [N, C, H, W] on the CPU, of a network that is called as in
    `predicted`."""
    pieces = dict[str, list[torch.Tensor]]()
    with watching(model, layers(model), lambda name, output: pieces.setdefault(name, []).append(output.float().cpu())):
        predicted(model, x, t, labels, batch_size)
    return {name: torch.cat(of) for name, of in pieces.items()}

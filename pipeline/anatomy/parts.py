"""The parts of a U-Net, found by its structure and not by name lists.

Skips are numbered from the top (1: full resolution), decoder blocks from the bottom of the U (1: deepest), as in
Prasad et al. 2023, "Unraveling the Temporal Dynamics of the Unet in Diffusion Models", section Method.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from pipeline.diffusion.subject import Subject, UNet
from pipeline.errors import UserError


@dataclass(frozen=True)
class Unit:
    """A unit is one convolutional unit: a residual block with the attention behind it and, at the end of a level, the
    up- or downsampler; or a downsampler or the input convolution alone. kind: `skip`, for what makes it, or `block`;
    number: its place in the U; level: index into down_blocks or up_blocks, -1 for the input convolution; index: its
    place among the level's units; addresses: of its modules, in the order in which they are called."""

    kind: str
    number: int
    level: int
    index: int
    addresses: tuple[str, ...]

    @property
    def name(self) -> str:
        """The part's name, which is its address, file name and caption alike: skip_03, block_11."""
        return f"{self.kind}_{self.number:02d}"

    @property
    def address(self) -> str:
        """The address of the module whose output is the part's."""
        return self.addresses[-1]


def skips(model: UNet) -> list[Unit]:
    """Return what makes each skip, from the top: the input convolution and every unit of the encoder."""
    units: list[tuple[str, ...]] = [("conv_in",)]
    places = [(-1, 0)]
    for level, block in enumerate(model.down_blocks):
        for index, addresses in enumerate(_units(block, f"down_blocks.{level}")):
            units.append(addresses)
            places.append((level, index))
        for at in range(len(block.downsamplers or [])):
            units.append((f"down_blocks.{level}.downsamplers.{at}",))
            places.append((level, len(block.resnets) + at))
    return [Unit("skip", i + 1, *place, unit) for i, (unit, place) in enumerate(zip(units, places, strict=True))]


def blocks(model: UNet) -> list[Unit]:
    """Return the decoder's blocks, from the bottom; block b takes skip N + 1 - b of N."""
    out: list[Unit] = []
    for level, block in enumerate(model.up_blocks):
        units = _units(block, f"up_blocks.{level}")
        for index, addresses in enumerate(units):
            count = len(block.upsamplers or []) if index == len(units) - 1 else 0
            ups = tuple(f"up_blocks.{level}.upsamplers.{at}" for at in range(count))
            out.append(Unit("block", len(out) + 1, level, index, addresses + ups))
    if len(out) != len(skips(model)):
        raise UserError(
            f"this network's decoder has {len(out)} blocks for {len(skips(model))} skips, but each block must take one."
        )
    return out


def _units(block: Any, address: str) -> list[tuple[str, ...]]:
    """Return the addresses of a level's residual blocks, each with the attention behind it."""
    attentions = getattr(block, "attentions", None) or []
    return [
        (f"{address}.resnets.{i}", *([f"{address}.attentions.{i}"] if i < len(attentions) else []))
        for i in range(len(block.resnets))
    ]


@contextmanager
def watching(model: UNet, units: list[Unit], see: Callable[[str, torch.Tensor], object]) -> Iterator[None]:
    """Within the block `see` gets the name and the output of each part, [N, C, H, W], at the moment when it is
    computed. No output is kept here, so memory does not grow with the number of parts. Every hook is gone afterwards.
    """

    def hook(name: str) -> Any:
        def shown(_module: Any, _inputs: tuple, output: Any) -> None:
            see(name, first(output))

        return shown

    hooks = []
    try:
        for unit in units:
            hooks.append(model.get_submodule(unit.address).register_forward_hook(hook(unit.name)))
        yield
    finally:
        for each in hooks:
            each.remove()


@contextmanager
def recording(model: UNet, units: list[Unit]) -> Iterator[dict[str, torch.Tensor]]:
    """Record outputs within the block: part name -> its output at the last call that computed it. Every hook is gone
    afterwards."""
    found: dict[str, torch.Tensor] = {}
    with watching(model, units, found.__setitem__):
        yield found


@dataclass(frozen=True)
class Form:
    """The form of a part's output. shape: (C, H, W); layout: the order of its values in memory. What stands in for the
    output must have the same layout, because other kernels, which round differently, take another one."""

    shape: tuple[int, int, int]
    layout: torch.memory_format

    def zeros(self, like: torch.Tensor) -> torch.Tensor:
        """Return zeros of this form, as many as the batch `like` [N, ...] has, of its type and on its device."""
        return like.new_zeros(len(like), *self.shape).to(memory_format=self.layout)


def forms(subject: Subject, count: int = 1) -> dict[str, Form]:
    """Return part name -> the form of its output in a batch of so many images. The number of images matters, for some
    modules choose the layout by it."""
    found: dict[str, Form] = {}

    def note(name: str, output: torch.Tensor) -> None:
        found[name] = _form(output)

    with watching(subject.model, [*skips(subject.model), *blocks(subject.model)], note):
        subject.once(count=count)
    return found


def _form(output: torch.Tensor) -> Form:
    """Return the form of an output [N, C, H, W]."""
    _, channels, height, width = output.shape
    layouts = torch.contiguous_format, torch.channels_last
    layout = next((each for each in layouts if output.is_contiguous(memory_format=each)), torch.contiguous_format)
    return Form((channels, height, width), layout)


def table(subject: Subject) -> pd.DataFrame:
    """Return a row per part: name, kind, number, address, resolution (pixels per side), channels, and the multiply-adds
    of one image (of both passes where there is guidance)."""
    seen = forms(subject)
    with FlopCounterMode(display=False) as counter:
        subject.once()
    root = type(subject.model).__name__
    flops = {name.removeprefix(f"{root}."): sum(of.values()) for name, of in counter.get_flop_counts().items()}
    rows = []
    for unit in [*skips(subject.model), *blocks(subject.model)]:
        channels, resolution, _ = seen[unit.name].shape
        own = sum(flops.get(address, 0) for address in unit.addresses) // 2
        rows.append((unit.name, unit.kind, unit.number, " ".join(unit.addresses), resolution, channels, own))
    columns = ["name", "kind", "number", "address", "resolution", "channels", "multiply_adds"]
    return pd.DataFrame(rows, columns=columns)


def first(output: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
    """Return a module's output, which some modules give as a tuple of one."""
    return output[0] if isinstance(output, tuple) else output

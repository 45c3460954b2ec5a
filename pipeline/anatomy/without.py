"""A U-Net without some of its parts: a smaller network of the same weights, in which what is removed is not computed.

Prasad et al. 2023, section Method: removing the bottom nb blocks puts something in place of the nb-th block's output,
so that those blocks, the middle and the encoder beneath need no processing; a removed skip has something in its place.
"""

import copy
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from pipeline.anatomy.parts import Form, Unit, blocks, skips
from pipeline.diffusion.subject import UNet
from pipeline.errors import UserError


@dataclass
class Fill:
    """A fill is what stands in for removed parts: the output of the last removed block [N, C, H, W], and of skips by
    number; zeros where it is None or missing."""

    block: torch.Tensor | None = None
    skips: dict[int, torch.Tensor] = field(default_factory=dict)


class Reduced:
    """The network without its bottom `nb` blocks and without the skips `removed` (numbers from the top).

    `network` is called as the model is, after `fill` has been set; forms: as `parts.forms` gives them. The
    multiply-adds of what is left out are saved, and nothing else changes: with the same fill it equals, bit for bit,
    the whole network whose parts' outputs are replaced.
    """

    def __init__(self, model: UNet, nb: int, removed: frozenset[int], forms: dict[str, Form]):
        encoder, decoder = skips(model), blocks(model)
        count = len(decoder)
        if not 0 <= nb <= count or not removed <= set(range(1, count + 1)):
            raise UserError(
                f"this network has {count} blocks and as many skips; {nb} blocks from the bottom and the skips "
                f"{sorted(removed)} are not among them."
            )
        self.fill = Fill()
        taken = [unit for unit in encoder if unit.number <= count - nb]  # skips that the kept blocks take
        computed = [unit.number for unit in taken if unit.number not in removed]
        deepest = count if nb == 0 else max(computed, default=1)
        self.network = _twin(model)
        if nb == 0 and not removed:
            return
        blank = [forms[unit.name] for unit in taken if unit.number > deepest]
        self.network.down_blocks = nn.ModuleList([*_encoder(model, deepest), *([_Blank(blank)] if blank else [])])
        if nb:
            self.network.mid_block = _StandIn(self, forms[decoder[nb - 1].name])
        self.network.up_blocks = nn.ModuleList(self._decoder(model, nb, decoder, removed))

    def _decoder(self, model: UNet, nb: int, decoder: list[Unit], removed: frozenset[int]) -> Iterator[nn.Module]:
        """Yield the levels of the decoder from block nb + 1 on, with other tensors in place of removed skips."""
        for level, block in enumerate(model.up_blocks):
            kept = [unit for unit in decoder if unit.level == level and unit.number > nb]
            if not kept:
                continue
            numbers = [len(decoder) + 1 - unit.number for unit in kept]  # of the skips they take, in turn
            if len(kept) == len(block.resnets) and not removed & set(numbers):
                yield block
                continue
            part = _twin(block)
            for name in ("resnets", "attentions"):
                if getattr(block, name, None):
                    setattr(part, name, nn.ModuleList(list(getattr(block, name))[kept[0].index :]))
            if removed & set(numbers):
                part.register_forward_pre_hook(self._replacing(numbers, removed), with_kwargs=True, prepend=True)
            yield part

    def _replacing(self, numbers: list[int], removed: frozenset[int]) -> Any:
        """A hook that gives a level of the decoder something else in place of removed skips.

        numbers: of the skips in the order they are taken, which is the tuple's from its end.
        """

        def hook(_module: nn.Module, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
            given = kwargs["res_hidden_states_tuple"] if "res_hidden_states_tuple" in kwargs else args[1]
            own = list(given)
            for place, number in enumerate(numbers):
                if number in removed:
                    there = own[-1 - place]
                    own[-1 - place] = self.fill.skips.get(number, torch.zeros_like(there))
            if "res_hidden_states_tuple" in kwargs:
                return args, {**kwargs, "res_hidden_states_tuple": tuple(own)}
            return (args[0], tuple(own), *args[2:]), kwargs

        return hook


class _StandIn(nn.Module):
    """A module in place of the middle block, which gives what the last removed block would have given."""

    def __init__(self, reduced: Reduced, form: Form):
        super().__init__()
        self.reduced, self.form = reduced, form

    def forward(self, sample: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
        block = self.reduced.fill.block
        return self.form.zeros(sample) if block is None else block


class _Blank(nn.Module):
    """A module in place of the encoder's last units, which gives zeros for skips that are taken and removed."""

    def __init__(self, forms: list[Form]):
        super().__init__()
        self.forms = forms

    def forward(self, hidden_states: torch.Tensor, **_: object) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        return hidden_states, tuple(form.zeros(hidden_states) for form in self.forms)


def _encoder(model: UNet, deepest: int) -> Iterator[nn.Module]:
    """Yield the levels of the encoder down to what makes skip `deepest`."""
    left = deepest - 1  # the input convolution makes the first
    for block in model.down_blocks:
        units = len(block.resnets) + len(block.downsamplers or [])
        if left <= 0:
            return
        if left >= units:
            yield block
        else:
            part = _twin(block)
            for name in ("resnets", "attentions"):
                if getattr(block, name, None):
                    setattr(part, name, nn.ModuleList(list(getattr(block, name))[:left]))
            if left <= len(block.resnets):
                part.downsamplers = None
            yield part
        left -= units


def _twin(module: nn.Module) -> Any:
    """Return a copy that shares weights and submodules, whose own list of submodules and hooks may be changed."""
    twin = copy.copy(module)
    twin._modules = dict(module._modules)
    twin._forward_pre_hooks = OrderedDict(module._forward_pre_hooks)
    twin._forward_pre_hooks_with_kwargs = OrderedDict(module._forward_pre_hooks_with_kwargs)
    return twin

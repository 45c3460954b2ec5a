"""The costs of an architecture: weights, multiply-adds and memory, which are counted and not timed."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from pipeline.diffusion.lean import UNet2DModel
from pipeline.diffusion.unet import output


@dataclass(frozen=True)
class Costs:
    """The costs of an architecture. parameters: the number of trainable weights; channels_per_level: the width of the
    encoder at each level, full resolution first; multiply_adds: those of one forward pass of one image; weight_bytes:
    the size of the weights in float32; training_bytes_per_image: the activations that are kept for the backward pass of
    one image."""

    parameters: int
    channels_per_level: list[int]
    multiply_adds: int
    weight_bytes: int
    training_bytes_per_image: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(model: UNet2DModel) -> Costs:
    """Count what one image's forward pass takes, on the CPU, to which the model is moved."""
    model = model.cpu()
    size, channels = model.config.sample_size, model.config.in_channels
    x, zero = torch.zeros(1, channels, size, size), torch.zeros(1, dtype=torch.long)
    widths: list[int] = []

    def note_width(block: nn.Module, _args: tuple, inputs: dict[str, torch.Tensor], output: tuple) -> None:
        there = (
            output[0] if block.resnets else inputs["hidden_states"]
        )  # without blocks, the output has the next level's width
        widths.append(there.shape[1])

    hooks = [block.register_forward_hook(note_width, with_kwargs=True) for block in model.down_blocks]
    kept: dict[int, int] = {}
    weights = {parameter.data_ptr() for parameter in model.parameters()}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.data_ptr() not in weights:
            kept[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor

    try:
        with FlopCounterMode(display=False) as counter, torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
            output(model, x, zero, zero)
    finally:
        for hook in hooks:
            hook.remove()
    parameters = sum(p.numel() for p in model.parameters())
    return Costs(parameters, widths, counter.get_total_flops() // 2, parameters * 4, sum(kept.values()))

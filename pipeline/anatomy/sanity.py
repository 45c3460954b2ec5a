"""Sanity checks of saliency maps: a map that stays where the weights are gone says nothing of the network (Adebayo et
al. 2018), and one that stays where the prediction has changed says nothing of the prediction (Ghorbani et al. 2019)."""

import copy

import torch
from torch import nn

from pipeline.anatomy.explained import Explained
from pipeline.anatomy.layers import layers
from pipeline.diffusion.subject import UNet


def depths(model: UNet, count: int) -> list[int]:
    """Return how many layers, counted from the output, lose their weights one after the other: `count` numbers, evenly
    spaced, the last of which is all layers."""
    total = len(layers(model))
    return sorted({max(round(total * (i + 1) / count), 1) for i in range(count)})


def randomised(model: UNet, depth: int, seed: int) -> nn.Module:
    """Return a copy of a network in which the output convolution and so many layers, from the output on, have fresh
    weights, as torch draws them; with all layers the embeddings of time and class have fresh ones too."""
    fresh, units = copy.deepcopy(model), layers(model)[::-1]
    whole = depth >= len(units)
    addresses = ["conv_norm_out", "conv_out", *(each for unit in units[:depth] for each in unit.addresses)]
    places = [fresh] if whole else [fresh.get_submodule(address) for address in addresses]
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for module in (module for place in places for module in place.modules()):
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
    return fresh


def perturbed(explained: Explained, radius: float, steps: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return an input that was changed at random, and one that was changed by as much so that the predicted noise is
    least like before, [C, H, W] both.

    No value changes by more than `radius` times the input's standard deviation. The first has random signs; the second
    goes on from it by projected gradient descent of the score (Madry et al. 2018), in `steps` steps.
    """
    x = explained.x
    most = radius * x.std()
    signs = torch.rand(x.shape, generator=torch.Generator().manual_seed(seed)).to(x.device) < 0.5
    start = torch.where(signs, most, -most)
    change = start.clone()
    for _ in range(steps):
        with torch.enable_grad():
            change.requires_grad_()
            (gradient,) = torch.autograd.grad(explained.score((x + change)[None]).sum(), change)
        change = (change.detach() - 2.5 * most / steps * gradient.sign()).clamp(-most, most)
    return x + start, x + change

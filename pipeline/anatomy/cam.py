"""DF-CAM: which part of a step's image the predicted noise rests on, seen inside the network.

Park et al., arXiv 2402.10404, equations 10 and 11, after Grad-CAM (Selvaraju et al. 2017). The channels of a layer are
added, each weighted by its mean gradient, and what is below 0 is left out. The source's gradient is that of the sum of
all predicted values. Here it is that of the likeness between the predicted noise and its own final estimate: the noise
that the step's input turns out to hold once the final image is there. The sum is there too.
"""

from typing import Literal

import numpy as np
import torch
from torch.nn import functional

from pipeline.anatomy.explained import Explained, likeness
from pipeline.anatomy.layers import layers, named
from pipeline.anatomy.parts import Unit, watching
from pipeline.anatomy.salient import unit_range
from pipeline.diffusion.subject import Subject
from pipeline.errors import UserError

Target = Literal["likeness", "sum"]


def chosen(subject: Subject, names: list[str] | Literal["all"]) -> list[Unit]:
    """Return the layers of these names, or all whose output has more than one pixel. An unknown name, and a layer
    without a spatial output, is a `UserError`."""
    units = layers(subject.model) if names == "all" else named(subject.model, names)
    shapes: dict[str, torch.Size] = {}
    with watching(subject.model, units, lambda name, output: shapes.update({name: output.shape})):
        subject.once()
    flat = [name for name, shape in shapes.items() if len(shape) != 4 or shape[2] * shape[3] == 1]
    if flat and names != "all":
        raise UserError(f"params.yaml: saliency.layers has {flat[0]}, whose output is one pixel and has no map.")
    return [unit for unit in units if unit.name not in flat]


def final_noise(x: torch.Tensor, final: torch.Tensor, level: float) -> torch.Tensor:
    """Return the noise that x holds if `final` is its clean image, (x - sqrt(a) final) / sqrt(1 - a) (Ho et al. 2020,
    eq. 4); x, final: [C, H, W]; level: alpha-bar of x."""
    return (x - level**0.5 * final) / (1 - level) ** 0.5


def maps(explained: Explained, units: list[Unit], estimate: torch.Tensor, target: Target) -> dict[str, np.ndarray]:
    """Return the map of every layer, name -> float64 [H, W] of the input's size, all from one backward pass.

    estimate: [C, H, W], the final estimate of the noise; target: likeness to it, or the sum of the predicted values.
    With guidance a layer's maps are those for the prompt. No gradient is left at any weight.
    """
    size, found = explained.x.shape[1:], dict[str, torch.Tensor]()
    with torch.enable_grad():
        with watching(explained.network, units, found.__setitem__):
            out = explained.predicted(explained.x[None].clone().requires_grad_())
        y = likeness(out, estimate[None], explained.kind).sum() if target == "likeness" else out.sum()
        gradients = torch.autograd.grad(y, list(found.values()), materialize_grads=True)
    passes = explained.subject.passes
    return {
        name: weighted(output.detach()[::passes], gradient[::passes], (size[0], size[1]))
        for (name, output), gradient in zip(found.items(), gradients, strict=True)
    }


def weighted(output: torch.Tensor, gradient: torch.Tensor, size: tuple[int, int]) -> np.ndarray:
    """Return the sum of a layer's channels weighted by their mean gradients, without what is below 0, enlarged
    bilinearly to `size`, float64 [H, W]; output, gradient: [1, C, h, w]."""
    added = (gradient.mean(dim=(2, 3), keepdim=True) * output).sum(dim=1, keepdim=True).clamp_min(0)
    return functional.interpolate(added, size, mode="bilinear")[0, 0].double().cpu().numpy()


def together(of_layers: dict[str, np.ndarray]) -> np.ndarray:
    """Return the mean over layers of their maps, each set to 0..1 before, float64 [H, W]; the source adds them so. A
    layer whose map is flat has no say."""
    return np.mean([unit_range(each) for each in of_layers.values()], axis=0)

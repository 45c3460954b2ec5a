"""What the saliency maps explain: how a predicted noise follows from its input, as a number that a change of the input
lowers.

The number is the likeness of two predicted noises, by the three terms of SSIM (Wang et al. 2004): luminance, contrast
and structure. Park et al. (arXiv 2402.10404) use the term of structure alone, which is there too.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

from pipeline.diffusion.subject import Subject
from pipeline.diffusion.unet import halves

Likeness = Literal["ssim", "structure"]
WINDOW = 7  # pixels per side, as in scikit-image
RANGE = 6.0  # of the values of noise, from -3 to 3, which are set to 0..1 as those of an image
SMALL = 1e-12  # keeps the gradient of a root finite where nothing varies


def likeness(one: torch.Tensor, other: torch.Tensor, kind: Likeness) -> torch.Tensor:
    """Return how alike the images of two batches are, [N], 1 where they are equal; it has a gradient.

    one: [N, C, H, W]; other: [N, C, H, W], or [1, C, H, W] for all; H and W are at least `WINDOW`. SSIM is made for
    images, whose values are positive, so -3..3 becomes 0..1 first. Windows have uniform weights and lie wholly inside,
    variances are those of a sample, and the mean is over windows and channels, all as in
    scikit-image. kind: ssim, all three terms, or structure, (cov + C3) / (s s' + C3).
    """
    one, other = one / RANGE + 0.5, other.expand_as(one) / RANGE + 0.5
    mean, mean_other = (functional.avg_pool2d(each, WINDOW, 1) for each in (one, other))
    sample = WINDOW**2 / (WINDOW**2 - 1)
    squares = sample * (functional.avg_pool2d(one * one, WINDOW, 1) - mean**2)
    squares_other = sample * (functional.avg_pool2d(other * other, WINDOW, 1) - mean_other**2)
    products = sample * (functional.avg_pool2d(one * other, WINDOW, 1) - mean * mean_other)
    c1, c2 = 0.01**2, 0.03**2
    if kind == "structure":
        spread = (squares.clamp_min(0) * squares_other.clamp_min(0) + SMALL).sqrt()
        return ((products + c2 / 2) / (spread + c2 / 2)).mean(dim=(1, 2, 3))
    luminance = (2 * mean * mean_other + c1) / (mean**2 + mean_other**2 + c1)
    return (luminance * (2 * products + c2) / (squares + squares_other + c2)).mean(dim=(1, 2, 3))


@dataclass(frozen=True)
class Explained:
    """A prediction of one image's noise that is to be explained. network: the subject's, or one of the same form; x:
    [C, H, W], its input at timestep t; label: the class or prompt that is asked for; noise: [1, C, H, W], predicted
    from the whole of x; kind: how two noises are compared; batch_size: inputs that the network takes at a time."""

    subject: Subject
    network: nn.Module
    x: torch.Tensor
    t: int
    label: int
    noise: torch.Tensor
    kind: Likeness
    batch_size: int

    def predicted(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the noise that is predicted from other inputs in the place of x, [N, C, H, W] both; it has a
        gradient."""
        return _noise(self.subject, self.network, inputs, self.t, self.label)

    def score(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return how like the noise of the whole the noise of each input is, [N]; inputs: [N, C, H, W]. It has a
        gradient."""
        return likeness(self.predicted(inputs), self.noise, self.kind)

    def scores(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `score` without a gradient, in batches of exactly `batch_size`, the last filled up with zeros."""
        out = []
        with torch.inference_mode():
            for piece in inputs.split(self.batch_size):
                filler = piece.new_zeros(self.batch_size - len(piece), *piece.shape[1:])
                out.append(self.score(torch.cat([piece, filler]))[: len(piece)])
        return torch.cat(out)


def explained(
    subject: Subject,
    x: torch.Tensor,
    t: int,
    label: int,
    kind: Likeness,
    batch_size: int,
    network: nn.Module | None = None,
) -> Explained:
    """Return what is explained of an image [C, H, W]: the noise of the whole is predicted once, here. network: None for
    the subject's own."""
    used = subject.model if network is None else network
    with torch.no_grad():
        noise = _noise(subject, used, x[None], t, label)
    return Explained(subject, used, x, t, label, noise, kind, batch_size)


def _noise(subject: Subject, network: nn.Module, inputs: torch.Tensor, t: int, label: int) -> torch.Tensor:
    """Return the predicted noise of inputs that all ask for one class, [N, C, H, W]."""
    labels = torch.full((len(inputs),), label, device=inputs.device)
    noise, _ = halves(subject.predict(network, inputs, t, labels), inputs.shape[1])
    return noise

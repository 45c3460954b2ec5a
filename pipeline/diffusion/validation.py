"""The held-out images that every variant is validated on, and what a denoiser predicts there."""

from dataclasses import dataclass

import numpy as np
import torch

from pipeline.data.tensors import scaled
from pipeline.diffusion.noise import mix
from pipeline.diffusion.schedule import add_noise
from pipeline.diffusion.unet import Denoiser, halves

BATCH = 500  # images that the denoiser takes at a time


@dataclass(frozen=True)
class ValidationSet:
    """Held-out images with fixed timesteps and noise, which are the same for every variant and every row.

    x0: [N, C, H, W]; eps: [D, N, C, H, W]; t: [D, N]; labels: [N]. The D x N timesteps cover 0..T-1 evenly.
    """

    x0: torch.Tensor
    labels: torch.Tensor
    t: torch.Tensor
    eps: torch.Tensor


@dataclass(frozen=True)
class Predicted:
    """What a denoiser predicts on a validation set, float64 [D, N] each. losses: the squared error of the predicted
    noise, mean over pixels; noise_means, predicted_means: the mean over pixels of the noise and of the predicted noise.

    The noise that follows from v is wrong by sqrt(alpha-bar) times what v is wrong by (Salimans and Ho 2022,
    section 4), so the losses are those of v times alpha-bar, whichever the network predicts.
    """

    losses: np.ndarray
    noise_means: np.ndarray
    predicted_means: np.ndarray


def validation_set(images: torch.Tensor, labels: torch.Tensor, draws: int, timesteps: int) -> ValidationSet:
    """Return a set with `draws` noisy versions of each image; images: uint8 [N, C, H, W]."""
    count = draws * len(images)
    generator = torch.Generator().manual_seed(mix(0, 2**40))
    even = ((torch.arange(count) + 0.5) * timesteps / count).long()
    t = even[torch.randperm(count, generator=generator)].view(draws, len(images))
    eps = torch.randn((draws, *images.shape), generator=generator)
    return ValidationSet(scaled(images), labels, t.to(images.device), eps.to(images.device))


@torch.inference_mode()
def predict(denoiser: Denoiser, validation: ValidationSet, alpha_bar: torch.Tensor) -> Predicted:
    """Return what a denoiser predicts for every draw and image."""
    pieces = torch.arange(len(validation.x0), device=validation.x0.device).split(BATCH)
    found = []
    for t, eps in zip(validation.t, validation.eps, strict=True):
        for piece in pieces:
            x = add_noise(validation.x0[piece], eps[piece], alpha_bar[t[piece]])
            predicted, _ = halves(denoiser(x, t[piece], validation.labels[piece]), x.shape[1])
            values = ((predicted - eps[piece]).double().square(), eps[piece].double(), predicted.double())
            found.append(torch.stack([each.mean(dim=(1, 2, 3)) for each in values]).cpu())
    return Predicted(*torch.cat(found, dim=1).reshape(3, *validation.t.shape).numpy())

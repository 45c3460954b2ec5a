"""The timestep embedding: how alike timesteps are in it, what a denoiser loses where it is told a wrong level, and
whether its layers show the level of an image although it is told nothing of it.

Sun et al. 2025 ask the last: a level that can be told from the noisy image alone need not be told.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from pipeline.anatomy import representations
from pipeline.anatomy.embedded import PIXELS
from pipeline.anatomy.held_out import noisy
from pipeline.anatomy.layers import outputs, predicted
from pipeline.diffusion.lean import UNet2DModel
from pipeline.diffusion.schedule import snr_db
from pipeline.diffusion.unet import halves


def levels(count: int, total: int) -> list[int]:
    """Return timesteps in the middles of `count` equal parts of the T = `total` timesteps. The last timestep is not
    among them: almost nothing of the image is left there, so its level in dB is far from all others."""
    return [int((i + 0.5) * total / count) for i in range(count)]


@torch.inference_mode()
def similarity(model: UNet2DModel, timesteps: np.ndarray) -> np.ndarray:
    """Return the cosine similarity of what the network makes of each pair of timesteps, float64 [R, R]: of the output
    of the two linear layers that follow the sines and cosines of t (Ho et al. 2020, appendix B); timesteps: int [R]."""
    t = torch.from_numpy(timesteps).to(next(model.parameters()).device)
    vectors = model.time_embedding(model.time_proj(t)).double().cpu().numpy()
    directions = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.clip(directions @ directions.T, -1, 1))


def mismatch(
    model: UNet2DModel,
    x0: torch.Tensor,
    labels: np.ndarray,
    timesteps: list[int],
    alpha_bar: torch.Tensor,
    prediction: str,
    batch_size: int,
    called: Callable[[int], object] = lambda images: None,
) -> Iterator[dict[str, Any]]:
    """Yield a row for each true and each told level: the timesteps `true` and `told`, loss, reread and n.

    The network alone is told the wrong level; its output is read as that of the true one. loss: the mean squared error
    of the noise that follows from it. Under a wrong level a network that predicts v is also asked for another v. So
    reread is what is left of the loss with the best reading of the output: the noise as the best linear combination of
    the noisy image and the output, one for all images.

    x0: [N, C, H, W]; labels: int64 [N]; alpha_bar: [T]; prediction: epsilon or v; called: told of the images of every
    pass.
    """
    device = next(model.parameters()).device
    asked = torch.from_numpy(labels).to(device)
    for true in timesteps:
        x, target = noisy(x0, true, alpha_bar, prediction)
        scale = float(alpha_bar[true]) if prediction == "v" else 1.0  # from the error of v to that of the noise
        for told in timesteps:
            out, _ = halves(predicted(model, x.to(device), told, asked, batch_size), x.shape[1])
            called(len(x))
            loss = (out - target).double().square().mean().item()
            row = {"true": true, "told": told, "loss": scale * loss}
            yield {**row, "reread": scale * unexplained(target, x, out), "n": len(x)}


def unexplained(target: torch.Tensor, *given: torch.Tensor) -> float:
    """Return the mean square of what the best linear combination of some images leaves of the target; all of one
    shape."""
    columns = np.stack([each.double().numpy().ravel() for each in given], axis=1)
    wanted = target.double().numpy().ravel()
    weights, *_ = np.linalg.lstsq(columns, wanted, rcond=1e-6)  # below it, single precision alone tells them apart
    return float(((wanted - columns @ weights) ** 2).mean())


def reading(
    model: UNet2DModel,
    x0: torch.Tensor,
    labels: np.ndarray,
    learn: np.ndarray,
    timesteps: list[int],
    alpha_bar: torch.Tensor,
    batch_size: int,
    called: Callable[[int], object] = lambda images: None,
) -> Iterator[dict[str, Any]]:
    """Yield a row for each layer of a network that is told the middle of T whatever the level of the image: how well a
    linear probe reads the level off it, r2 and r2_learnt (`representations.level_probe`), the layer's name and place,
    and n, the images that r2 is measured on. The first row is of the noisy image itself, at place -1.

    x0: [N, C, H, W]; labels: int64 [N]; learn: bool [N], the images that the probe learns from; alpha_bar: [T].
    """
    device = next(model.parameters()).device
    asked = torch.from_numpy(labels).to(device)
    moments = dict[str, list[np.ndarray]]()
    for t in timesteps:
        x, _ = noisy(x0, t, alpha_bar, "epsilon")
        found = outputs(model, x.to(device), len(alpha_bar) // 2, asked, batch_size)
        called(len(x))
        for layer, maps in {PIXELS: x, **found}.items():
            moments.setdefault(layer, []).append(representations.moments(maps.numpy()))
    decibels = snr_db(alpha_bar)[timesteps].numpy().repeat(len(x0))
    for place, (layer, of_levels) in enumerate(moments.items(), start=-1):
        features = np.concatenate(of_levels)
        r2, learnt = representations.level_probe(features, decibels, np.tile(learn, len(timesteps)))
        yield {"layer": layer, "place": place, "r2": r2, "r2_learnt": learnt, "n": int((~learn).sum())}

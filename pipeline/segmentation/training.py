"""The training of a segmentation network with the cross-entropy of every pixel.

Batches, optimizer, learning rate and averaging are the denoiser's; it is always in float32 and not compiled.

Everything random in an update comes from a generator that is seeded by (seed, update), so the same seed gives the same
bytes.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from pipeline.data.images import ImageSet
from pipeline.data.tensors import to_network
from pipeline.diffusion.lean import UNet2DModel
from pipeline.diffusion.optimizer import Optimizer
from pipeline.diffusion.training import average, epoch_indices, lr_factor
from pipeline.errors import UserError
from pipeline.params import Train
from pipeline.segmentation.composites import compose
from pipeline.segmentation.network import logits

BATCH = 500  # images that are predicted at a time


def train(
    model: UNet2DModel,
    images: ImageSet,
    masks: np.ndarray,
    params: Train,
    seed: int,
    updated: Callable[[int], object] = lambda count: None,
) -> tuple[UNet2DModel, list[float]]:
    """Train a network on composites of images, each with a fresh background whenever it is seen; return the averaged
    weights, in evaluation mode, and the loss of every update. A loss that is not a number is a `UserError`.

    masks: bool [N, H, W], the images' foreground; params: the denoiser's, with the images to be seen here; updated: is
    called with the number of images of every update.
    """
    device = next(model.parameters()).device
    total = math.ceil(params.images / params.batch_size)
    optimizer = Optimizer(model, params)
    averaged = AveragedModel(model, multi_avg_fn=lambda old, new, count: average(old, new, int(count), params.ema))
    losses = []
    model.train()
    for update in range(total):
        index = epoch_indices(update, params.batch_size, len(images), seed, torch.device("cpu")).numpy()
        chosen = images[index]
        fresh = np.random.default_rng([seed, update])
        composites, classes = compose(chosen.images, masks[index], chosen.labels, "train", fresh)
        said = logits(model, to_network(composites).to(device)).permute(0, 2, 3, 1).flatten(0, 2)  # a row per pixel
        loss = nn.functional.cross_entropy(said, torch.from_numpy(classes).to(device).flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), params.clip_norm)
        optimizer.step(params.lr * lr_factor(update, total, params))
        averaged.update_parameters(model)
        losses.append(loss.detach())
        updated(len(index))
    finished = averaged.module.eval()
    assert isinstance(finished, UNet2DModel)
    curve = torch.stack(losses).tolist()
    if not np.isfinite(curve).all():
        raise UserError(
            f"the loss of the segmentation network with training seed {seed} became {curve[-1]}; a lower train.lr or a "
            "longer train.warmup usually helps."
        )
    return finished, curve


@torch.inference_mode()
def predict(model: UNet2DModel, composites: np.ndarray) -> np.ndarray:
    """Return the class that is seen in each pixel, int64 [N, H, W], 0 for the background; composites: uint8
    [N, H, W, C]."""
    device = next(model.parameters()).device
    pieces = np.array_split(composites, -(-len(composites) // BATCH))
    return np.concatenate([logits(model, to_network(p).to(device)).argmax(dim=1).cpu().numpy() for p in pieces])


def overlaps(predicted: np.ndarray, true: np.ndarray, classes: int) -> np.ndarray:
    """Return the intersection over union of each class of pixels, float64 [1 + classes], the background first, over all
    images at once (Everingham et al. 2010); not a number for a class that neither has. predicted, true: int [N, H, W].
    """
    count = 1 + classes
    confusion = np.bincount(count * true.ravel() + predicted.ravel(), minlength=count**2).reshape(count, count)
    both, either = np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1) - np.diag(confusion)
    return np.divide(both, either, out=np.full(count, np.nan), where=either > 0)

"""Looking at the layers of three networks of one architecture: the denoiser, the segmentation network, and the denoiser
before its training."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from skimage.filters import sobel

from pipeline.anatomy import representations
from pipeline.anatomy.held_out import noisy
from pipeline.anatomy.layered import COMPOSITE, DENOISER, FLOOR, FRESH, SEED, SEGMENTER, view
from pipeline.anatomy.layers import editing, outputs, predicted
from pipeline.anatomy.parts import skips
from pipeline.anatomy.shades import shades
from pipeline.data.tensors import from_network, to_network
from pipeline.diffusion.lean import UNet2DModel
from pipeline.diffusion.unet import halves
from pipeline.segmentation.training import overlaps


@dataclass(frozen=True)
class Seen:
    """Held-out images as the networks get them. labels: int64 [N]; unrelated: int64 [N], a class for each image that
    has nothing to do with it; masks: bool [N, H, W]; gradients: float [N, H, W];
    learn: bool [N], the half that channels are chosen and probes learnt on; views: name -> (timestep, x [N, C, H, W],
    what the denoiser is to predict there, or None); classes: int64 [N, H, W], of the composites' pixels; clean: the
    images, [N, C, H, W]."""

    labels: np.ndarray
    unrelated: np.ndarray
    masks: np.ndarray
    gradients: np.ndarray
    learn: np.ndarray
    views: dict[str, tuple[int, torch.Tensor, torch.Tensor | None]]
    classes: np.ndarray
    clean: torch.Tensor

    @property
    def pictures(self) -> dict[str, np.ndarray]:
        """Return what each view shows, uint8 [N, H, W, C]."""
        return {name: from_network(x) for name, (_, x, _) in self.views.items()}


def see(
    images: np.ndarray,
    masks: np.ndarray,
    labels: np.ndarray,
    composites: tuple[np.ndarray, np.ndarray],
    times: list[float],
    alpha_bar: torch.Tensor,
    prediction: str,
) -> Seen:
    """Return images at some noise levels, and as composites.

    images: uint8 [N, H, W, C]; masks: bool [N, H, W]; labels: int [N], the classes in turn; composites: as `compose`
    gives them; times: shares of T; prediction: epsilon or v.
    """
    x0 = to_network(images)
    views: dict[str, tuple[int, torch.Tensor, torch.Tensor | None]] = {}
    for share in times:
        t = max(round(share * len(alpha_bar)) - 1, 0)
        views[view(share)] = t, *noisy(x0, t, alpha_bar, prediction)
    pictures, classes = composites
    views[COMPOSITE] = 0, to_network(pictures), None
    grey = images.mean(axis=3) / 255
    turns = len(set(labels.tolist()))
    turn = np.arange(len(images)) // turns  # of all classes
    return Seen(
        labels,
        (turn // 2) % turns,
        masks,
        np.stack([sobel(image) for image in grey]),
        turn % 2 == 0,
        views,
        classes,
        x0,
    )


@dataclass(frozen=True)
class Look:
    """What one network's layers show of one view. likenesses: name -> float64 [N, N]; measures: a row per layer, and
    pictures: uint8 [layers, shown, H, W], of the channel that marks the foreground best, where they were asked for."""

    likenesses: dict[str, np.ndarray]
    measures: list[dict[str, Any]]
    pictures: np.ndarray | None


@dataclass(frozen=True)
class OfReplica:
    """What the networks of one training seed show. measures, worth: rows; looks: network -> view -> what it shows;
    pictures: network and view, joined by a dash -> as in `Look`."""

    measures: list[dict[str, Any]]
    worth: list[dict[str, Any]]
    looks: dict[str, dict[str, Look]]
    pictures: dict[str, np.ndarray]


def look(model: UNet2DModel, seen: Seen, name: str, batch_size: int, shown: int | None) -> Look:
    """Return what a network's layers show of a view; shown: images in the pictures, None where likenesses are enough.

    A network that is told the class has it in every layer. So wherever something is read off the layers, or they are
    compared, it is told a class that has nothing to do with the image, and what is found comes from the image alone.
    """
    t, x, _ = seen.views[name]
    device = next(model.parameters()).device

    def told(labels: np.ndarray) -> dict[str, torch.Tensor]:
        return outputs(model, x.to(device), t, torch.from_numpy(labels).to(device), batch_size)

    untold = {layer: maps.numpy() for layer, maps in told(seen.unrelated).items()}
    likenesses = {layer: representations.likenesses(maps) for layer, maps in untold.items()}
    if shown is None:
        return Look(likenesses, [], None)
    knows = model.config.num_class_embeds is not None
    natural = {layer: maps.numpy() for layer, maps in told(seen.labels).items()} if knows else untold
    rows, pictures = [], []
    for place, (layer, maps) in enumerate(natural.items()):
        row, channel = _measured(maps, untold[layer], seen)
        rows.append({"layer": layer, "place": place, **row})
        pictures.append(_picture(maps[:shown, channel], x.shape[-1]))
    return Look(likenesses, rows, np.stack(pictures))


def _measured(maps: np.ndarray, untold: np.ndarray, seen: Seen) -> tuple[dict[str, Any], int]:
    """Return the measures of one layer, and the channel that marks the foreground best; maps, untold: [N, C, h, w], the
    latter told a class that has nothing to do with the image."""
    size, learn = maps.shape[-1], seen.learn
    shares = representations.reduced(seen.masks, size)
    masks = shares >= 0.5 * np.maximum(shares.max(axis=(1, 2), keepdims=True), 1e-9)  # thin strokes keep some pixels
    marked, all_marked, channel = representations.foreground(maps, masks, learn)
    follows, all_follow = representations.edges(maps, representations.reduced(seen.gradients, size), learn)
    return {
        "resolution": size,
        "channels": maps.shape[1],
        "n": int((~learn).sum()),
        "class_probe": representations.class_probe(untold, seen.labels, learn),
        "mask_probe": representations.mask_probe(untold, masks, learn),
        "foreground": marked,
        "foreground_all": all_marked,
        "edges": follows,
        "edges_all": all_follow,
        "inside": representations.inside(maps[~learn], masks[~learn]),
        "smoothness": representations.smoothness(maps[~learn]),
        "fine": representations.fine(maps[~learn]),
    }, channel


def _picture(maps: np.ndarray, size: int) -> np.ndarray:
    """Return maps [N, h, w] as uint8 [N, size, size], with one scale of grey for all."""
    return shades(maps).repeat(size // maps.shape[1], axis=1).repeat(size // maps.shape[2], axis=2)


def compared(looks: list[dict[str, dict[str, Look]]], replicas: list[int]) -> Iterator[dict[str, Any]]:
    """Yield a row for each layer and comparison of a denoiser, on one input: with the segmentation network, with itself
    before training, with the denoiser of another training seed, and with itself at other noise levels; and of fresh
    weights with the segmentation network, the floor of the first.

    looks: for each of the training seeds `replicas`, network -> view -> what it shows. Each pair of training seeds is
    there once.
    """
    denoisers, segmenters, fresh = ([of[network] for of in looks] for network in (DENOISER, SEGMENTER, FRESH))
    for at, mine in enumerate(denoisers):
        noisy = {name: found for name, found in mine.items() if name != COMPOSITE}
        for name, shown in mine.items():
            pairs = {
                SEGMENTER: (shown, segmenters[at][name]),
                FRESH: (shown, fresh[at][name]),
                FLOOR: (fresh[at][name], segmenters[at][name]),
                **{f"{SEED} {other}": (shown, denoisers[other][name]) for other in range(at + 1, len(denoisers))},
                **{more: (shown, found) for more, found in noisy.items() if name in noisy and name < more},
            }
            for other, (one, another) in pairs.items():
                for layer, alike in one.likenesses.items():
                    cka = representations.alike(alike, another.likenesses[layer])
                    row = {"replica": replicas[at], "layer": layer, "view": name, "other": other.split(" ")[0]}
                    yield {**row, "cka": cka, "n": len(alike)}


def worth(
    denoiser: UNet2DModel,
    segmenter: UNet2DModel,
    seen: Seen,
    count: int,
    batch_size: int,
    called: Callable[[int], object] = lambda images: None,
) -> Iterator[dict[str, Any]]:
    """Yield a row for each skip, network and view: what changes where the decoder gets zeros by this skip, on the first
    `count` images.

    worse: by how many percent the squared error of the denoiser's prediction rises, or by how many points of 100 the
    mean intersection over union of the segmentation network falls. finer: by how much the share of high frequencies
    (`representations.fine`) in the change of the denoiser's prediction is above that in the clean images; not a number
    for the segmentation network. called: told of the images of every pass.
    """
    clean = representations.fine(seen.clean[:count].numpy())
    for network, model in ((DENOISER, denoiser), (SEGMENTER, segmenter)):
        for name, (_, _, target) in seen.views.items():
            if (network == SEGMENTER) != (name == COMPOSITE):
                continue
            whole = _output(model, seen, name, count, batch_size)
            called(count)
            for skip in skips(model):
                with editing(model, {skip.name: torch.zeros_like}):
                    without = _output(model, seen, name, count, batch_size)
                called(count)
                row = {"network": network, "view": name, "skip": skip.name, "n": count}
                if target is not None:
                    error, before = ((out - target[:count]).square().mean().item() for out in (without, whole))
                    finer = representations.fine((without - whole).numpy()) - clean
                    yield {**row, "worse": 100 * (error / before - 1), "finer": finer}
                else:
                    after, before = (
                        np.nanmean(overlaps(out.argmax(dim=1).numpy(), seen.classes[:count], out.shape[1] - 1))
                        for out in (without, whole)
                    )
                    yield {**row, "worse": float(100 * (before - after)), "finer": float("nan")}


def _output(model: UNet2DModel, seen: Seen, name: str, count: int, batch_size: int) -> torch.Tensor:
    """Return what a network says of the first images of a view, on the CPU: the denoiser's prediction [count, C, H, W],
    or what the segmentation network says of each pixel."""
    t, x, target = seen.views[name]
    device = next(model.parameters()).device
    labels = torch.from_numpy(seen.labels[:count]).to(device)
    out = predicted(model, x[:count].to(device), t, labels, batch_size)
    return out if target is None else halves(out, x.shape[1])[0]

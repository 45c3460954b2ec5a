"""Looking at the layers of three networks of one architecture: the denoiser, the segmentation network, and the denoiser
before its training."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from skimage.filters import sobel

from pipeline.anatomy import representations
from pipeline.anatomy.layered import COMPOSITE, DENOISER, FRESH, SEED, SEGMENTER, view
from pipeline.anatomy.layers import editing, outputs
from pipeline.anatomy.parts import skips
from pipeline.data.tensors import from_network, to_network
from pipeline.diffusion.lean import UNet2DModel
from pipeline.diffusion.noise import noise
from pipeline.diffusion.schedule import add_noise, velocity
from pipeline.diffusion.unet import halves
from pipeline.segmentation.training import overlaps

FIRST_SEED = 500_000_000  # of the noise of the images here, which no training and no sampling draws


@dataclass(frozen=True)
class Seen:
    """Held-out images as the networks get them. labels: int64 [N]; unrelated: int64 [N], a class for each image that
    has nothing to do with it; masks: bool [N, H, W]; gradients: float [N, H, W];
    learn: bool [N], the half that channels are chosen and probes learnt on; views: name -> (timestep, x [N, C, H, W],
    what the denoiser is to predict there, or None); classes: int64 [N, H, W], of the composites' pixels."""

    labels: np.ndarray
    unrelated: np.ndarray
    masks: np.ndarray
    gradients: np.ndarray
    learn: np.ndarray
    views: dict[str, tuple[int, torch.Tensor, torch.Tensor | None]]
    classes: np.ndarray

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
        seeds = FIRST_SEED + np.arange(len(images))
        eps = noise(seeds, t + 1, tuple(x0.shape[1:]))  # type: ignore[arg-type]
        level = alpha_bar[t].expand(len(images))
        target = velocity(x0, eps, level) if prediction == "v" else eps
        views[view(share)] = t, add_noise(x0, eps, level), target
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
    )


@dataclass(frozen=True)
class Look:
    """What one network's layers show of one view. measures: a row per layer; likenesses: name -> float64 [N, N];
    pictures: uint8 [layers, shown, H, W], of the channel that marks the foreground best."""

    measures: list[dict[str, Any]]
    likenesses: dict[str, np.ndarray]
    pictures: np.ndarray


def look(model: UNet2DModel, seen: Seen, name: str, shown: int, batch_size: int) -> Look:
    """Return what a network's layers show of a view; shown: images in the pictures.

    A network that is told the class has it in every layer. So the class is read off while it is told one that has
    nothing to do with the image, and what is found comes from the image alone.
    """
    t, x, _ = seen.views[name]
    device = next(model.parameters()).device

    def told(labels: np.ndarray) -> dict[str, torch.Tensor]:
        return outputs(model, x.to(device), t, torch.from_numpy(labels).to(device), batch_size)[1]

    found = told(seen.labels)
    untold = told(seen.unrelated) if model.config.num_class_embeds else found
    rows, pictures, pairs = [], [], {}
    for place, (layer, maps) in enumerate(found.items()):
        features, size = maps.numpy(), maps.shape[-1]
        masks = representations.reduced(seen.masks, size) >= 0.5
        gradients = representations.reduced(seen.gradients, size)
        marked, channel = representations.foreground(features, masks, seen.learn)
        rows.append(
            {
                "layer": layer,
                "place": place,
                "resolution": size,
                "channels": features.shape[1],
                "n": int((~seen.learn).sum()),
                "foreground": marked,
                "edges": representations.edges(features, gradients, seen.learn),
                "smoothness": representations.smoothness(features),
                "fine": representations.fine(features),
                "class_probe": representations.class_probe(untold[layer].numpy(), seen.labels, seen.learn),
                "mask_probe": representations.mask_probe(features, masks, seen.learn),
            }
        )
        pairs[layer] = representations.likenesses(features)
        pictures.append(_picture(features[:shown, channel], x.shape[-1]))
    return Look(rows, pairs, np.stack(pictures))


def _picture(maps: np.ndarray, size: int) -> np.ndarray:
    """Return maps [N, h, w] as uint8 [N, size, size], from the lowest value that they share (black) to the highest."""
    low, high = np.quantile(maps, [0.01, 0.99])
    grey = np.clip((maps - low) / max(high - low, 1e-12), 0, 1)
    return (255 * grey).round().astype(np.uint8).repeat(size // maps.shape[1], axis=1).repeat(size // maps.shape[2], 2)


def compared(
    denoisers: list[dict[str, Look]], segmenters: list[Look], fresh: list[dict[str, Look]]
) -> Iterator[dict[str, Any]]:
    """Yield a row for each layer and comparison of a denoiser: with the segmentation network's, with its own before
    training, with another training seed's, and with itself at other noise levels.

    denoisers, fresh: for each replica, view -> what it shows; segmenters: what each shows of composites.
    """
    for at, mine in enumerate(denoisers):
        rivals = {SEGMENTER: dict.fromkeys(mine, segmenters[at]), FRESH: fresh[at]}
        if len(denoisers) > 1:
            rivals[SEED] = denoisers[(at + 1) % len(denoisers)]
        for name, shown in mine.items():
            others = {rival: of[name] for rival, of in rivals.items()}
            others |= {later: found for later, found in mine.items() if later > name}
            for other, found in others.items():
                for layer, pairs in shown.likenesses.items():
                    cka = representations.alike(pairs, found.likenesses[layer])
                    yield {"at": at, "layer": layer, "view": name, "other": other, "cka": cka, "n": len(pairs)}


def worth(
    denoiser: UNet2DModel,
    segmenter: UNet2DModel,
    seen: Seen,
    count: int,
    batch_size: int,
    called: Callable[[int], object] = lambda images: None,
) -> Iterator[dict[str, Any]]:
    """Yield a row for each skip, network and view: what becomes worse where the decoder gets zeros by this skip, on the
    first `count` images.

    It is by how many percent the squared error of the denoiser's prediction rises, and by how many points of 100 the
    mean intersection over union of the segmentation network falls. called: told of the images of every pass.
    """
    for network, model in ((DENOISER, denoiser), (SEGMENTER, segmenter)):
        for name in seen.views:
            if (network == SEGMENTER) != (name == COMPOSITE):
                continue
            whole = _score(model, seen, name, count, batch_size)
            called(count)
            for skip in skips(model):
                with editing(model, {skip.name: torch.zeros_like}):
                    without = _score(model, seen, name, count, batch_size)
                called(count)
                worse = 100 * (without / whole - 1) if network == DENOISER else 100 * (whole - without)
                yield {"network": network, "view": name, "skip": skip.name, "worse": worse, "n": count}


def _score(model: UNet2DModel, seen: Seen, name: str, count: int, batch_size: int) -> float:
    """Return the squared error of what a denoiser predicts in a view, or the mean intersection over union of what a
    segmentation network does, on the first `count` images."""
    t, x, target = seen.views[name]
    device = next(model.parameters()).device
    labels = torch.from_numpy(seen.labels[:count]).to(device)
    out, _ = outputs(model, x[:count].to(device), t, labels, batch_size)
    if target is not None:
        return float((halves(out, x.shape[1])[0] - target[:count]).square().mean())
    found = overlaps(out.argmax(dim=1).numpy(), seen.classes[:count], out.shape[1] - 1)
    return float(np.nanmean(found))

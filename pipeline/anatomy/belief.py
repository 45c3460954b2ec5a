"""Whether to believe a saliency map: what is left of a prediction without the pixels that it marks, beside rivals that
know less; and whether it marks the object.

Insertion and deletion: Petsiuk et al. 2018. Occlusion (Zeiler and Fergus 2014) and integrated gradients (Sundararajan
et al. 2017) are Captum's.
"""

from collections.abc import Iterator

import numpy as np
import torch
from captum.attr import IntegratedGradients, Occlusion
from skimage.filters import sobel

from pipeline.anatomy.explained import Explained
from pipeline.anatomy.salient import CENTRE, DELETION, EDGES, GAMES, GRADIENTS, INSERTION, OCCLUSION, RANDOM, shares
from pipeline.judges.number import rank_correlation


def rivals(
    explained: Explained, clean: np.ndarray, generator: np.random.Generator, window: int, steps: int
) -> dict[str, np.ndarray]:
    """Return the rivals' maps, name -> float64 [H, W].

    clean: [H, W, C], the clean image that is predicted at the step, whose edges are a rival; window: pixels per side of
    the square that occlusion sets to 0, which moves by half of itself; steps: of integrated gradients, which go from an
    input of zeros to the input.
    """
    _, height, width = explained.x.shape
    rows, columns = np.indices((height, width))
    away = np.hypot(rows - (height - 1) / 2, columns - (width - 1) / 2)
    return {
        RANDOM: generator.random((height, width)),
        CENTRE: -away,
        EDGES: edges(clean),
        OCCLUSION: occluded(explained, window),
        GRADIENTS: integrated(explained, steps),
    }


def edges(image: np.ndarray) -> np.ndarray:
    """Return how strong the edges of an image are, float64 [H, W]: Sobel's gradient, mean over channels; image: [H, W,
    C]."""
    return np.asarray(np.mean([sobel(channel.astype(np.float64)) for channel in np.moveaxis(image, -1, 0)], axis=0))


def occluded(explained: Explained, window: int) -> np.ndarray:
    """Return by how much the score falls without each pixel, float64 [H, W]: its mean over the squares that hold it."""
    x, stride = explained.x, max(window // 2, 1)
    found = Occlusion(explained.scores).attribute(
        x[None],
        sliding_window_shapes=(len(x), window, window),
        strides=(len(x), stride, stride),
        perturbations_per_eval=explained.batch_size,
    )
    return found[0].sum(dim=0).double().cpu().numpy()


def integrated(explained: Explained, steps: int) -> np.ndarray:
    """Return each pixel's share of the score, float64 [H, W]: gradients between an input of zeros and the input, times
    their difference, summed over channels."""
    found = IntegratedGradients(explained.score).attribute(
        explained.x[None], n_steps=steps, internal_batch_size=explained.batch_size
    )
    return found[0].sum(dim=0).double().detach().cpu().numpy()


def ordered(values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return the pixels of a map from the highest to the lowest, int [H * W]; equal ones are in a random order, so that
    no place is favoured."""
    mixed = generator.permutation(values.size)
    return np.asarray(mixed[np.argsort(-values.ravel()[mixed], kind="stable")])


def play(explained: Explained, orders: dict[str, np.ndarray], points: int) -> dict[str, np.ndarray]:
    """Return both games of every map, name -> float64 [2, points + 1], in the order of `GAMES`: the score at each of
    the `shares` where pixels are put into an input of zeros, the most salient first, and where they are set to 0.

    orders: name -> the pixels of its map from the highest to the lowest (`ordered`).
    """
    _, height, width = explained.x.shape
    counts = (shares(points) * height * width).round().astype(int)
    empty = float(explained.scores(torch.zeros_like(explained.x)[None]))
    kept = np.stack([mask for order in orders.values() for mask in _games(order, counts[1:-1])])
    inputs = torch.from_numpy(kept.reshape(-1, 1, height, width)).to(explained.x.device)
    found = torch.cat([explained.scores(explained.x * each) for each in inputs.split(explained.batch_size)])
    between = found.double().cpu().numpy().reshape(len(orders), len(GAMES), points - 1)
    ends = {INSERTION: (empty, 1.0), DELETION: (1.0, empty)}
    return {
        name: np.array([[ends[game][0], *row, ends[game][1]] for game, row in zip(GAMES, rows, strict=True)])
        for name, rows in zip(orders, between, strict=True)
    }


def _games(order: np.ndarray, counts: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the pixels that are there in the games, bool [H * W]: insertion with each count, then deletion."""
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    yield from (place < count for count in counts)
    yield from (place >= count for count in counts)


def area(curve: np.ndarray) -> float:
    """Return the area under a game's curve, whose points are evenly spaced from 0 to 1, by the trapezoid rule."""
    return float((curve[1:] + curve[:-1]).mean() / 2)


def overlap(values: np.ndarray, order: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """Return how well a map marks an object: `iou`, the intersection over union of the object and as many of the
    highest pixels; `pointing`, whether the highest pixel is on it (Zhang et al. 2018); `foreground`, the rank
    correlation with it.

    values: [H, W]; order: its pixels from the highest to the lowest; mask: bool [H, W]. Where it is empty or full there
    is no object, and none of the three is a number.
    """
    if mask.all() or not mask.any():
        return dict.fromkeys(("iou", "pointing", "foreground"), float("nan"))
    inside = mask.ravel()[order[: int(mask.sum())]].sum()
    return {
        "iou": float(inside / (2 * mask.sum() - inside)),
        "pointing": float(mask.ravel()[order[0]]),
        "foreground": alike(values, mask),
    }


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """Return the rank correlation of two maps over their pixels, 0 where one of them is flat."""
    return rank_correlation(one.ravel().astype(float), other.ravel().astype(float))["value"]

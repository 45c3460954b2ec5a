"""Measures of what a layer shows: how much it marks the foreground and follows edges, how smooth its maps are, what can
be read from it, and how alike two layers are."""

import numpy as np
from sklearn.linear_model import RidgeClassifierCV
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

PENALTIES = 1.0, 10.0, 100.0, 1000.0  # of the class probe, the best of which is chosen within the images it learns from
PIXELS = 20_000  # that a ranking of pixels takes at most
COARSEST = 4  # pixels per side of the maps that the class is read from


def reduced(maps: np.ndarray, size: int) -> np.ndarray:
    """Return maps [N, H, W] reduced to `size` pixels per side, float64: means over squares of a whole number of
    pixels."""
    factor = maps.shape[1] // size
    return maps.reshape(len(maps), size, factor, size, factor).mean(axis=(2, 4), dtype=float)


def foreground(features: np.ndarray, masks: np.ndarray, learn: np.ndarray) -> tuple[float, int]:
    """Return how well the best channel alone marks the foreground, and which channel that is.

    It is the area under the curve of its ranking of pixels (0.5: chance, 1: perfect). The channel and its sign are
    chosen on half of the images, by the distance between the means of foreground and background in standard deviations,
    and measured on the other half, so that the best of many channels is not good by chance.

    features: [N, C, h, w]; masks: bool [N, h, w]; learn: bool [N], the images to choose on.
    """
    inside, outside = (np.moveaxis(features[learn], 1, 0)[:, part] for part in (masks[learn], ~masks[learn]))  # [C, P]
    if not (inside.shape[1] and outside.shape[1]):
        return 0.5, 0
    spread = np.sqrt(inside.var(axis=1) + outside.var(axis=1)) + 1e-12
    distance = (inside.mean(axis=1) - outside.mean(axis=1)) / spread
    channel = int(abs(distance).argmax())
    return ranked(features[~learn, channel] * np.sign(distance[channel]), masks[~learn]), channel


def ranked(scores: np.ndarray, masks: np.ndarray) -> float:
    """Return the area under the curve of scores for the mask, over at most `PIXELS` evenly spaced pixels; 0.5 where the
    mask is all or nothing. scores: float, and masks: bool, of one shape."""
    places = np.linspace(0, scores.size - 1, min(PIXELS, scores.size)).astype(int)
    some, true = scores.ravel()[places], masks.ravel()[places]
    return 0.5 if true.all() or not true.any() else float(roc_auc_score(true, some))


def edges(features: np.ndarray, gradients: np.ndarray, learn: np.ndarray) -> float:
    """Return how much the best channel alone follows edges: the correlation of its values with the image's gradient
    over pixels. The channel and its sign are chosen as in `foreground`.

    features: [N, C, h, w]; gradients: [N, h, w]; learn: bool [N].
    """

    def correlations(images: np.ndarray, chosen: slice) -> np.ndarray:
        values = np.moveaxis(features[images][:, chosen], 1, 0)
        values = values.reshape(len(values), -1).astype(float)
        steepness = gradients[images].ravel() - gradients[images].mean()
        values -= values.mean(axis=1, keepdims=True)
        norms = np.linalg.norm(values, axis=1) * np.linalg.norm(steepness)
        return np.divide(values @ steepness, norms, out=np.zeros(len(values)), where=norms > 0)

    first = correlations(learn, slice(None))
    channel = int(abs(first).argmax())
    return float(np.sign(first[channel]) * correlations(~learn, slice(channel, channel + 1))[0])


def smoothness(features: np.ndarray) -> float:
    """Return the correlation of neighbouring pixels, mean over images and channels: near 1 for regions, near 0 for
    noise, below 0 for a chessboard. Maps without any variation do not count. features: [N, C, h, w].
    """
    if features.shape[-1] == 1:
        return 0.0
    centred = features.astype(float) - features.mean(axis=(2, 3), keepdims=True, dtype=float)
    variance = (centred**2).mean(axis=(2, 3))
    across = (centred[..., :, 1:] * centred[..., :, :-1]).mean(axis=(2, 3))
    down = (centred[..., 1:, :] * centred[..., :-1, :]).mean(axis=(2, 3))
    varies = variance > 1e-12
    return float(((across + down)[varies] / (2 * variance[varies])).mean()) if varies.any() else 0.0


def fine(features: np.ndarray) -> float:
    """Return the share of the maps' energy above half of the highest frequency, mean over images and channels; the mean
    of a map is left out. features: [N, C, h, w], square."""
    size = features.shape[-1]
    power = abs(np.fft.rfft2(features)) ** 2
    power[..., 1 : (size + 1) // 2] *= 2  # each of these frequencies stands for its mirror image too
    radius = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    whole = power.sum(axis=(2, 3)) - power[..., 0, 0]
    above = power[..., radius > 0.25].sum(axis=2)
    varies = whole > 1e-9 * size**4
    return float((above[varies] / whole[varies]).mean()) if varies.any() else 0.0


def class_probe(features: np.ndarray, labels: np.ndarray, learn: np.ndarray) -> float:
    """Return the share of images whose class a linear probe reads off the layer (Alain and Bengio 2016): ridge
    regression on maps of at most 4x4 pixels, learnt on half of the images and tested on the other half.

    features: [N, C, h, w]; labels: int [N]; learn: bool [N].
    """
    n, channels, size, _ = features.shape
    coarse = reduced(features.reshape(n * channels, size, size), min(size, COARSEST)).reshape(n, -1)
    scaler = StandardScaler().fit(coarse[learn])
    probe = RidgeClassifierCV(PENALTIES).fit(scaler.transform(coarse[learn]), labels[learn])
    return float(probe.score(scaler.transform(coarse[~learn]), labels[~learn]))


def mask_probe(features: np.ndarray, masks: np.ndarray, learn: np.ndarray) -> float:
    """Return how well a linear probe reads the foreground off all channels of a pixel: the area under the curve of its
    ranking of pixels, learnt by least squares on half of the images and tested on the other half.

    features: [N, C, h, w]; masks: bool [N, h, w]; learn: bool [N].
    """

    def rows(images: np.ndarray) -> np.ndarray:
        pixels = np.moveaxis(features[images], 1, -1).reshape(-1, features.shape[1]).astype(float)
        return np.concatenate([pixels, np.ones((len(pixels), 1))], axis=1)

    weights, *_ = np.linalg.lstsq(rows(learn), masks[learn].ravel().astype(float), rcond=None)
    return ranked(rows(~learn) @ weights, masks[~learn])


def likenesses(features: np.ndarray) -> np.ndarray:
    """Return how alike a layer finds each pair of images, float64 [N, N]: the product of its values, centred over
    images; `alike` compares layers by it. features: [N, ...]."""
    flat = features.reshape(len(features), -1).astype(float)
    flat -= flat.mean(axis=0)
    return np.asarray(flat @ flat.T)


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """Return the linear CKA of two layers (Kornblith et al. 2019), from their `likenesses` [N, N] over the same images:
    1 for layers that differ by a rotation and a scale alone, 0 for unrelated ones.

    Its parts are unbiased (Song et al. 2012, eq. 5): with more values than images the plain estimate is near 1 for
    any two layers. So that of unrelated layers may be a little below 0.
    """
    both, mine, theirs = _dependence(one, other), _dependence(one, one), _dependence(other, other)
    return float(both / np.sqrt(mine * theirs)) if mine > 0 and theirs > 0 else 0.0


def _dependence(one: np.ndarray, other: np.ndarray) -> float:
    """Return the unbiased estimate of HSIC of two kernels [N, N], times N (N - 3)."""
    n = len(one)
    k, m = one - np.diag(np.diag(one)), other - np.diag(np.diag(other))
    crossed = k.sum() * m.sum() / ((n - 1) * (n - 2)) - 2 * (k.sum(axis=0) @ m.sum(axis=0)) / (n - 2)
    return float((k * m).sum() + crossed)

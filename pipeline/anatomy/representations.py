"""Measures of what a layer shows: how much it marks the foreground and follows edges, how smooth its maps are, what can
be read from it, and how alike two layers are."""

import numpy as np
import torch
from scipy.stats import rankdata
from sklearn.linear_model import RidgeClassifierCV, RidgeCV
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.preprocessing import StandardScaler
from torch.nn.functional import adaptive_avg_pool2d

PENALTIES = 1.0, 10.0, 100.0, 1000.0  # of the class probe, the best of which is chosen within the images it learns from
LEVEL_PENALTIES = 0.01, 0.1, 1.0, 10.0, 100.0  # of the level probe, in the same way
PIXELS, FEW_PIXELS = 20_000, 2_000  # that a ranking of pixels takes at most, of one channel and of all channels
FLAT = 1e-12  # variance of a map that has none
COARSEST = 4  # pixels per side of the maps that the class is read from


def reduced(maps: np.ndarray, size: int) -> np.ndarray:
    """Return maps [..., H, W] reduced to `size` pixels per side, float64: means over squares that cover the map, which
    overlap where `size` does not divide its side."""
    return adaptive_avg_pool2d(torch.from_numpy(maps).double(), size).numpy()


def foreground(features: np.ndarray, masks: np.ndarray, learn: np.ndarray) -> tuple[float, float, int]:
    """Return how well the best channel alone marks the foreground, the mean of that over all channels, and which
    channel the best one is.

    It is the area under the curve of a channel's ranking of pixels (0.5: chance, 1: perfect). The best channel, and for
    each whether high or low values mark the foreground, are chosen on half of the images and measured on the other
    half, so that the best of many channels is not good by chance.

    features: [N, C, h, w]; masks: bool [N, h, w]; learn: bool [N], the images to choose on.
    """
    chosen, measured = (_areas(features[part], masks[part]) for part in (learn, ~learn))
    channel = int(abs(chosen - 0.5).argmax())
    best = ranked(features[~learn, channel], masks[~learn])
    folded = np.where(chosen < 0.5, 1 - measured, measured)
    return (1 - best if chosen[channel] < 0.5 else best), float(folded.mean()), channel


def _areas(features: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return the area under the curve of each channel's ranking of pixels, float64 [C], over at most `FEW_PIXELS`
    evenly spaced ones: the share of pairs of a pixel inside and one outside that are in order (Mann and Whitney 1947).
    """
    values = np.moveaxis(features, 1, 0).reshape(features.shape[1], -1)
    places = np.linspace(0, values.shape[1] - 1, min(FEW_PIXELS, values.shape[1])).astype(int)
    inside = masks.ravel()[places]
    count = int(inside.sum())
    if count in (0, len(inside)):
        return np.full(len(values), 0.5)
    ranks = rankdata(values[:, places], axis=1)[:, inside].sum(axis=1)
    return np.asarray((ranks - count * (count + 1) / 2) / (count * (len(inside) - count)))


def ranked(scores: np.ndarray, masks: np.ndarray) -> float:
    """Return the area under the curve of scores for the mask, over at most `PIXELS` evenly spaced pixels; 0.5 where the
    mask is all or nothing. scores: float, and masks: bool, of one shape."""
    places = np.linspace(0, scores.size - 1, min(PIXELS, scores.size)).astype(int)
    some, true = scores.ravel()[places], masks.ravel()[places]
    return 0.5 if true.all() or not true.any() else float(roc_auc_score(true, some))


def edges(features: np.ndarray, gradients: np.ndarray, learn: np.ndarray) -> tuple[float, float]:
    """Return how much the best channel alone follows edges, and the mean of that over all channels: the correlation of
    a channel's values with the image's gradient over pixels. The best channel and the signs are chosen as in
    `foreground`.

    features: [N, C, h, w]; gradients: [N, h, w]; learn: bool [N].
    """
    chosen, measured = (_correlations(features[part], gradients[part]) for part in (learn, ~learn))
    folded = np.sign(chosen) * measured
    return float(folded[abs(chosen).argmax()]), float(folded.mean())


def _correlations(features: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Return the correlation of each channel with the gradient over pixels, float64 [C]; 0 where nothing varies."""
    values = np.moveaxis(features, 1, 0).reshape(features.shape[1], -1).astype(float)
    values -= values.mean(axis=1, keepdims=True)
    steepness = gradients.ravel() - gradients.mean()
    norms = np.linalg.norm(values, axis=1) * np.linalg.norm(steepness)
    return np.divide(values @ steepness, norms, out=np.zeros(len(values)), where=norms > 0)


def inside(features: np.ndarray, masks: np.ndarray) -> float:
    """Return how far the maps keep to the foreground: the share of a map's energy that lies there, less its share of
    the area, mean over images and channels. It is 0 for maps that spread over the whole image evenly.

    The energy of a pixel is its squared difference from the median of the map, which is the background's where the
    background is the larger part. features: [N, C, h, w]; masks: bool [N, h, w].
    """
    middle = np.median(features, axis=(2, 3), keepdims=True)
    energy = (features.astype(float) - middle) ** 2
    whole = energy.sum(axis=(2, 3))
    within = (energy * masks[:, None]).sum(axis=(2, 3))
    share = np.divide(within, whole, out=np.zeros_like(whole), where=whole > 0) - masks.mean(axis=(1, 2))[:, None]
    return float(share[whole > 0].mean()) if (whole > 0).any() else 0.0


def smoothness(features: np.ndarray) -> float:
    """Return the correlation of neighbouring pixels, mean over images and channels: near 1 for regions, near 0 for
    noise, below 0 for a chessboard. Maps without any variation do not count. A small map has a lower one than a large
    map of the same thing: noise of 4x4 pixels has -1 / 15. features: [N, C, h, w].
    """
    if features.shape[-1] == 1:
        return 0.0
    centred = _centred(features)
    variance = (centred**2).mean(axis=(2, 3))
    across = (centred[..., :, 1:] * centred[..., :, :-1]).mean(axis=(2, 3))
    down = (centred[..., 1:, :] * centred[..., :-1, :]).mean(axis=(2, 3))
    varies = variance > FLAT
    return float(((across + down)[varies] / (2 * variance[varies])).mean()) if varies.any() else 0.0


def fine(features: np.ndarray) -> float:
    """Return the share of the maps' energy above half of the highest frequency, mean over images and channels; the mean
    of a map is left out. features: [N, C, h, w], square."""
    size = features.shape[-1]
    centred = _centred(features)
    power = abs(np.fft.rfft2(centred)) ** 2
    power[..., 1 : (size + 1) // 2] *= 2  # each of these frequencies stands for its mirror image too
    radius = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    whole, above = power.sum(axis=(2, 3)), power[..., radius > 0.25].sum(axis=2)
    varies = (centred**2).mean(axis=(2, 3)) > FLAT
    return float((above[varies] / whole[varies]).mean()) if varies.any() else 0.0


def _centred(features: np.ndarray) -> np.ndarray:
    """Return maps less their mean, float64."""
    return np.asarray(features - features.mean(axis=(2, 3), keepdims=True, dtype=float))


def class_probe(features: np.ndarray, labels: np.ndarray, learn: np.ndarray) -> float:
    """Return the share of images whose class a linear probe reads off the layer (Alain and Bengio 2016): ridge
    regression on maps of at most 4x4 pixels, learnt on half of the images and tested on the other half.

    features: [N, C, h, w]; labels: int [N]; learn: bool [N].
    """
    coarse = reduced(features, min(features.shape[-1], COARSEST)).reshape(len(features), -1)
    scaler = StandardScaler().fit(coarse[learn])
    probe = RidgeClassifierCV(PENALTIES).fit(scaler.transform(coarse[learn]), labels[learn])
    return float(probe.score(scaler.transform(coarse[~learn]), labels[~learn]))


def moments(features: np.ndarray) -> np.ndarray:
    """Return the mean and the standard deviation of every channel over pixels, float64 [N, 2 C]; features:
    [N, C, h, w]."""
    whole = features.astype(float)
    return np.concatenate([whole.mean(axis=(2, 3)), whole.std(axis=(2, 3))], axis=1)


def level_probe(moments: np.ndarray, levels: np.ndarray, learn: np.ndarray) -> tuple[float, float]:
    """Return how well ridge regression reads the noise level off a layer: the share of the variance of the levels that
    it explains (R2), on rows that it has not learnt from, and, to choose a layer by, on those that it has, each left
    out in turn. 1 is perfect, and 0 is what the mean level alone would give.

    moments: [N, 2 C]; levels: float [N]; learn: bool [N], the rows to learn from.
    """
    scaler = StandardScaler().fit(moments[learn])
    probe = RidgeCV(LEVEL_PENALTIES).fit(scaler.transform(moments[learn]), levels[learn])
    left_out = 1 + probe.best_score_ / levels[learn].var()  # the score is the mean squared error with a minus
    return float(r2_score(levels[~learn], probe.predict(scaler.transform(moments[~learn])))), float(left_out)


def mask_probe(features: np.ndarray, masks: np.ndarray, learn: np.ndarray) -> float:
    """Return how well a linear probe reads the foreground off all channels of a pixel: the area under the curve of its
    ranking of pixels, learnt by least squares on half of the images and tested on the other half.

    features: [N, C, h, w]; masks: bool [N, h, w]; learn: bool [N].
    """

    def rows(images: np.ndarray) -> np.ndarray:
        pixels = np.moveaxis(features[images], 1, -1).reshape(-1, features.shape[1]).astype(float)
        return np.concatenate([pixels, np.ones((len(pixels), 1))], axis=1)

    pixels = rows(learn)
    weights, *_ = np.linalg.lstsq(pixels.T @ pixels, pixels.T @ masks[learn].ravel(), rcond=None)  # normal equations
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

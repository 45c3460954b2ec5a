"""The likeness of two images: SSIM (Wang et al. 2004) by scikit-image, PSNR, and SSIM on a scale that begins at images
which have nothing to do with each other."""

import numpy as np
from skimage.metrics import structural_similarity

from pipeline.judges.number import MOST_PSNR

SMALLEST = 7  # pixels per side, the window of SSIM
OTHERS = 20  # images of its class, at most, that an image is compared with


def ssim(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the structural similarity of each pair of images, [N], which is 1 where they are equal; images, others:
    uint8 [N, H, W, C]. Windows of 7x7 pixels have uniform weights, and the mean is over channels (scikit-image's
    defaults)."""
    return np.array(
        [
            1.0 if np.array_equal(a, b) else structural_similarity(a, b, channel_axis=-1, data_range=255)
            for a, b in zip(images, others, strict=True)
        ]
    )


def psnr(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the peak signal-to-noise ratio of each pair of images, 10 log10(255^2 / mean squared error), [N] in dB; it
    is at most `MOST_PSNR`, which equal images have. images, others: uint8 [N, H, W, C].

    scikit-image's own imports all of SciPy's statistics, which takes a stage nearly a second.
    """
    if images.shape != others.shape:
        raise ValueError(f"images {images.shape} cannot be paired with others {others.shape}")
    errors = np.square(images.astype(float) - others).mean(axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        return np.minimum(10 * np.log10(255**2 / errors), MOST_PSNR)


def unrelated(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the SSIM that each image has to images which have nothing to do with it, [N]: its mean over other images
    of the same class, `OTHERS` at most.

    An image that is alone in its class is compared with images of other classes. images: uint8 [N, H, W, C], of other
    seeds each; labels: int [N]; N is at least 2.
    """
    everyone = np.arange(len(images))
    out = np.empty(len(images))
    for i, label in enumerate(labels):
        others = np.flatnonzero((labels == label) & (everyone != i))
        others = others if len(others) else np.delete(everyone, i)
        chosen = np.roll(others, -np.searchsorted(others, i))[:OTHERS]  # the next ones in turn
        out[i] = ssim(np.broadcast_to(images[i], images[chosen].shape), images[chosen]).mean()
    return out


def calibrated(ssim: np.ndarray, unrelated: np.ndarray) -> np.ndarray:
    """Return the likeness that an SSIM stands for, [...]: 1 for an equal image, 0 for one that is no more alike than
    images that have nothing to do with each other, and less for one that is less alike still.

    ssim: [...]; unrelated: [N], of the untouched images (`unrelated`), whose mean is the zero of the scale. An image's
    own would be no guide where its class has few others: one that is much like them would stretch the scale.
    """
    zero = unrelated.mean()
    return (ssim - zero) / (1 - zero)

"""The likeness of two images: SSIM (Wang et al. 2004) and PSNR, by scikit-image."""

import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pipeline.judges.number import MOST_PSNR

SMALLEST = 7  # pixels per side, the window of SSIM


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
    """Return the peak signal-to-noise ratio of each pair of images, [N] in dB; it is at most `MOST_PSNR`, which equal
    images have. images, others: uint8 [N, H, W, C]."""
    return np.array(
        [
            MOST_PSNR if np.array_equal(a, b) else min(peak_signal_noise_ratio(a, b, data_range=255), MOST_PSNR)
            for a, b in zip(images, others, strict=True)
        ]
    )

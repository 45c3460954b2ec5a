"""How alike two images are: SSIM (Wang et al. 2004) and PSNR, by scikit-image."""

import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pipeline.judges.number import MOST_PSNR

SMALLEST = 7  # pixels per side, the window of SSIM


def ssim(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Structural similarity [N] of uint8 [N, H, W, C] pair by pair, 1 where equal: windows of 7x7 pixels, uniformly
    weighted, mean over channels (scikit-image's defaults)."""
    return np.array(
        [
            1.0 if np.array_equal(a, b) else structural_similarity(a, b, channel_axis=-1, data_range=255)
            for a, b in zip(images, others, strict=True)
        ]
    )


def psnr(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio [N] in dB of uint8 [N, H, W, C] pair by pair; at most `MOST_PSNR`, where equal."""
    return np.array(
        [
            MOST_PSNR if np.array_equal(a, b) else min(peak_signal_noise_ratio(a, b, data_range=255), MOST_PSNR)
            for a, b in zip(images, others, strict=True)
        ]
    )

"""How well a denoiser predicts the noise's mean over pixels, which is its brightness. It needs no torch.

What it leaves of the mean in x_t makes the whole image too bright or too dark; DDIM keeps that to the end.
"""

import numpy as np


def slopes(noise_means: np.ndarray, predicted_means: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the least-squares slopes, with an intercept, of the predicted on the true mean of the noise, float64 [B].

    noise_means, predicted_means: [N], one of each noisy image; weights: [B, N], how often each counts. An exact
    denoiser has the slope 1 where x_t is noise alone. With less noise its slope is the share of the variance of the
    mean that x_t determines. A network that predicts v has at least about 1 - alpha-bar whatever it has learnt, since
    that much of the noise comes from x_t.
    """
    weights = weights / weights.sum(axis=1, keepdims=True)
    x, y = noise_means - noise_means.mean(), predicted_means - predicted_means.mean()
    mean_x, mean_y = weights @ x, weights @ y
    return (weights @ (x * y) - mean_x * mean_y) / (weights @ (x * x) - mean_x**2)

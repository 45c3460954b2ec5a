"""The noise process, which says how much of the image is left at each timestep (Ho et al. 2020; Nichol and Dhariwal
2021)."""

import numpy as np
import torch

from pipeline.diffusion.lean import DDPMScheduler

BETA_SCHEDULES = {"cosine": "squaredcos_cap_v2", "linear": "linear"}


def alpha_bar(schedule: str, timesteps: int) -> torch.Tensor:
    """Return the share of the image's variance that is left at every timestep, float64 [T], from about 1 to about 0.

    `cosine`: Nichol and Dhariwal 2021, eq. 17; `linear`: Ho et al. 2020, section 4, betas 1e-4 to 0.02.
    """
    betas = DDPMScheduler(num_train_timesteps=timesteps, beta_schedule=BETA_SCHEDULES[schedule]).betas
    return torch.cumprod(1.0 - betas.double(), dim=0)


def add_noise(x0: torch.Tensor, noise: torch.Tensor, alpha_bar_t: torch.Tensor) -> torch.Tensor:
    """Return the noisy images x_t, [N, C, H, W] (Ho et al. 2020, eq. 4); x0, noise: [N, C, H, W]; alpha_bar_t: [N]."""
    a = alpha_bar_t.to(x0)[:, None, None, None]
    return a.sqrt() * x0 + (1 - a).sqrt() * noise


def velocity(x0: torch.Tensor, noise: torch.Tensor, alpha_bar_t: torch.Tensor) -> torch.Tensor:
    """Return v = sqrt(a) noise - sqrt(1 - a) x0 (Salimans and Ho 2022, section 4); shapes as in `add_noise`."""
    return add_noise(noise, -x0, alpha_bar_t)


def noise_from_velocity(v: torch.Tensor, x: torch.Tensor, alpha_bar_t: torch.Tensor) -> torch.Tensor:
    """Return the noise in x_t from v: sqrt(a) v + sqrt(1 - a) x_t (Salimans and Ho 2022, section 4)."""
    return add_noise(v, x, alpha_bar_t)


def as_noise(out: torch.Tensor, x: torch.Tensor, alpha_bar_t: torch.Tensor, prediction: str) -> torch.Tensor:
    """Return a network's output with the noise in the place of its prediction, which is epsilon or v.

    out: [N, C or 2C, H, W], of which only the first C channels change; x: [N, C, H, W]; alpha_bar_t: [N].
    """
    if prediction == "epsilon":
        return out
    channels = x.shape[1]
    return torch.cat([noise_from_velocity(out[:, :channels], x, alpha_bar_t), out[:, channels:]], dim=1)


def snr_db(alpha_bar: torch.Tensor) -> torch.Tensor:
    """Return the signal-to-noise ratio in decibels; it is 0 where image and noise have the same variance."""
    return 10 * torch.log10(alpha_bar / (1 - alpha_bar))


def descend(timesteps: int | list[int], total: int) -> list[int]:
    """Return the timesteps that a sampler visits, noisiest first: the given list, or so many evenly spaced from T-1 to
    0."""
    if isinstance(timesteps, list):
        return timesteps
    return np.linspace(total - 1, 0, timesteps).round().astype(int).tolist()

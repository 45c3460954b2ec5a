"""The variational bound of one timestep, which teaches the variance (Nichol and Dhariwal 2021, section 3.1)."""

import math

import torch

GREY_LEVEL = 1 / 127.5  # between two values of a uint8 image that is scaled to [-1, 1]


def bound(
    x0: torch.Tensor,
    x: torch.Tensor,
    t: torch.Tensor,
    eps: torch.Tensor,
    share: torch.Tensor,
    alpha_bar: torch.Tensor,
) -> torch.Tensor:
    """L_t of each image, [N], in bits per dimension (Nichol and Dhariwal 2021, eq. 4 to 6).

    x0: clean images; x: the noisy ones at t [N]; eps: predicted noise; share: of the learned variance, as `halves`
    gives it; all [N, C, H, W]; alpha_bar: [T]. At t = 0 it is the negative log-likelihood of the image's grey levels,
    at others the divergence of the learned step from the posterior. A prediction given without its gradient leaves
    the mean to the mean squared error (section 3.1: "we apply a stop-gradient").
    """
    a = alpha_bar[t].view(-1, 1, 1, 1)
    a_before = torch.cat([alpha_bar.new_ones(1), alpha_bar[:-1]])[t].view(-1, 1, 1, 1)
    beta = 1 - a / a_before
    posterior = _posterior_variance(alpha_bar)[t].view(-1, 1, 1, 1)
    log_variance = share * beta.log() + (1 - share) * posterior.log()
    mean = _posterior_mean((x - (1 - a).sqrt() * eps) / a.sqrt(), x, a, a_before, beta)
    divergence = 0.5 * (
        log_variance
        - posterior.log()
        - 1
        + (posterior + (_posterior_mean(x0, x, a, a_before, beta) - mean).square()) / log_variance.exp()
    )
    decoded = -_grey_level_log_likelihood(x0, mean, log_variance)
    nats = torch.where((t == 0).view(-1, 1, 1, 1), decoded, divergence).mean(dim=(1, 2, 3))
    return nats / math.log(2)


def _posterior_variance(alpha_bar: torch.Tensor) -> torch.Tensor:
    """Ho et al. 2020, eq. 7, at every t; that of t = 0 is zero and is given t = 1's, which its logarithm needs."""
    before = torch.cat([alpha_bar.new_ones(1), alpha_bar[:-1]])
    variance = (1 - before) / (1 - alpha_bar) * (1 - alpha_bar / before)
    return torch.cat([variance[1:2], variance[1:]])


def _posterior_mean(
    x0: torch.Tensor, x: torch.Tensor, a: torch.Tensor, a_before: torch.Tensor, beta: torch.Tensor
) -> torch.Tensor:
    """Ho et al. 2020, eq. 7."""
    return (a_before.sqrt() * beta * x0 + (a / a_before).sqrt() * (1 - a_before) * x) / (1 - a)


def _grey_level_log_likelihood(x0: torch.Tensor, mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """The logarithm of the Gaussian's weight between the neighbours of each grey level (Ho et al. 2020, eq. 13)."""
    spread = (log_variance / 2).exp()

    def below(edge: torch.Tensor) -> torch.Tensor:
        return torch.special.ndtr((edge - mean) / spread)

    upper = torch.where(x0 > 1 - GREY_LEVEL / 2, 1.0, below(x0 + GREY_LEVEL / 2))
    lower = torch.where(x0 < -1 + GREY_LEVEL / 2, 0.0, below(x0 - GREY_LEVEL / 2))
    return (upper - lower).clamp(min=1e-12).log()

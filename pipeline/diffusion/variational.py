"""The variational bound of one timestep, by which a network learns the variance (Nichol and Dhariwal 2021, section
3.1)."""

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
    """Return L_t of each image, [N], in bits per dimension (Nichol and Dhariwal 2021, eq. 4 to 6).

    x0: clean images; x: the noisy ones at t [N]; eps: predicted noise; share: the shares of the learned variance, as
    `halves` gives them; these four are [N, C, H, W]; alpha_bar: [T]. At t = 0, L_t is the negative log-likelihood of
    the image's grey levels; at every other t it is the divergence of the learned step from the posterior. Where `eps`
    comes without its gradient, the bound trains the variance alone (section 3.1: "we apply a stop-gradient").
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
    """Return the posterior's variance at every t, [T] (Ho et al. 2020, eq. 7). At t = 0 it is zero, which has no
    logarithm, so it gets the value of t = 1."""
    before = torch.cat([alpha_bar.new_ones(1), alpha_bar[:-1]])
    variance = (1 - before) / (1 - alpha_bar) * (1 - alpha_bar / before)
    return torch.cat([variance[1:2], variance[1:]])


def _posterior_mean(
    x0: torch.Tensor, x: torch.Tensor, a: torch.Tensor, a_before: torch.Tensor, beta: torch.Tensor
) -> torch.Tensor:
    """Return the posterior's mean (Ho et al. 2020, eq. 7)."""
    return (a_before.sqrt() * beta * x0 + (a / a_before).sqrt() * (1 - a_before) * x) / (1 - a)


def _grey_level_log_likelihood(x0: torch.Tensor, mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """Return the logarithm of the Gaussian's weight around each grey level (Ho et al. 2020, eq. 13)."""
    spread = (log_variance / 2).exp()

    def below(edge: torch.Tensor) -> torch.Tensor:
        return torch.special.ndtr((edge - mean) / spread)

    upper = torch.where(x0 > 1 - GREY_LEVEL / 2, 1.0, below(x0 + GREY_LEVEL / 2))
    lower = torch.where(x0 < -1 + GREY_LEVEL / 2, 0.0, below(x0 - GREY_LEVEL / 2))
    return (upper - lower).clamp(min=1e-12).log()

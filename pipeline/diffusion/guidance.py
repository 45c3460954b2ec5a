"""Classifier-free guidance (Ho and Salimans 2022): the prediction with a condition, a class or a text, is moved away
from the one without."""

import torch


def passes(scale: float) -> int:
    """Return how many rows of the network's batch an image takes: one with its condition where the scale is 1, one
    without where it is 0, else both."""
    return 1 if scale in (0, 1) else 2


def told(labels: torch.Tensor, nothing: int, scale: float) -> torch.Tensor:
    """Return what each row of the network's batch is told, int [N * passes]. An image's rows are neighbours, the one
    with its condition first. labels: int [N]; nothing: the label that stands for no condition."""
    if scale == 1:
        return labels
    without = torch.full_like(labels, nothing)
    return without if scale == 0 else torch.stack([labels, without], dim=1).flatten()


def combined(out: torch.Tensor, channels: int, scale: float) -> torch.Tensor:
    """Return the guided prediction, [N, C or 2C, H, W]: without + scale (with - without) (Ho and Salimans 2022, eq. 6,
    whose w is scale - 1).

    out: what the network gives for the rows that `told` makes, [N * passes, C or 2C, H, W]; channels: C. The shares of
    a learned variance are those with the condition.
    """
    if passes(scale) == 1:
        return out
    with_it, without = out[0::2], out[1::2]
    guided = without[:, :channels] + scale * (with_it[:, :channels] - without[:, :channels])
    return torch.cat([guided, with_it[:, channels:]], dim=1)

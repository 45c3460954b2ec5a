"""A denoiser made by hand, whose prediction rests on one region of its input alone."""

from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

from pipeline.anatomy.explained import Explained, explained
from pipeline.anatomy.parts import Unit

SIDE = 12
REGION = np.zeros((SIDE, SIDE), dtype=bool)
REGION[2:7, 5:10] = True
UNIT = Unit("skip", 1, 0, 0, ("layer",))


class Regional(nn.Module):
    """A convolution of the input within the region, whose two channels are added."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(1, 2, 3, padding=1, bias=False)
        nn.init.constant_(self.layer.weight, 0.5)
        with torch.no_grad():
            self.layer.weight[1] *= -0.5

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x * torch.from_numpy(REGION)).sum(dim=1, keepdim=True)


def regional(kind: str = "ssim", batch_size: int = 16) -> Explained:
    """What is explained of one image of positive values by this denoiser."""
    subject = SimpleNamespace(model=Regional(), passes=1, predict=lambda network, x, t, labels: network(x))
    x = 0.5 + torch.rand(1, SIDE, SIDE, generator=torch.Generator().manual_seed(3))
    return explained(subject, x, 5, 0, kind, batch_size)

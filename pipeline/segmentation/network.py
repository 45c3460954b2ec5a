"""The segmentation network: the denoiser's U-Net with an output for each class of pixels."""

import torch
from torch import nn

from pipeline.diffusion import unet
from pipeline.diffusion.lean import UNet2DModel
from pipeline.diffusion.noise import mix
from pipeline.params import UNet

OUTPUT = 2**42  # the stream that the output convolution's fresh weights are drawn from


def build(architecture: UNet, image_size: int, image_channels: int, classes: int, seed: int) -> UNet2DModel:
    """Build a network with fresh weights, whose outputs are the background and each class.

    It begins with the weights that `unet.build` draws from the same seed, but for its output convolution, and is not
    told the class, which it is to find. The timestep that it is told is always 0.
    """
    model = unet.build(architecture, image_size, image_channels, classes, seed)
    model.class_embedding = None
    model.register_to_config(num_class_embeds=None)
    torch.manual_seed(mix(seed, OUTPUT))
    last = model.conv_out
    model.conv_out = nn.Conv2d(last.in_channels, classes + 1, last.kernel_size, padding=last.padding)
    model.register_to_config(out_channels=classes + 1)
    return model


def logits(model: UNet2DModel, x: torch.Tensor) -> torch.Tensor:
    """Return what the network says of every pixel, [N, 1 + classes, H, W]; x: images [N, C, H, W] in [-1, 1]."""
    nothing = torch.zeros(len(x), dtype=torch.long, device=x.device)
    return unet.output(model, x, nothing, nothing)

"""The way between images on disk, uint8 [N, H, W, C], and images in the networks, float32 [N, C, H, W] in [-1, 1]."""

import numpy as np
import torch

from pipeline.data.images import ImageSet


def resident(images: ImageSet, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Put all images, uint8 [N, C, H, W], and labels, int64 [N], on the device, so that batches need no loader."""
    pixels = torch.from_numpy(np.array(images.images)).permute(0, 3, 1, 2).contiguous()
    return pixels.to(device), torch.from_numpy(np.array(images.labels)).to(device)


def scaled(pixels: torch.Tensor) -> torch.Tensor:
    """Turn uint8 values of any shape into float32 in [-1, 1]."""
    return pixels.float() / 127.5 - 1


def to_network(images: np.ndarray) -> torch.Tensor:
    """Turn images uint8 [N, H, W, C] into float32 [N, C, H, W] in [-1, 1]."""
    return scaled(torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).contiguous())


def from_network(images: torch.Tensor) -> np.ndarray:
    """Turn images float [N, C, H, W] in [-1, 1] into uint8 [N, H, W, C]; values outside are clamped."""
    levels = ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return levels.permute(0, 2, 3, 1).contiguous().cpu().numpy()

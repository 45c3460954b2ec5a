"""The distance of an image to the training images, which is smaller for a copy than for a new real image."""

import numpy as np
import torch

PIECE = 500  # images whose distances to all training images are held at a time


def nearest(images: np.ndarray, training: np.ndarray, device: torch.device) -> tuple[np.ndarray, np.ndarray]:
    """Return for each image the position of the nearest training image, int64 [N], and its distance, float64 [N].

    images: uint8 [N, H, W, C]; training: uint8 [M, H, W, C]. The distance is the root mean squared difference of the
    pixels, in 0..1: a grey level is 1/255.
    """
    theirs = torch.from_numpy(np.array(training)).to(device).flatten(1).float()
    squares = theirs.square().sum(dim=1)
    found = []
    for piece in np.array_split(np.asarray(images), -(-len(images) // PIECE)):
        ours = torch.from_numpy(np.array(piece)).to(device).flatten(1).float()
        found.append((squares - 2 * ours @ theirs.T).argmin(dim=1).cpu().numpy())
    position = np.concatenate(found)
    gap = (np.asarray(images).astype(np.float64) - training[position]) / 255
    return position, np.sqrt((gap**2).mean(axis=(1, 2, 3)))

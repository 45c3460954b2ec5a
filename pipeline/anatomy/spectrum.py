"""The energy of images by spatial frequency, in octaves of the radial frequency (Field 1987)."""

import numpy as np


def bands(size: int) -> list[tuple[float, float]]:
    """Return the octaves [low, high) of radial frequency, in cycles per image, of images with so many pixels per side.

    The first begins at one cycle, and the last ends at the highest frequency that an image has in every direction, or
    below it.
    """
    count = max(int(np.log2(size / 2)), 1)
    return [(2.0**i, 2.0 ** (i + 1)) for i in range(count)]


def energies(images: np.ndarray) -> np.ndarray:
    """Return the energy of each image in each band, float64 [N, B], where the mean of all pixels is left out.

    images: uint8 [N, H, W, C], square. The energy is the squared modulus of the discrete Fourier transform, summed over
    the frequencies of the band and over channels, and divided by the number of pixels squared: a wave of amplitude A
    has A^2 / 2 (Parseval). The highest band takes in the corners beyond its end.
    """
    size = images.shape[1]
    whole = np.fft.fft2(images.astype(np.float64), axes=(1, 2))
    power = (abs(whole) ** 2).sum(axis=-1) / size**4
    cycles = np.fft.fftfreq(size, 1 / size)
    radius = np.hypot(cycles[:, None], cycles[None, :])
    octaves = bands(size)
    inside = [(radius >= low) & (radius < high) for low, high in octaves[:-1]]
    inside.append(radius >= octaves[-1][0])
    return np.stack([power[:, each].sum(axis=1) for each in inside], axis=1)

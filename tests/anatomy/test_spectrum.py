"""The energy of a wave is in the band of its frequency, and all bands together are the variance."""

import numpy as np
import pytest

from pipeline.anatomy import spectrum


def wave(cycles: float) -> np.ndarray:
    """One image of 16x16 pixels with a wave of amplitude 50 along its rows."""
    x = 100 + 50 * np.sin(2 * np.pi * cycles * np.arange(16) / 16)
    return np.tile(x, (16, 1))[None, :, :, None]


def test_the_bands_are_octaves_up_to_half_of_the_pixels() -> None:
    assert spectrum.bands(16) == [(1, 2), (2, 4), (4, 8)]
    assert spectrum.bands(28) == [(1, 2), (2, 4), (4, 8)]
    assert spectrum.bands(2) == [(1, 2)]


@pytest.mark.parametrize(("cycles", "band"), [(1, 0), (2, 1), (3, 1), (4, 2), (7, 2)])
def test_a_wave_s_energy_is_half_its_amplitude_squared_in_its_own_band(cycles: int, band: int) -> None:
    found = spectrum.energies(wave(cycles))
    expected = [50**2 / 2 if i == band else 0 for i in range(3)]
    np.testing.assert_allclose(found, [expected], atol=1e-9)


def test_all_bands_together_are_the_variance_of_the_pixels() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3)).astype(np.uint8)
    variance = images.astype(float).var(axis=(1, 2)).sum(axis=-1)
    np.testing.assert_allclose(spectrum.energies(images).sum(axis=1), variance)

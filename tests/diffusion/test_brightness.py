"""The slope of the predicted on the true mean of the noise: by a second implementation, and where it is known."""

import numpy as np
import pytest
import torch
from scipy.stats import linregress

from pipeline.diffusion import unet, validation
from pipeline.diffusion.brightness import slopes
from pipeline.diffusion.schedule import alpha_bar

LEVELS = alpha_bar("cosine", 1000)


def test_slopes_are_those_of_linregress_on_repeated_rows() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(5, 1, 40)
    predicted = 0.6 * true + 3 + rng.normal(0, 0.2, 40)
    weights = rng.integers(0, 4, (7, 40))
    expected = [linregress(true.repeat(row), predicted.repeat(row)).slope for row in weights]
    assert slopes(true, predicted, weights) == pytest.approx(expected)


@pytest.mark.parametrize("t", [999, 800, 500, 50])
def test_an_exact_denoiser_has_the_slope_that_is_known(t: int) -> None:
    """Images of one grey level each, which is normal with variance 0.04: the mean of x_t is then normal too, and the
    exact denoiser's slope is the noise's share of its variance."""
    generator = torch.Generator().manual_seed(0)
    x0 = (0.2 * torch.randn(2000, 1, 1, 1, generator=generator)).expand(-1, 1, 4, 4)
    eps = torch.randn(1, 2000, 1, 4, 4, generator=generator)
    a = float(LEVELS[t])
    share = (1 - a) / 16 / ((1 - a) / 16 + a * 0.04)

    def exact(x: torch.Tensor, _t: torch.Tensor, _labels: torch.Tensor) -> torch.Tensor:
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        return (x - mean + share * mean) / (1 - a) ** 0.5

    held_out = validation.ValidationSet(x0, torch.zeros(2000, dtype=torch.long), torch.full((1, 2000), t), eps)
    found = validation.predict(exact, held_out, LEVELS)
    every = np.ones((1, 2000))
    assert slopes(found.noise_means[0], found.predicted_means[0], every)[0] == pytest.approx(share, abs=0.05)
    nothing = validation.predict(lambda x, *_: torch.zeros_like(x), held_out, LEVELS)
    assert slopes(nothing.noise_means[0], nothing.predicted_means[0], every)[0] == 0
    assert nothing.losses == pytest.approx(eps.double().square().mean(dim=(2, 3, 4)).numpy())


def test_a_network_that_predicts_v_has_a_slope_whatever_it_has_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unet, "output", lambda _model, x, *_: torch.zeros_like(x))
    eps = torch.randn(1, 50, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    grey, labels, t = torch.full((50, 1, 4, 4), 0.3), torch.zeros(50, dtype=torch.long), torch.full((1, 50), 700)
    held_out = validation.ValidationSet(grey, labels, t, eps)
    for prediction, expected in (("v", 1 - float(LEVELS[700])), ("epsilon", 0)):
        found = validation.predict(unet.denoiser(None, prediction, LEVELS), held_out, LEVELS)
        every = np.ones((1, 50))
        assert slopes(found.noise_means[0], found.predicted_means[0], every)[0] == pytest.approx(expected, abs=1e-5)

"""The noise process against its papers' formulas."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from diffusers import DDPMScheduler

from pipeline.diffusion.schedule import add_noise, alpha_bar, descend, noise_from_velocity, snr_db, velocity


def test_cosine_is_nichol_and_dhariwal_s_equation_17() -> None:
    def f(t: float) -> float:
        return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2

    betas = np.array([min(1 - f((t + 1) / 1000) / f(t / 1000), 0.999) for t in range(1000)])
    np.testing.assert_allclose(alpha_bar("cosine", 1000).numpy(), np.cumprod(1 - betas), rtol=1e-4, atol=1e-9)


def test_linear_is_ho_et_al_s_section_4() -> None:
    expected = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
    np.testing.assert_allclose(alpha_bar("linear", 1000).numpy(), expected, rtol=1e-4)


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_the_signal_falls_from_nearly_all_to_nearly_none(schedule: str) -> None:
    a = alpha_bar(schedule, 1000)
    assert a.dtype == torch.float64
    assert (a.diff() < 0).all()
    assert a[0] > 0.999
    assert a[-1] < 1e-4


def test_noise_is_added_at_the_signal_to_noise_ratio_asked_for_and_keeps_the_variance() -> None:
    x0, eps = torch.randn(2, 2, 1, 200, 200, generator=torch.Generator().manual_seed(0))
    for level in (0.9, 0.5, 0.1):
        x = add_noise(x0, eps, torch.tensor([level, level], dtype=torch.float64))
        assert x.dtype == torch.float32
        assert float(x.var()) == pytest.approx(1, abs=0.02)
        assert float((x * x0).mean()) == pytest.approx(level**0.5, abs=0.02)
        assert float((x * eps).mean()) == pytest.approx((1 - level) ** 0.5, abs=0.02)
    assert snr_db(torch.tensor([0.5, 10 / 11])).tolist() == pytest.approx([0, 10], abs=1e-5)


def test_velocity_is_diffusers_and_gives_the_noise_back() -> None:
    x0, eps = torch.randn(2, 6, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    t = torch.tensor([0, 1, 250, 500, 980, 999])
    levels = alpha_bar("cosine", 1000)
    v = velocity(x0, eps, levels[t])
    scheduler = DDPMScheduler(beta_schedule="squaredcos_cap_v2")
    torch.testing.assert_close(v, scheduler.get_velocity(x0, eps, t), rtol=1e-4, atol=1e-4)
    back = noise_from_velocity(v, add_noise(x0, eps, levels[t]), levels[t])
    torch.testing.assert_close(back, eps, rtol=1e-4, atol=1e-5)


def test_a_sampler_s_timesteps_fall_from_the_last_to_the_first() -> None:
    assert descend([900, 30, 0], 1000) == [900, 30, 0]
    assert descend(5, 1000) == [999, 749, 500, 250, 0]
    every = descend(1000, 1000)
    assert every == list(range(999, -1, -1))
    for count in (2, 7, 50, 333):
        timesteps = descend(count, 1000)
        assert len(timesteps) == count
        assert (timesteps[0], timesteps[-1]) == (999, 0)
        assert all(a > b for a, b in pairwise(timesteps))

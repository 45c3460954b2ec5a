"""The sampling loop against diffusers' schedulers, and on data whose best denoiser is known."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler

from pipeline.diffusion import sampling, unet
from pipeline.diffusion.noise import INITIAL, noise
from pipeline.diffusion.schedule import alpha_bar, descend
from tests import plain_loop

SHAPE = (1, 8, 8)
CPU = torch.device("cpu")
T = 1000
LEVELS = alpha_bar("cosine", T)


def drawn(
    denoiser: unet.Denoiser, timesteps: list[int], sampler: str, clip: bool, seeds: np.ndarray, shape: tuple = SHAPE
) -> list[plain_loop.Step]:
    return list(plain_loop.steps(denoiser, seeds, seeds % 3, CPU, shape, timesteps, LEVELS, sampler, clip))


@pytest.fixture
def denoiser(tiny) -> unet.Denoiser:
    return partial(unet.output, tiny().eval())


@pytest.mark.parametrize("clip", [False, True])
def test_ddpm_is_diffusers_own_given_the_same_noise(denoiser, clip: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = DDPMScheduler(T, beta_schedule="squaredcos_cap_v2", clip_sample=clip, variance_type="fixed_small")
    timesteps = [999, 940, 700, 310, 300, 40, 0]  # uneven: diffusers' DDPM takes such lists
    scheduler.set_timesteps(timesteps=timesteps)
    seeds = np.arange(4)
    x, labels = noise(seeds, 0, SHAPE), torch.from_numpy(seeds % 3)
    with torch.inference_mode():
        for t in timesteps:
            own_noise = noise(seeds, t + 1, SHAPE)
            monkeypatch.setattr("diffusers.schedulers.scheduling_ddpm.randn_tensor", lambda *_a, z=own_noise, **_k: z)
            x = scheduler.step(denoiser(x, torch.full((4,), t), labels), t, x).prev_sample
    ours = drawn(denoiser, timesteps, "ddpm", clip, seeds)[-1].x
    torch.testing.assert_close(ours, x, atol=1e-4, rtol=1e-4)


def best_denoiser(mean: float, deviation: float) -> unet.Denoiser:
    """The expected noise given x_t for pixels that are Gaussian."""

    def predict(x: torch.Tensor, t: torch.Tensor, _labels: torch.Tensor) -> torch.Tensor:
        a = LEVELS[t].to(x)[:, None, None, None]
        return (1 - a).sqrt() * (x - a.sqrt() * mean) / (a * deviation**2 + 1 - a)

    return predict


UNEVEN = sorted({*range(0, 100, 3), *range(100, 600, 10), *range(600, T, 4), T - 1}, reverse=True)


@pytest.mark.parametrize("sampler", ["ddim", "ddpm"])
@pytest.mark.parametrize("timesteps", [descend(T, T), UNEVEN], ids=["all", "uneven"])
def test_gaussian_data_come_back_with_their_mean_and_spread(sampler: str, timesteps: list[int]) -> None:
    x = drawn(best_denoiser(0.3, 0.2), timesteps, sampler, False, np.arange(40))[-1].x
    assert float(x.mean()) == pytest.approx(0.3, abs=0.02)
    assert float(x.std()) == pytest.approx(0.2, abs=0.02)


def test_one_step_to_the_end_is_the_predicted_clean_image(denoiser) -> None:
    (step,) = drawn(denoiser, [600], "ddpm", True, np.arange(3))
    assert (step.k, step.t) == (1, 600)
    assert torch.equal(step.x, step.x0)
    assert float(step.x0.abs().max()) <= 1


def test_steps_count_down_and_say_their_timestep(denoiser) -> None:
    made = drawn(denoiser, [900, 400, 20], "ddim", True, np.arange(2))
    assert [(step.k, step.t) for step in made] == [(3, 900), (2, 400), (1, 20)]


def test_leaving_out_a_step_leaves_every_other_step_s_noise_alone(monkeypatch: pytest.MonkeyPatch, denoiser) -> None:
    def used(timesteps: list[int]) -> dict[int, torch.Tensor]:
        found = {}

        def keep(seeds: np.ndarray, address: int, shape: tuple) -> torch.Tensor:
            found[address] = noise(seeds, address, shape)
            return found[address]

        monkeypatch.setattr(plain_loop, "noise", keep)
        drawn(denoiser, timesteps, "ddpm", True, np.arange(2))
        return found

    full, fewer = used([900, 400, 20]), used([900, 20])
    assert set(fewer) == {0, 901, 21}
    assert all(torch.equal(fewer[address], full[address]) for address in fewer)


@pytest.mark.parametrize("sampler", ["ddim", "ddpm"])
def test_a_seed_is_the_same_image_alone_and_among_many(denoiser, sampler: str) -> None:
    def images(seeds: np.ndarray) -> torch.Tensor:
        pieces = []
        for batch, labels, kept in sampling.batches(seeds, seeds % 3, 8):
            *_, last = plain_loop.steps(denoiser, batch, labels, CPU, SHAPE, [999, 600, 100, 0], LEVELS, sampler, True)
            pieces.append(last.x[:kept])
        return torch.cat(pieces)

    together = images(np.arange(30))
    assert len(together) == 30
    assert torch.equal(images(np.array([17]))[0], together[17])
    assert torch.equal(images(np.arange(12, 23))[5], together[17])


@pytest.mark.parametrize(("count", "size"), [(1, 8), (8, 8), (9, 8), (23, 5), (3, 100)])
def test_batches_hold_every_seed_once_and_are_all_of_one_size(count: int, size: int) -> None:
    seeds = np.arange(count) + 100
    made = list(sampling.batches(seeds, seeds % 3, size))
    assert all(len(batch) == len(labels) == size for batch, labels, _ in made)
    np.testing.assert_array_equal(np.concatenate([batch[:kept] for batch, _, kept in made]), seeds)
    assert all((labels == batch % 3).all() for batch, labels, _ in made)


def test_eta_is_the_share_of_ddpm_s_noise() -> None:
    x, eps, z = torch.randn(3, 2, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    step: Callable = sampling.ddim_step
    ddim, ddpm = step(x, eps, 0.3, 0.6, z, False)[0], sampling.ddpm_step(x, eps, 0.3, 0.6, z, False)[0]
    sigma = ((1 - 0.6) / (1 - 0.3) * (1 - 0.3 / 0.6)) ** 0.5
    x0 = (x - 0.7**0.5 * eps) / 0.3**0.5
    torch.testing.assert_close(ddim, 0.6**0.5 * x0 + 0.4**0.5 * eps)
    torch.testing.assert_close(ddpm, 0.6**0.5 * x0 + (0.4 - sigma**2) ** 0.5 * eps + sigma * z)


SMALL, SEEDS = (1, 4, 4), np.arange(4)


def bright(x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The expected noise for pixels drawn from N(0.8, 0.5), in float64: often beyond what `clip` allows."""
    return best_denoiser(0.8, 0.5)(x.double(), t, labels)


def last(timesteps: list[int], sampler: str, clip: bool, denoiser: unet.Denoiser = bright) -> torch.Tensor:
    *_, step = plain_loop.steps(denoiser, SEEDS, SEEDS, CPU, SMALL, timesteps, LEVELS, sampler, clip)
    return step.x


@pytest.mark.parametrize("clip", [False, True])
def test_ddpm_over_every_timestep_is_diffusers_own(clip: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = DDPMScheduler(T, beta_schedule="squaredcos_cap_v2", clip_sample=clip, variance_type="fixed_small")
    scheduler.alphas_cumprod = LEVELS
    x = noise(SEEDS, INITIAL, SMALL)
    for t in range(T - 1, -1, -1):
        z = noise(SEEDS, t + 1, SMALL).double()
        monkeypatch.setattr("diffusers.schedulers.scheduling_ddpm.randn_tensor", lambda *_a, z=z, **_k: z)
        x = scheduler.step(bright(x, torch.full((len(SEEDS),), t), SEEDS), t, x).prev_sample
    torch.testing.assert_close(last(descend(T, T), "ddpm", clip), x, atol=1e-8, rtol=0)


@pytest.mark.parametrize("spacing", ["leading", "trailing"])
@pytest.mark.parametrize("clip", [False, True])
def test_ddim_over_even_steps_is_diffusers_own(clip: bool, spacing: str) -> None:
    scheduler = DDIMScheduler(T, beta_schedule="squaredcos_cap_v2", clip_sample=clip, timestep_spacing=spacing)
    scheduler.alphas_cumprod = LEVELS
    scheduler.set_timesteps(40)
    x = noise(SEEDS, INITIAL, SMALL)
    for t in scheduler.timesteps.tolist():
        eps = bright(x, torch.full((len(SEEDS),), t), SEEDS)
        x = scheduler.step(eps, t, x, eta=0.0, use_clipped_model_output=clip).prev_sample
    torch.testing.assert_close(last(scheduler.timesteps.tolist(), "ddim", clip), x, atol=1e-8, rtol=0)


def test_clipping_is_felt_by_these_toys() -> None:
    for sampler in sampling.SAMPLERS:
        free, bounded = last(descend(40, T), sampler, False), last(descend(40, T), sampler, True)
        assert float(free.max()) > 1.2
        assert float(bounded.max()) <= 1


@pytest.mark.parametrize("clip", [False, True])
def test_the_predicted_clean_image_is_the_expected_one_and_bounded_only_by_clip(clip: bool) -> None:
    a, x = float(LEVELS[300]), noise(SEEDS, INITIAL, SMALL).double()
    expected = 0.8 + a**0.5 * 0.25 * (x - a**0.5 * 0.8) / (a * 0.25 + 1 - a)
    assert float(expected.max()) > 1.2
    step = next(plain_loop.steps(bright, SEEDS, SEEDS, CPU, SMALL, [300, 100], LEVELS, "ddpm", clip))
    torch.testing.assert_close(step.x0, expected.clamp(-1, 1) if clip else expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("clip", [False, True])
def test_ddpm_without_its_noise_is_ddim(clip: bool) -> None:
    x, eps, z = torch.randn(3, 2, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    for ours, ddim in zip(
        sampling.ddpm_step(x, eps, 0.3, 0.6, z, clip, eta=0.0),
        sampling.ddim_step(x, eps, 0.3, 0.6, None, clip),
        strict=True,
    ):
        assert torch.equal(ours, ddim)


def test_the_caller_can_differentiate_between_two_steps() -> None:
    for _ in plain_loop.steps(bright, SEEDS, SEEDS, CPU, SMALL, [900, 400], LEVELS, "ddpm", True):
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()


def unsure(x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The same noise with variances of its own beside it, from the smallest to the largest of the step."""
    return torch.cat([bright(x, t, labels), torch.sin(9 * x.double())], dim=1)


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("timesteps", [descend(T, T), UNEVEN, [999, 940, 700, 310, 300, 40, 0]], ids=len)
def test_ddpm_with_a_learned_variance_is_diffusers_own_over_any_timesteps(
    timesteps: list[int], clip: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = DDPMScheduler(T, beta_schedule="squaredcos_cap_v2", clip_sample=clip, variance_type="learned_range")
    scheduler.alphas_cumprod = LEVELS
    if len(timesteps) < T:
        scheduler.set_timesteps(timesteps=timesteps)
    x = noise(SEEDS, INITIAL, SMALL)
    for t in timesteps:
        z = noise(SEEDS, t + 1, SMALL).double()
        monkeypatch.setattr("diffusers.schedulers.scheduling_ddpm.randn_tensor", lambda *_a, z=z, **_k: z)
        x = scheduler.step(unsure(x, torch.full((len(SEEDS),), t), SEEDS), t, x).prev_sample
    learned = last(timesteps, "ddpm", clip, unsure)
    torch.testing.assert_close(learned, x, atol=1e-8, rtol=0)
    assert not torch.allclose(learned, last(timesteps, "ddpm", clip), atol=1e-3)


@pytest.mark.parametrize(("prediction", "type_"), [("epsilon", "epsilon"), ("v", "v_prediction")])
@pytest.mark.parametrize("clip", [False, True])
def test_a_network_s_learned_variance_is_the_one_diffusers_takes(
    tiny, prediction: str, type_: str, clip: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny(learned_variance=True).eval()
    scheduler = DDPMScheduler(
        T,
        beta_schedule="squaredcos_cap_v2",
        clip_sample=clip,
        variance_type="learned_range",
        prediction_type=type_,
    )
    timesteps = [999, 700, 310, 300, 40, 0]
    scheduler.set_timesteps(timesteps=timesteps)
    seeds = np.arange(4)
    x, labels = noise(seeds, INITIAL, SHAPE), torch.from_numpy(seeds % 3)
    with torch.inference_mode():
        for t in timesteps:
            z = noise(seeds, t + 1, SHAPE)
            monkeypatch.setattr("diffusers.schedulers.scheduling_ddpm.randn_tensor", lambda *_a, z=z, **_k: z)
            x = scheduler.step(unet.output(model, x, torch.full((4,), t), labels), t, x).prev_sample
    ours = drawn(unet.denoiser(model, prediction, LEVELS), timesteps, "ddpm", clip, seeds)[-1].x
    assert ours.shape == (4, *SHAPE)
    torch.testing.assert_close(ours, x, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("clip", [False, True])
def test_a_share_lies_between_the_smallest_variance_and_the_step_s_beta(clip: bool) -> None:
    x, eps, z = torch.randn(3, 2, 1, 4, 4, generator=torch.Generator().manual_seed(0))

    def added(share: float | None) -> torch.Tensor:
        shares = None if share is None else torch.full_like(x, share)
        made, x0 = sampling.ddpm_step(x, eps, 0.3, 0.6, z, clip, shares)
        still, expected = sampling.ddpm_step(x, eps, 0.3, 0.6, 0 * z, clip, shares)
        torch.testing.assert_close(x0, expected)
        return (made - still) / z

    smallest, beta = 0.4 / 0.7 * 0.5, 0.5
    torch.testing.assert_close(added(0), added(None), atol=1e-4, rtol=1e-4)
    for share, variance in ((0, smallest), (1, beta), (0.5, (smallest * beta) ** 0.5)):
        torch.testing.assert_close(added(share), torch.full_like(x, variance**0.5), atol=1e-4, rtol=1e-4)


def test_shares_of_zero_are_the_fixed_variance() -> None:
    def smallest(x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        eps = bright(x, t, labels)
        return torch.cat([eps, torch.full_like(eps, -1)], dim=1)

    timesteps = descend(40, T)
    torch.testing.assert_close(last(timesteps, "ddpm", True, smallest), last(timesteps, "ddpm", True))


@pytest.mark.parametrize("clip", [False, True])
def test_ddim_takes_no_notice_of_the_shares(clip: bool) -> None:
    timesteps = descend(40, T)
    assert torch.equal(last(timesteps, "ddim", clip, unsure), last(timesteps, "ddim", clip))
    x, eps, z = torch.randn(3, 2, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    for given in (None, z):
        with_shares = sampling.ddim_step(x, eps, 0.3, 0.6, given, clip, torch.ones_like(x))
        assert torch.equal(with_shares[0], sampling.ddim_step(x, eps, 0.3, 0.6, given, clip)[0])


def test_the_last_step_adds_no_noise_whatever_the_share() -> None:
    (step,) = plain_loop.steps(unsure, SEEDS, SEEDS, CPU, SMALL, [600], LEVELS, "ddpm", True)
    assert torch.equal(step.x, step.x0)

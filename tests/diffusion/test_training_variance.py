"""A learned variance is trained by the hybrid loss."""

import numpy as np
import pytest
import torch

from pipeline.diffusion import training, unet
from pipeline.diffusion.noise import mix
from pipeline.diffusion.schedule import add_noise, alpha_bar
from pipeline.diffusion.variational import bound
from tests.diffusion.runs import CPU, LEVELS


def first_batch(run: training.Training) -> tuple[torch.Tensor, ...]:
    """x0, t, noise and x of the first update, in the order that training draws them."""
    generator = torch.Generator().manual_seed(mix(0, 0))
    index = training.epoch_indices(0, 8, 20, 0, CPU)
    t = torch.randint(1000, (8,), generator=generator)
    eps = torch.randn(8, 1, 8, 8, generator=generator)
    a, x0 = LEVELS[t].float().view(8, 1, 1, 1), run.images[index] / 127.5 - 1
    return x0, t, eps, a.sqrt() * x0 + (1 - a).sqrt() * eps


@pytest.mark.parametrize("prediction", ["epsilon", "v"])
@pytest.mark.parametrize("weight", [0.0, 0.001, 0.1])
def test_a_learned_variance_is_trained_by_the_hybrid_loss(begin, prediction: str, weight: float) -> None:
    run = begin(prediction=prediction, vlb_weight=weight, difference={"learned_variance": True})
    x0, t, eps, x = first_batch(run)
    outputs: list[torch.Tensor] = []
    run.model.conv_out.register_forward_hook(lambda _m, _i, out: out.retain_grad() or outputs.append(out))
    loss = run.update()

    (out,) = outputs
    given = out.detach().requires_grad_()
    a = LEVELS[t].float().view(8, 1, 1, 1)
    target = eps if prediction == "epsilon" else a.sqrt() * eps - (1 - a).sqrt() * x0
    error = (given[:, :1] - target).square().mean()
    fixed = given[:, :1].detach()
    noise = fixed if prediction == "epsilon" else a.sqrt() * fixed + (1 - a).sqrt() * x
    bits_per_step = bound(x0, x, t, noise, (given[:, 1:] + 1) / 2, LEVELS.float())
    hybrid = error + weight * 1000 * bits_per_step.mean()
    torch.testing.assert_close(loss, error.detach())  # which is watched and shown: a bound has a scale of its own

    (of_error,) = torch.autograd.grad(error, given, retain_graph=True)
    torch.testing.assert_close(out.grad[:, :1], of_error[:, :1])
    torch.testing.assert_close(out.grad[:, :1], 2 * (fixed - target) / target.numel())
    (of_hybrid,) = torch.autograd.grad(hybrid, given)
    torch.testing.assert_close(out.grad[:, 1:], of_hybrid[:, 1:])
    assert bool(out.grad[:, 1:].any()) == (weight > 0)


def test_the_hybrid_loss_is_reckoned_in_float32_under_bfloat16(begin, monkeypatch: pytest.MonkeyPatch) -> None:
    run, kinds = begin(precision="bfloat16", difference={"learned_variance": True}), []

    def seen(*inputs: torch.Tensor) -> torch.Tensor:
        kinds.append({each.dtype for each in inputs if each.is_floating_point()})
        return bound(*inputs)

    monkeypatch.setattr(training, "bound", seen)
    assert run.update().dtype == torch.float32
    assert kinds == [{torch.float32}]


def test_a_bound_s_spikes_stop_no_run(begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "bound", lambda x0, *_: x0.new_full((len(x0),), 720.0))
    rows = list(begin(max_loss=3.0, difference={"learned_variance": True}))
    assert max(row.train_loss for row in rows[1:]) < 3


@pytest.mark.parametrize("prediction", ["epsilon", "v"])
def test_a_learned_variance_is_learnt_and_the_noise_with_it(begin, prediction: str) -> None:
    levels = alpha_bar("cosine", 20)[:15].float()
    run = begin(
        prediction=prediction,
        difference={"learned_variance": True},
        levels=levels,
        images=1600,
        log_every=1600,
        ema=0.95,
    )
    validation = run.validation

    def bound_of_shares() -> float:
        """Of the network's own, as a multiple of the bound where all shares are one half."""
        found = []
        for t, eps in zip(validation.t, validation.eps, strict=True):
            x = add_noise(validation.x0, eps, levels[t])
            with torch.inference_mode():
                out = unet.denoiser(run.finished(), prediction, levels)(x, t, validation.labels)
            noise, share = unet.halves(out, 1)
            half = torch.full_like(share, 0.5)
            found.append([float(bound(validation.x0, x, t, noise, s, levels).mean()) for s in (share, half)])
        own, halved = np.mean(found, axis=0)
        return own / halved

    before, rows = bound_of_shares(), list(run)
    assert rows[-1].validation_loss < 0.5 * rows[0].validation_loss
    assert bound_of_shares() < 0.96 < before

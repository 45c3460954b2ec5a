"""Plain code gives the same numbers, and every value of params.yaml arrives where it is named."""

import contextlib
import copy
import json
import math
import resource
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler
from diffusers.models.attention_processor import Attention
from safetensors import SafetensorError

from pipeline.diffusion import checkpoint, costs, sampling, training, unet
from pipeline.diffusion.noise import INITIAL, noise
from pipeline.diffusion.schedule import alpha_bar, descend
from pipeline.errors import UserError
from pipeline.params import Train

T = 1000
LEVELS = alpha_bar("cosine", T)
SHAPE = (1, 4, 4)
SEEDS = np.arange(4)
CPU = torch.device("cpu")
PARAMS = {
    "images": 40,  # five updates
    "batch_size": 8,
    "lr": 0.003,
    "weight_decay": 2.0,
    "warmup": 16,
    "clip_norm": 0.01,
    "ema": 0.8,
    "replicas": [3],
    "log_every": 16,
    "validation_draws": 2,
    "checkpoint_every": 16,
    "max_loss": 10.0,
    "precision": "float32",
    "channels_last": False,
    "compile": "none",
}
Begin = Callable[..., training.Training]


@pytest.fixture
def begin(tiny) -> Begin:
    """begin(**train parameters): a fresh run over twenty random images."""
    images = torch.randint(256, (20, 1, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    labels = torch.arange(20) % 3

    def make(**changes: object) -> training.Training:
        held_out = training.validation_set(images[:5], labels[:5], 2, T)
        params = Train(**{**PARAMS, **changes})
        return training.Training(tiny(), images, labels, held_out, LEVELS, "epsilon", params, 3, "little")

    return make


def bits(run: training.Training) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in run.finished().state_dict().values())


# the architecture


@pytest.mark.parametrize("res_blocks", [0, 1])
def test_heads_and_groups_are_the_ones_asked_for_in_every_layer(tiny, res_blocks: int) -> None:
    model = tiny(res_blocks=res_blocks)
    attentions = [m for m in model.modules() if isinstance(m, Attention)]
    assert [(m.heads, m.to_q.out_features) for m in attentions] == [(2, 8)] * len(attentions)
    assert len(attentions) == 2 + 2 * res_blocks
    groups = [m.num_groups for m in model.modules() if isinstance(m, torch.nn.GroupNorm)]
    assert set(groups) == {4}


def test_without_blocks_the_middle_s_attention_still_goes_when_asked(tiny) -> None:
    model = tiny(res_blocks=0, attention=[], middle_attention=False)
    assert not any(isinstance(m, Attention) for m in model.modules())


@pytest.mark.parametrize(
    "change", [{"norm_num_groups": 3}, {"block_out_channels": "wide"}, {"layers_per_block": None}, {}]
)
def test_a_configuration_that_makes_no_network_is_one_sentence(tiny, tmp_path: Path, change: dict) -> None:
    tiny().save_pretrained(tmp_path, safe_serialization=True)
    config = tmp_path / "config.json"
    values = {**json.loads(config.read_text()), **change}
    if not change:
        del values["layers_per_block"]
    config.write_text(json.dumps(values))
    with pytest.raises(UserError, match="holds no whole set of weights") as caught:
        unet.load(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("keep", [0, 100])
def test_a_truncated_configuration_is_one_sentence(tiny, tmp_path: Path, keep: int) -> None:
    tiny().save_pretrained(tmp_path, safe_serialization=True)
    config = tmp_path / "config.json"
    config.write_bytes(config.read_bytes()[:keep])
    with pytest.raises(UserError, match="holds no whole set of weights") as caught:
        unet.load(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("difference", [{}, {"attention": [], "middle_attention": False}, {"res_blocks": 0}])
def test_training_bytes_are_those_of_every_storage_kept_but_the_weights(tiny, difference: dict) -> None:
    model, kept = tiny(**difference), dict[int, int]()
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        zero = torch.zeros(1, dtype=torch.long)
        predicted = unet.output(model, torch.zeros(1, 1, 8, 8), zero, zero)
    assert predicted.requires_grad
    assert costs.measure(model).training_bytes_per_image == sum(kept.values())


# sampling


def denoiser(x: torch.Tensor, t: torch.Tensor, _labels: torch.Tensor) -> torch.Tensor:
    """The expected noise for pixels drawn from N(0.8, 0.5): float64, and often beyond what `clip` allows."""
    a = LEVELS[t][:, None, None, None]
    return (1 - a).sqrt() * (x - a.sqrt() * 0.8) / (a * 0.25 + 1 - a)


def last(timesteps: list[int], sampler: str, clip: bool) -> torch.Tensor:
    *_, step = sampling.steps(denoiser, SEEDS, SEEDS, CPU, SHAPE, timesteps, LEVELS, sampler, clip)
    return step.x


@pytest.mark.parametrize("clip", [False, True])
def test_ddpm_over_every_timestep_is_diffusers_own(clip: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = DDPMScheduler(T, beta_schedule="squaredcos_cap_v2", clip_sample=clip, variance_type="fixed_small")
    scheduler.alphas_cumprod = LEVELS
    x = noise(SEEDS, INITIAL, SHAPE)
    for t in range(T - 1, -1, -1):
        z = noise(SEEDS, t + 1, SHAPE).double()
        monkeypatch.setattr("diffusers.schedulers.scheduling_ddpm.randn_tensor", lambda *_a, z=z, **_k: z)
        x = scheduler.step(denoiser(x, torch.full((len(SEEDS),), t), SEEDS), t, x).prev_sample
    torch.testing.assert_close(last(descend(T, T), "ddpm", clip), x, atol=1e-8, rtol=0)


@pytest.mark.parametrize("spacing", ["leading", "trailing"])
@pytest.mark.parametrize("clip", [False, True])
def test_ddim_over_even_steps_is_diffusers_own(clip: bool, spacing: str) -> None:
    scheduler = DDIMScheduler(T, beta_schedule="squaredcos_cap_v2", clip_sample=clip, timestep_spacing=spacing)
    scheduler.alphas_cumprod = LEVELS
    scheduler.set_timesteps(40)
    x = noise(SEEDS, INITIAL, SHAPE)
    for t in scheduler.timesteps.tolist():
        eps = denoiser(x, torch.full((len(SEEDS),), t), SEEDS)
        x = scheduler.step(eps, t, x, eta=0.0, use_clipped_model_output=clip).prev_sample
    torch.testing.assert_close(last(scheduler.timesteps.tolist(), "ddim", clip), x, atol=1e-8, rtol=0)


def test_clipping_is_felt_by_these_toys() -> None:
    for sampler in sampling.SAMPLERS:
        free, bounded = last(descend(40, T), sampler, False), last(descend(40, T), sampler, True)
        assert float(free.max()) > 1.2
        assert float(bounded.max()) <= 1


@pytest.mark.parametrize("clip", [False, True])
def test_the_predicted_clean_image_is_the_expected_one_and_bounded_only_by_clip(clip: bool) -> None:
    a, x = float(LEVELS[300]), noise(SEEDS, INITIAL, SHAPE).double()
    expected = 0.8 + a**0.5 * 0.25 * (x - a**0.5 * 0.8) / (a * 0.25 + 1 - a)
    assert float(expected.max()) > 1.2
    step = next(sampling.steps(denoiser, SEEDS, SEEDS, CPU, SHAPE, [300, 100], LEVELS, "ddpm", clip))
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
    for _ in sampling.steps(denoiser, SEEDS, SEEDS, CPU, SHAPE, [900, 400], LEVELS, "ddpm", True):
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()


# checkpoints


def test_a_write_that_the_system_stops_half_way_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "c", "key", {"a": torch.ones(3)}, {"updates": 7})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, limits[1]))
    try:
        # a full disk reaches safetensors in the same way, with the system's other sentence
        with pytest.raises(SafetensorError, match=r"File too large \(os error 27\)"):
            checkpoint.save(tmp_path / "c", "key", {"a": torch.zeros(2**18)}, {"updates": 8})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    found = checkpoint.load(tmp_path / "c", "key", CPU)
    assert found is not None
    assert found[1] == {"updates": 7}
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


# training


def test_training_is_ho_et_al_s_algorithm_1_written_out(begin: Begin) -> None:
    run = begin()
    images, labels, validation = run.images, run.labels, run.validation
    model, average = copy.deepcopy(run.model).train(), None
    optimizer = torch.optim.AdamW(model.parameters(), lr=1.0, weight_decay=2.0, fused=True)
    levels, losses, averages = LEVELS.float(), list[float](), []
    for u in range(5):
        optimizer.param_groups[0]["lr"] = 0.003 * [1 / 3, 2 / 3, 1, 0.75, 0.25][u]
        generator = torch.Generator().manual_seed(training._mix(3, u))
        chosen = training.epoch_indices(u, 8, 20, 3, CPU)
        t = torch.randint(T, (8,), generator=generator)
        eps = torch.randn(8, 1, 8, 8, generator=generator)
        a = levels[t].view(8, 1, 1, 1)
        x = a.sqrt() * (images[chosen] / 127.5 - 1) + (1 - a).sqrt() * eps
        loss = ((model(x, t, class_labels=labels[chosen]).sample - eps) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        assert torch.nn.utils.clip_grad_norm_(model.parameters(), 0.01) > 0.01, "this toy's gradients are to be clipped"
        optimizer.step()
        now = copy.deepcopy(model.state_dict())
        average = now if average is None else {n: 0.8 * average[n] + 0.2 * now[n] for n in now}
        losses.append(loss.item())
        averages.append(average)

    rows = list(run)
    torch.testing.assert_close(run.model.state_dict(), model.state_dict())
    torch.testing.assert_close(run.finished().state_dict(), averages[-1])
    assert [row.images_seen for row in rows] == [0, 16, 32, 40]
    assert math.isnan(rows[0].train_loss)
    expected = [(losses[0] + losses[1]) / 2, (losses[2] + losses[3]) / 2, losses[4]]
    assert [row.train_loss for row in rows[1:]] == pytest.approx(expected, rel=1e-5)
    for row, update in zip(rows[1:], (1, 3, 4), strict=True):
        model.load_state_dict(averages[update])
        found = training.validation_losses(partial(unet.output, model.eval()), validation, levels).mean()
        assert row.validation_loss == pytest.approx(found, rel=1e-5)


def test_a_run_killed_between_two_checkpoints_ends_in_the_same_bits(begin: Begin, tmp_path: Path) -> None:
    whole = begin()
    rows = list(whole)

    class KilledError(Exception):
        pass

    for fatal in (1, 3, 4):
        run = begin()

        def kill(_images: int, run: training.Training = run, fatal: int = fatal) -> None:
            if run.updates == fatal:
                raise KilledError

        run.told = kill
        with contextlib.suppress(KilledError):
            for _ in run:
                checkpoint.save(tmp_path / f"{fatal}", "key", *run.state())
        assert run.updates == fatal
        found = checkpoint.load(tmp_path / f"{fatal}", "key", CPU)
        assert found is not None
        again = begin()
        again.restore(*found)
        assert again.updates == (fatal - 1) // 2 * 2
        assert again.seconds == found[1]["seconds"] <= run.seconds
        assert (again.seconds > 0) == (again.updates > 0)
        list(again)
        assert repr(again.rows) == repr(rows)
        assert bits(again) == bits(whole)


def test_a_learning_rate_too_high_stops_it_at_the_first_loss_above_the_bound(begin: Begin) -> None:
    losses = [row.train_loss for row in list(begin(lr=2.0, log_every=8, max_loss=1e30))[1:]]
    first = next(i for i, loss in enumerate(losses, start=1) if loss > 10)
    assert first > 1
    with pytest.raises(UserError, match=rf"variant little rose to {losses[first - 1]:.3g} at update {first} "):
        list(begin(lr=2.0, log_every=40))


def test_the_validation_draws_are_the_same_whatever_was_drawn_before(tiny) -> None:
    images, labels = torch.zeros(14, 1, 8, 8, dtype=torch.uint8), torch.arange(14) % 3
    first = training.validation_set(images, labels, 3, 7)
    tiny(seed=5, res_blocks=0)(torch.randn(1, 1, 8, 8), 3, class_labels=torch.zeros(1, dtype=torch.long))
    again = training.validation_set(images, labels, 3, 7)
    assert torch.equal(first.t, again.t)
    assert torch.equal(first.eps, again.eps)
    assert torch.bincount(first.t.flatten()).tolist() == [6] * 7


def test_validation_losses_are_a_plain_loop_s(begin: Begin) -> None:
    run = begin()
    model, held_out = run.finished(), run.validation
    found = run.validation_losses()
    assert found.dtype == np.float64
    assert found.shape == (2, 5)
    for d, i in np.ndindex(2, 5):
        a, eps = float(LEVELS[held_out.t[d, i]]), held_out.eps[d, i]
        x = a**0.5 * held_out.x0[i] + (1 - a) ** 0.5 * eps
        with torch.inference_mode():
            (predicted,) = model(x[None], held_out.t[d, i], class_labels=held_out.labels[i][None]).sample
        assert found[d, i] == pytest.approx(float(((predicted - eps) ** 2).mean()), rel=1e-4)


def test_the_rate_is_never_negative_and_never_above_its_peak() -> None:
    for total, warmup in ((1, 0), (5, 16), (5, 400), (50, 20), (750, 1200)):
        params = Train(**{**PARAMS, "warmup": warmup})
        rates = [training.lr_factor(u, total, params) for u in range(total)]
        assert all(0 <= rate <= 1 for rate in rates)

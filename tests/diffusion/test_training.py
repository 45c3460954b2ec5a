"""Training is fixed by its seed, goes on where it was, and stops where it makes no sense."""

import copy
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.diffusion import checkpoint, training, unet
from pipeline.diffusion.schedule import add_noise, alpha_bar
from pipeline.errors import UserError
from pipeline.params import Train

CPU, LAST = torch.device("cpu"), torch.channels_last
LEVELS = alpha_bar("cosine", 1000)
PARAMS = {
    "images": 160,
    "batch_size": 8,
    "lr": 0.003,
    "weight_decay": 0.01,
    "warmup": 24,
    "clip_norm": 1.0,
    "ema": 0.9,
    "replicas": [0],
    "log_every": 32,
    "validation_draws": 2,
    "checkpoint_every": 32,
    "max_loss": 10.0,
    "precision": "float32",
    "channels_last": False,
    "compile": "none",
}


@pytest.fixture
def begin(tiny):
    """begin(seed=0, prediction="epsilon", **train parameters): a fresh run over twenty little bars."""
    images = torch.zeros((20, 1, 8, 8), dtype=torch.uint8)
    labels = torch.arange(20) % 3
    for image, label in zip(images, labels, strict=True):
        image[:, :, 2 * int(label) : 2 * int(label) + 2] = 255

    def make(seed: int = 0, prediction: str = "epsilon", **changes: object) -> training.Training:
        params = Train(**{**PARAMS, **changes})
        validation = training.validation_set(images[:9], labels[:9], 2, 1000)
        return training.Training(tiny(), images, labels, validation, LEVELS, prediction, params, seed, "little")

    return make


def bits(run: training.Training) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in run.finished().state_dict().values())


def test_a_seed_is_a_result_bit_for_bit(begin) -> None:
    one, again, other = begin(), begin(), begin(seed=1)
    rows = list(one)
    assert [row.images_seen for row in rows] == [0, 32, 64, 96, 128, 160]
    assert repr(list(again)) == repr(rows)
    assert bits(again) == bits(one)
    list(other)
    assert bits(other) != bits(one)


@pytest.mark.parametrize("stop", [0, 1, 3])
def test_a_run_taken_up_again_ends_in_the_same_bits(begin, tmp_path: Path, stop: int) -> None:
    whole = begin()
    rows = list(whole)
    first = begin()
    for i, _ in enumerate(first):
        if i == stop:
            break
    checkpoint.save(tmp_path / "c", "key", *first.state())
    second = begin()
    found = checkpoint.load(tmp_path / "c", "key", CPU)
    assert found is not None
    second.restore(*found)
    assert second.updates == 4 * stop
    list(second)
    assert repr(second.rows) == repr(rows)
    assert bits(second) == bits(whole)


def test_it_learns_and_tells_of_every_image(begin) -> None:
    run, told = begin(images=1600, log_every=1600, ema=0.95), []
    run.told = told.append
    rows = list(run)
    assert rows[-1].validation_loss < 0.4 * rows[0].validation_loss
    assert math.isnan(rows[0].train_loss)
    assert sum(told) == 1600


@pytest.mark.parametrize(("spoilt", "said"), [(float("nan"), "became nan"), (50.0, "rose to")])
def test_a_loss_that_explodes_stops_it_with_the_variant_and_the_update(begin, spoilt: float, said: str) -> None:
    run = begin()
    plain = run._update

    def spoil() -> torch.Tensor:
        return plain() * 0 + (spoilt if run.updates == 7 else 0.5)

    run._update = spoil
    with pytest.raises(UserError, match=rf"loss of variant little {said}.* at update 7 \(56 images seen") as caught:
        list(run)
    assert "\n" not in str(caught.value)


def test_the_averaged_weights_are_the_running_mean_by_hand(begin) -> None:
    run = begin(images=40, log_every=8)
    name, expected = "conv_in.weight", None
    for row in run:
        now = run.model.state_dict()[name].clone()
        if row.images_seen:
            expected = now if expected is None else 0.9 * expected + 0.1 * now
    torch.testing.assert_close(run.finished().state_dict()[name], expected)


def test_the_learning_rate_rises_and_falls_as_half_a_cosine() -> None:
    params = Train(**{**PARAMS, "warmup": 80})
    rates = [training.lr_factor(u, 100, params) for u in range(100)]
    assert rates[:11] == pytest.approx([*(np.arange(1, 11) / 11), 1.0])
    assert all(a > b for a, b in pairwise(rates[10:]))
    assert rates[55] == pytest.approx(0.5)
    assert 0 < rates[-1] < 0.001
    assert training.lr_factor(0, 10, Train(**{**PARAMS, "warmup": 0})) == 1


def test_every_epoch_holds_every_image_once_in_an_order_of_its_own() -> None:
    seen = torch.cat([training.epoch_indices(u, 8, 20, 0, CPU) for u in range(10)])
    epochs = seen.view(4, 20)
    assert all(sorted(epoch.tolist()) == list(range(20)) for epoch in epochs)
    assert len({tuple(epoch.tolist()) for epoch in epochs}) == 4
    assert not torch.equal(training.epoch_indices(0, 8, 20, 0, CPU), training.epoch_indices(0, 8, 20, 1, CPU))
    long = training.epoch_indices(1, 50, 20, 0, CPU)
    assert torch.equal(long, torch.cat([training.epoch_indices(u, 10, 20, 0, CPU) for u in range(5, 10)]))


def test_validation_covers_the_timesteps_evenly_and_is_a_plain_mean(begin) -> None:
    run = begin()
    validation = run.validation
    assert sorted(validation.t.flatten().tolist()) == [int((i + 0.5) * 1000 / 18) for i in range(18)]
    found = run.validation_losses()
    assert found.shape == (2, 9)
    draw, image = 1, 4
    t, eps = validation.t[draw, image][None], validation.eps[draw, image][None]
    x = add_noise(validation.x0[image][None], eps, LEVELS[t])
    with torch.inference_mode():
        error = unet.output(run.finished(), x, t, validation.labels[image][None]) - eps
    assert found[draw, image] == pytest.approx(float(error.square().mean()), rel=1e-4)


@pytest.mark.parametrize("switches", [{"channels_last": True}, {"precision": "bfloat16"}])
def test_a_switch_changes_the_speed_and_hardly_the_loss(begin, tmp_path: Path, switches: dict) -> None:
    usual, switched = begin(), begin(**switches)
    losses = [[row.validation_loss for row in run] for run in (usual, switched)]
    assert losses[1] == pytest.approx(losses[0], rel=0.02)
    first = begin(**switches)
    for row in first:
        if row.images_seen == 64:
            break
    checkpoint.save(tmp_path / "c", "key", *first.state())
    again = begin(**switches)
    again.restore(*checkpoint.load(tmp_path / "c", "key", CPU))
    list(again)
    assert bits(again) == bits(switched), "it goes on in the same bits too"


def test_bfloat16_is_used_and_the_weights_stay_float32(begin) -> None:
    run, seen = begin(precision="bfloat16"), []
    run.model.conv_out.register_forward_hook(lambda _m, _i, out: seen.append(out.dtype))
    loss = run._update()
    assert seen == [torch.bfloat16]
    assert loss.dtype == torch.float32
    assert all(p.dtype == torch.float32 for p in run.model.parameters())


def test_channels_last_is_the_layout_of_weights_and_images(begin) -> None:
    run, seen = begin(channels_last=True), []
    run.model.conv_in.register_forward_hook(lambda _m, _i, out: seen.append(out.is_contiguous(memory_format=LAST)))
    run._update()
    assert seen == [True]
    assert run.model.mid_block.resnets[0].conv1.weight.is_contiguous(memory_format=LAST)


def test_compile_gets_its_mode_and_trains_the_same_weights(begin, monkeypatch: pytest.MonkeyPatch) -> None:
    modes = []
    monkeypatch.setattr(torch, "compile", lambda model, mode: modes.append(mode) or model.forward)
    compiled, usual = begin(compile="reduce-overhead"), begin()
    assert modes == ["reduce-overhead"], "and not where it is none"
    assert repr(list(compiled)) == repr(list(usual))


def test_the_validation_loss_is_the_same_in_one_piece_and_in_many(begin, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begin()
    whole = run.validation_losses()
    monkeypatch.setattr(training, "VALIDATION_BATCH", 4)
    np.testing.assert_allclose(run.validation_losses(), whole, 1e-4)


def test_v_is_trained_towards_its_definition_and_gives_the_noise_back(begin) -> None:
    run = begin(prediction="v")
    model = copy.deepcopy(run.model).train()
    generator = torch.Generator().manual_seed(training._mix(0, 0))
    index = training.epoch_indices(0, 8, 20, 0, CPU)
    t = torch.randint(1000, (8,), generator=generator)
    eps = torch.randn(8, 1, 8, 8, generator=generator)
    a, x0 = LEVELS[t].float().view(8, 1, 1, 1), run.images[index] / 127.5 - 1
    x = a.sqrt() * x0 + (1 - a).sqrt() * eps
    v = a.sqrt() * eps - (1 - a).sqrt() * x0
    with torch.no_grad():
        given = model(x, t, class_labels=run.labels[index]).sample
        torch.testing.assert_close(unet.denoiser(lambda *_, **__: (v,), "v", LEVELS)(x, t, run.labels[index]), eps)
    torch.testing.assert_close(run._update(), (given - v).square().mean())


def test_both_predictions_learn_by_the_same_measure(begin) -> None:
    for prediction in ("epsilon", "v"):
        rows = list(begin(prediction=prediction, images=1600, log_every=1600, ema=0.95))
        assert rows[-1].validation_loss < 0.5 * rows[0].validation_loss

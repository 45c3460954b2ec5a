"""Training is fixed by its seed, goes on where it was, and stops where it makes no sense."""

import contextlib
import copy
import math
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.diffusion import checkpoint, training, unet
from pipeline.diffusion.schedule import add_noise, alpha_bar
from pipeline.diffusion.variational import bound
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
    "vlb_weight": 0.001,
    "snapshots": [],
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
    """begin(seed=0, prediction="epsilon", difference={}, levels=LEVELS, **train parameters): a fresh run over twenty
    little bars; difference: of the U-Net."""
    images = torch.zeros((20, 1, 8, 8), dtype=torch.uint8)
    labels = torch.arange(20) % 3
    for image, label in zip(images, labels, strict=True):
        image[:, :, 2 * int(label) : 2 * int(label) + 2] = 255

    def make(
        seed: int = 0,
        prediction: str = "epsilon",
        difference: dict | None = None,
        levels: torch.Tensor = LEVELS,
        **changes: object,
    ) -> training.Training:
        params = Train(**{**PARAMS, **changes})
        validation = training.validation_set(images[:9], labels[:9], 2, len(levels))
        model = tiny(**(difference or {}))
        return training.Training(model, images, labels, validation, levels, prediction, params, seed, "little")

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
    run.updated = told.append
    rows = list(run)
    assert rows[-1].validation_loss < 0.4 * rows[0].validation_loss
    assert math.isnan(rows[0].train_loss)
    assert sum(told) == 1600


@pytest.mark.parametrize(("spoilt", "said"), [(float("nan"), "became nan"), (50.0, "rose to")])
def test_a_loss_that_explodes_stops_it_with_the_variant_and_the_update(begin, spoilt: float, said: str) -> None:
    run = begin()
    plain = run.update

    def spoil() -> torch.Tensor:
        return plain() * 0 + (spoilt if run.updates == 7 else 0.5)

    run.update = spoil
    with pytest.raises(UserError, match=rf"loss of variant little {said}.* at update 7 \(56 images seen") as caught:
        list(run)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("ema", "decays"), [(0.9, [2 / 11, 3 / 12, 4 / 13, 5 / 14]), (0.3, [2 / 11, 3 / 12, 0.3, 0.3]), (0.0, [0.0] * 4)]
)
def test_the_averaged_weights_are_the_running_mean_by_hand(begin, ema: float, decays: list[float]) -> None:
    run = begin(images=40, log_every=8, ema=ema)
    weights = [copy.deepcopy(run.model.state_dict()) for row in run if row.images_seen]
    expected = weights[0]
    for decay, now in zip(decays, weights[1:], strict=True):
        expected = {name: decay * expected[name] + (1 - decay) * now[name] for name in now}
    torch.testing.assert_close(run.finished().state_dict(), expected)


def test_the_decay_of_the_averaged_weights_rises_to_ema_and_stays_there(begin) -> None:
    run, decays = begin(ema=0.9), []
    for run.updates in range(1, 1000):
        averaged = [torch.ones(3)]
        run._average(averaged, [torch.zeros(3)], torch.tensor(run.updates))
        decays.append(float(averaged[0][0]))
    assert decays[0] == pytest.approx(2 / 11)
    assert all(a < b for a, b in pairwise(decays[:80]))
    assert decays[78] == pytest.approx(80 / 89)
    assert decays[79:] == pytest.approx([0.9] * 920)


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


@pytest.mark.parametrize("learned", [False, True])
def test_validation_covers_the_timesteps_evenly_and_is_a_plain_mean(begin, learned: bool) -> None:
    run = begin(difference={"learned_variance": learned})
    validation = run.validation
    assert sorted(validation.t.flatten().tolist()) == [int((i + 0.5) * 1000 / 18) for i in range(18)]
    found = run.validation_losses()
    assert found.shape == (2, 9)
    draw, image = 1, 4
    t, eps = validation.t[draw, image][None], validation.eps[draw, image][None]
    x = add_noise(validation.x0[image][None], eps, LEVELS[t])
    with torch.inference_mode():
        error = unet.output(run.finished(), x, t, validation.labels[image][None])[:, :1] - eps
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
    loss = run.update()
    assert seen == [torch.bfloat16]
    assert loss.dtype == torch.float32
    assert all(p.dtype == torch.float32 for p in run.model.parameters())


def test_channels_last_is_the_layout_of_weights_and_images(begin) -> None:
    run, seen = begin(channels_last=True), []
    run.model.conv_in.register_forward_hook(lambda _m, _i, out: seen.append(out.is_contiguous(memory_format=LAST)))
    run.update()
    assert seen == [True]
    assert run.model.mid_block.resnets[0].conv1.weight.is_contiguous(memory_format=LAST)


@pytest.mark.parametrize("difference", [{}, {"skips": False, "time_embedding": False, "learned_variance": True}])
def test_compile_gets_its_mode_and_trains_the_same_weights(
    begin, monkeypatch: pytest.MonkeyPatch, difference: dict
) -> None:
    modes, compiler = [], torch.compile
    monkeypatch.setattr(
        torch, "compile", lambda model, mode: modes.append(mode) or compiler(model, backend="eager", dynamic=False)
    )
    compiled = begin(difference=difference, images=32, compile="reduce-overhead")
    usual = begin(difference=difference, images=32)
    assert modes == ["reduce-overhead"], "and not where it is none"
    assert repr(list(compiled)) == repr(list(usual))
    assert bits(compiled) == bits(usual)


def test_the_validation_loss_is_the_same_in_one_piece_and_in_many(begin, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begin()
    whole = run.validation_losses()
    monkeypatch.setattr(training, "VALIDATION_BATCH", 4)
    np.testing.assert_allclose(run.validation_losses(), whole, 1e-4)


def test_v_is_trained_towards_its_definition_and_gives_the_noise_back(begin, monkeypatch: pytest.MonkeyPatch) -> None:
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
        monkeypatch.setattr(unet, "output", lambda *_: v)
        torch.testing.assert_close(unet.denoiser(model, "v", LEVELS)(x, t, run.labels[index]), eps)
    torch.testing.assert_close(run.update(), (given - v).square().mean())


def test_both_predictions_learn_by_the_same_measure(begin) -> None:
    for prediction in ("epsilon", "v"):
        rows = list(begin(prediction=prediction, images=1600, log_every=1600, ema=0.95))
        assert rows[-1].validation_loss < 0.5 * rows[0].validation_loss


FIVE_UPDATES = {
    "images": 40,
    "weight_decay": 2.0,
    "warmup": 16,
    "clip_norm": 0.01,
    "ema": 0.8,
    "log_every": 16,
    "seed": 3,
}


def test_training_is_ho_et_al_s_algorithm_1_written_out(begin) -> None:
    run = begin(**FIVE_UPDATES)
    images, labels, validation = run.images, run.labels, run.validation
    model, average = copy.deepcopy(run.model).train(), {}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1.0, weight_decay=2.0, fused=True)
    levels, losses, averages = LEVELS.float(), list[float](), []
    for u in range(5):
        optimizer.param_groups[0]["lr"] = 0.003 * [1 / 3, 2 / 3, 1, 0.75, 0.25][u]
        generator = torch.Generator().manual_seed(training._mix(3, u))
        chosen = training.epoch_indices(u, 8, 20, 3, CPU)
        t = torch.randint(1000, (8,), generator=generator)
        eps = torch.randn(8, 1, 8, 8, generator=generator)
        a = levels[t].view(8, 1, 1, 1)
        x = a.sqrt() * (images[chosen] / 127.5 - 1) + (1 - a).sqrt() * eps
        loss = ((model(x, t, class_labels=labels[chosen]).sample - eps) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        assert torch.nn.utils.clip_grad_norm_(model.parameters(), 0.01) > 0.01, "this toy's gradients are to be clipped"
        optimizer.step()
        now = copy.deepcopy(model.state_dict())
        decay = [0, 2 / 11, 3 / 12, 4 / 13, 5 / 14][u]
        average = {n: decay * average.get(n, 0) + (1 - decay) * now[n] for n in now}
        losses.append(loss.item())
        averages.append(average)

    rows = list(run)
    torch.testing.assert_close(run.model.state_dict(), model.state_dict())
    torch.testing.assert_close(run.finished().state_dict(), averages[-1])
    assert run.losses == pytest.approx(losses, rel=1e-5)
    assert [row.images_seen for row in rows] == [0, 16, 32, 40]
    assert math.isnan(rows[0].train_loss)
    expected = [(losses[0] + losses[1]) / 2, (losses[2] + losses[3]) / 2, losses[4]]
    assert [row.train_loss for row in rows[1:]] == pytest.approx(expected, rel=1e-5)
    for row, update in zip(rows[1:], (1, 3, 4), strict=True):
        model.load_state_dict(averages[update])
        found = training.validation_losses(partial(unet.output, model.eval()), validation, levels).mean()
        assert row.validation_loss == pytest.approx(found, rel=1e-5)


def test_a_run_killed_between_two_checkpoints_ends_in_the_same_bits(begin, tmp_path: Path) -> None:
    whole = begin(**FIVE_UPDATES)
    rows = list(whole)

    class KilledError(Exception):
        pass

    for fatal in (1, 3, 4):
        run = begin(**FIVE_UPDATES)

        def kill(_images: int, run: training.Training = run, fatal: int = fatal) -> None:
            if run.updates == fatal:
                raise KilledError

        run.updated = kill
        with contextlib.suppress(KilledError):
            for _ in run:
                checkpoint.save(tmp_path / f"{fatal}", "key", *run.state())
        assert run.updates == fatal
        found = checkpoint.load(tmp_path / f"{fatal}", "key", CPU)
        assert found is not None
        again = begin(**FIVE_UPDATES)
        again.restore(*found)
        assert again.updates == (fatal - 1) // 2 * 2
        assert again.seconds == found[1]["seconds"] <= run.seconds
        assert (again.seconds > 0) == (again.updates > 0)
        list(again)
        assert repr(again.rows) == repr(rows)
        assert bits(again) == bits(whole)


def test_a_learning_rate_too_high_stops_it_at_the_first_loss_above_the_bound(begin) -> None:
    losses = [row.train_loss for row in list(begin(**{**FIVE_UPDATES, "lr": 2.0, "log_every": 8}, max_loss=1e30))[1:]]
    first = next(i for i, loss in enumerate(losses, start=1) if loss > 10)
    assert first > 1
    with pytest.raises(UserError, match=rf"variant little rose to {losses[first - 1]:.3g} at update {first} "):
        list(begin(**{**FIVE_UPDATES, "lr": 2.0, "log_every": 40}))


def test_the_validation_draws_are_the_same_whatever_was_drawn_before(tiny) -> None:
    images, labels = torch.zeros(14, 1, 8, 8, dtype=torch.uint8), torch.arange(14) % 3
    first = training.validation_set(images, labels, 3, 7)
    tiny(seed=5, res_blocks=0)(torch.randn(1, 1, 8, 8), 3, class_labels=torch.zeros(1, dtype=torch.long))
    again = training.validation_set(images, labels, 3, 7)
    assert torch.equal(first.t, again.t)
    assert torch.equal(first.eps, again.eps)
    assert torch.bincount(first.t.flatten()).tolist() == [6] * 7


def test_the_rate_is_never_negative_and_never_above_its_peak() -> None:
    for total, warmup in ((1, 0), (5, 16), (5, 400), (50, 20), (750, 1200)):
        params = Train(**{**PARAMS, "warmup": warmup})
        rates = [training.lr_factor(u, total, params) for u in range(total)]
        assert all(0 <= rate <= 1 for rate in rates)


def copied(run: training.Training) -> dict[str, torch.Tensor]:
    return copy.deepcopy(run.finished().state_dict())


def same(weights: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> bool:
    return weights.keys() == others.keys() and all(torch.equal(weights[name], others[name]) for name in weights)


@pytest.mark.parametrize("switches", [{}, {"channels_last": True}, {"precision": "bfloat16"}])
def test_a_snapshot_is_the_averaged_weights_at_the_first_whole_batch(begin, switches: dict) -> None:
    run, usual = begin(snapshots=[5, 40, 41, 45, 96, 157], **switches), begin(**switches)
    weights = {row.images_seen: copied(run) for row in run}
    assert list(weights) == [0, 8, 32, 40, 48, 64, 96, 128, 160], "a row at each"
    assert list(run.snapshots) == [8, 40, 48, 96, 160]
    for images_seen, snapshot in run.snapshots.items():
        assert same(snapshot, weights[images_seen])
        assert {tensor.device for tensor in snapshot.values()} == {CPU}
    assert not same(run.snapshots[8], run.snapshots[40])
    list(usual)
    assert usual.snapshots == {}
    assert run.losses == usual.losses
    assert bits(run) == bits(usual)


def test_a_snapshot_is_a_network_of_its_own(begin, tiny) -> None:
    run = begin(snapshots=[32])
    for row in run:
        if row.images_seen == 32:
            x, t, labels = torch.randn(2, 1, 8, 8), torch.tensor([3, 900]), torch.tensor([0, 2])
            with torch.inference_mode():
                then = unet.output(run.finished(), x, t, labels)
    model = tiny(seed=9).eval()
    model.load_state_dict(run.snapshots[32])
    with torch.inference_mode():
        assert torch.equal(unet.output(model, x, t, labels), then)
        assert not torch.equal(unet.output(run.finished(), x, t, labels), then)


def test_there_is_a_loss_of_every_update_and_a_row_s_is_their_mean(begin) -> None:
    run = begin(snapshots=[5, 40])
    rows = list(run)
    assert len(run.losses) == run.updates_total == 20
    seen = [row.images_seen // 8 for row in rows]
    assert seen == [0, 1, 4, 5, 8, 12, 16, 20]
    for row, (first, last) in zip(rows[1:], pairwise(seen), strict=True):
        assert row.train_loss == pytest.approx(np.mean(run.losses[first:last]), rel=1e-12)


@pytest.mark.parametrize("every", [8, 32])
@pytest.mark.parametrize("fatal", [3, 5, 6, 8, 9])
def test_snapshots_and_losses_outlive_a_killed_run_bit_for_bit(begin, tmp_path: Path, fatal: int, every: int) -> None:
    changes = {"images": 80, "snapshots": [40, 50], "difference": {"learned_variance": True}}
    whole = begin(**changes)
    rows = list(whole)
    assert list(whole.snapshots) == [40, 56]

    class KilledError(Exception):
        pass

    run, kept = begin(**changes), []

    def kill(_images: int) -> None:
        if run.updates == fatal:
            raise KilledError

    run.updated = kill
    with contextlib.suppress(KilledError):
        for row in run:
            if row.images_seen % every == 0:
                checkpoint.save(tmp_path / "c", "key", *run.state())
                kept = list(run.snapshots)
    again = begin(**changes)
    again.restore(*checkpoint.load(tmp_path / "c", "key", CPU))
    assert list(again.snapshots) == kept
    assert len(again.losses) == again.updates < fatal
    list(again)
    assert again.losses == whole.losses
    assert list(again.snapshots) == list(whole.snapshots)
    assert all(same(again.snapshots[images_seen], whole.snapshots[images_seen]) for images_seen in whole.snapshots)
    assert repr(again.rows) == repr(rows)
    assert bits(again) == bits(whole)


def test_the_averaged_network_is_of_the_same_arm(begin, tiny) -> None:
    difference = {"skips": False, "time_embedding": False, "class_embedding": False}
    run = begin(difference=difference, images=32)
    list(run)
    model = tiny(**difference).eval()
    model.load_state_dict(run.finished().state_dict())
    x, t, labels = torch.randn(2, 1, 8, 8), torch.tensor([3, 900]), torch.tensor([0, 2])
    with torch.inference_mode():
        plain = unet.output(run.finished(), x, t, labels)
        assert torch.equal(plain, unet.output(model, x, t, labels))
        assert torch.equal(plain, unet.output(run.finished(), x, t.flip(0), labels.flip(0)))


def first_batch(run: training.Training) -> tuple[torch.Tensor, ...]:
    """x0, t, noise and x of the first update, in the order that training draws them."""
    generator = torch.Generator().manual_seed(training._mix(0, 0))
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

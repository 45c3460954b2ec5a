"""Training is fixed by its seed, follows its algorithm, and stops where it makes no sense."""

import copy
import math
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch

from pipeline.diffusion import training, unet, validation
from pipeline.diffusion.noise import mix
from pipeline.diffusion.schedule import add_noise
from pipeline.errors import UserError
from pipeline.params import Train
from tests.diffusion.runs import CPU, FIVE_UPDATES, LEVELS, PARAMS, bits


def test_a_seed_is_a_result_bit_for_bit(begin) -> None:
    one, again, other = begin(), begin(), begin(seed=1)
    rows = list(one)
    assert [row.images_seen for row in rows] == [0, 32, 64, 96, 128, 160]
    assert repr(list(again)) == repr(rows)
    assert bits(again) == bits(one)
    list(other)
    assert bits(other) != bits(one)


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
    held_out = run.validation
    assert sorted(held_out.t.flatten().tolist()) == [int((i + 0.5) * 1000 / 18) for i in range(18)]
    found = run.predicted().losses
    assert found.shape == (2, 9)
    draw, image = 1, 4
    t, eps = held_out.t[draw, image][None], held_out.eps[draw, image][None]
    x = add_noise(held_out.x0[image][None], eps, LEVELS[t])
    with torch.inference_mode():
        error = unet.output(run.finished(), x, t, held_out.labels[image][None])[:, :1] - eps
    assert found[draw, image] == pytest.approx(float(error.square().mean()), rel=1e-4)


def test_the_validation_loss_is_the_same_in_one_piece_and_in_many(begin, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begin()
    whole = run.predicted().losses
    monkeypatch.setattr(validation, "BATCH", 4)
    np.testing.assert_allclose(run.predicted().losses, whole, 1e-4)


def test_v_is_trained_towards_its_definition_and_gives_the_noise_back(begin, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begin(prediction="v")
    model = copy.deepcopy(run.model).train()
    generator = torch.Generator().manual_seed(mix(0, 0))
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


def test_training_is_ho_et_al_s_algorithm_1_written_out(begin) -> None:
    run = begin(**FIVE_UPDATES)
    images, labels, held_out = run.images, run.labels, run.validation
    model, average = copy.deepcopy(run.model).train(), {}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1.0, betas=(0.9, 0.8), weight_decay=2.0, fused=True)
    levels, losses, averages = LEVELS.float(), list[float](), []
    for u in range(5):
        optimizer.param_groups[0]["lr"] = 0.003 * [1 / 3, 2 / 3, 1, 0.75, 0.25][u]
        generator = torch.Generator().manual_seed(mix(3, u))
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
        found = validation.predict(partial(unet.output, model.eval()), held_out, levels).losses.mean()
        assert row.validation_loss == pytest.approx(found, rel=1e-5)


def test_a_learning_rate_too_high_stops_it_at_the_first_loss_above_the_bound(begin) -> None:
    losses = [row.train_loss for row in list(begin(**{**FIVE_UPDATES, "lr": 2.0, "log_every": 8}, max_loss=1e9))[1:]]
    first = next(i for i, loss in enumerate(losses, start=1) if loss > 10)
    assert first > 1
    with pytest.raises(UserError, match=rf"variant little rose to {losses[first - 1]:.3g} at update {first} "):
        list(begin(**{**FIVE_UPDATES, "lr": 2.0, "log_every": 40}))


def test_even_timesteps_are_one_in_each_part_and_reach_every_timestep(begin) -> None:
    run, generator = begin(timesteps="even"), torch.Generator().manual_seed(0)
    batches = torch.stack([run.timesteps(8, generator) for _ in range(5000)])
    assert (batches // 125).unique(dim=0).tolist() == [list(range(8))]
    counts = torch.bincount(batches.flatten(), minlength=1000)
    assert len(counts) == 1000
    assert 10 < counts.min() <= counts.max() < 80, "each is expected 40 times"
    alone = torch.stack([begin().timesteps(8, generator) for _ in range(50)])
    assert len((alone // 125).sort(dim=1).values.unique(dim=0)) > 40


def test_middle_timesteps_are_logit_normal_and_reach_nearly_every_timestep(begin) -> None:
    run, generator = begin(timesteps="middle"), torch.Generator().manual_seed(0)
    batches = torch.stack([run.timesteps(8, generator) for _ in range(5000)]).double()
    logits = torch.logit((batches + 0.5) / 1000)
    assert float(logits.mean()) == pytest.approx(0, abs=0.02)
    assert float(logits.std()) == pytest.approx(1, abs=0.02)
    assert 0 <= batches.min() < 30
    assert 970 < batches.max() <= 999
    parts = torch.special.ndtr(logits).mul(8).long().float()
    assert (parts - torch.arange(8)).abs().mean() < 0.02, "one in each eighth of the distribution"


def test_even_timesteps_are_those_that_an_update_learns_from(begin) -> None:
    run = begin(timesteps="even")
    model, generator = copy.deepcopy(run.model).train(), torch.Generator().manual_seed(mix(0, 0))
    index = training.epoch_indices(0, 8, 20, 0, CPU)
    place = float(torch.rand(1, generator=generator, dtype=torch.float64))
    t = torch.tensor([math.floor((part + place) * 125) for part in range(8)])
    eps = torch.randn(8, 1, 8, 8, generator=generator)
    a = LEVELS[t].float().view(8, 1, 1, 1)
    x = a.sqrt() * (run.images[index] / 127.5 - 1) + (1 - a).sqrt() * eps
    with torch.no_grad():
        expected = (model(x, t, class_labels=run.labels[index]).sample - eps).square().mean()
    torch.testing.assert_close(run.update(), expected)


def test_the_validation_draws_are_the_same_whatever_was_drawn_before(tiny) -> None:
    images, labels = torch.zeros(14, 1, 8, 8, dtype=torch.uint8), torch.arange(14) % 3
    first = validation.validation_set(images, labels, 3, 7)
    tiny(seed=5, res_blocks=0)(torch.randn(1, 1, 8, 8), 3, class_labels=torch.zeros(1, dtype=torch.long))
    again = validation.validation_set(images, labels, 3, 7)
    assert torch.equal(first.t, again.t)
    assert torch.equal(first.eps, again.eps)
    assert torch.bincount(first.t.flatten()).tolist() == [6] * 7


def test_the_rate_is_never_negative_and_never_above_its_peak() -> None:
    for total, warmup in ((1, 0), (5, 16), (5, 400), (50, 20), (750, 1200)):
        params = Train(**{**PARAMS, "warmup": warmup})
        rates = [training.lr_factor(u, total, params) for u in range(total)]
        assert all(0 <= rate <= 1 for rate in rates)


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

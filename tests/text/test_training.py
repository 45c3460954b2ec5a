"""A denoiser is taught captions as variants are taught classes, and CLIP has its say when it is to have it."""

import copy
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from pipeline.data.prepared import Prepared
from pipeline.diffusion import checkpoint
from pipeline.diffusion.resumed import Kept
from pipeline.diffusion.schedule import add_noise, velocity
from pipeline.diffusion.unet import output
from pipeline.judges.clip import Clip
from pipeline.params import Params
from pipeline.text import network, training
from pipeline.text.network import Told
from pipeline.text.prompted import CLIP_LOSS, TEXT
from pipeline.text.taste import taste
from pipeline.text.training import TextTraining, images_at_equal_cost
from tests.text.made import values_of


@pytest.fixture(scope="module")
def begin(dataset: Prepared, table: pd.DataFrame, clip: Clip, values: Params) -> Callable[..., TextTraining]:
    """begin(name=TEXT, replica=0): a fresh training."""
    return lambda name=TEXT, replica=0: training.fresh(values, dataset, table, clip, name, replica)[0]


def bits(run: TextTraining) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in run.finished().state_dict().values())


@pytest.fixture(scope="module")
def untaught(begin) -> tuple[dict[int, bytes], list[float]]:
    """The averaged weights of a training without CLIP's term, by images seen, and its losses."""
    run = begin()
    return {row.images_seen: bits(run) for row in run}, run.losses


def test_a_training_ends_in_a_told_network_in_evaluation_mode(begin, untaught) -> None:
    weights, losses = untaught
    assert list(weights) == [0, 16, 32, 48]
    assert len(losses) == 6
    assert len(set(weights.values())) == 4
    run = begin()
    assert isinstance(run.finished(), Told)
    assert not any(module.training for module in run.finished().modules())
    assert {row.images_seen: bits(run) for row in run} == weights, "the same seed, the same bytes"
    assert bits(begin(replica=1)) != weights[0]


@pytest.mark.parametrize("since", [0, 16, 32])
def test_clip_has_its_say_from_then_on_and_not_before(begin, untaught, clip, table, since: int) -> None:
    weights, losses = untaught
    run = begin()
    run.taste = taste(clip, table["caption"].tolist(), 1.0, since)
    found = {row.images_seen: bits(run) for row in run}
    assert {seen for seen in weights if found[seen] == weights[seen]} == {seen for seen in weights if seen <= since}
    assert run.losses[: since // 8 + 1] == losses[: since // 8 + 1], "the loss in the curve is without the term"


def test_a_weight_of_nothing_changes_nothing(begin, untaught, clip, table) -> None:
    run = begin()
    run.taste = taste(clip, table["caption"].tolist(), 0.0, 0)
    assert {row.images_seen: bits(run) for row in run} == untaught[0]


@pytest.mark.parametrize("prediction", ["epsilon", "v"])
def test_clip_is_shown_the_predicted_clean_image(begin, clip, table, prediction: str) -> None:
    run, seen = begin(), []
    run.prediction = prediction

    class Notes:
        since = 16

        def term(self, *given: torch.Tensor) -> torch.Tensor:
            seen.extend(given)
            return torch.tensor(0.25)

    run.taste = Notes()
    x0, eps = torch.randn(2, 3, 1, 8, 8, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
    t, labels = torch.tensor([10, 300, 700]), torch.tensor([0, 5, 90])
    a = run.alpha_bar[t]
    right = eps if prediction == "epsilon" else velocity(x0, eps, a)
    for updates, added in ((0, 0), (1, 0), (2, 0.25), (3, 0.25)):
        run.updates = updates
        assert run.added(right, add_noise(x0, eps, a), t, labels) == added
    torch.testing.assert_close(seen[0], x0, atol=1e-4, rtol=1e-4)
    assert torch.equal(seen[1], a)
    assert torch.equal(seen[2], labels)


def test_training_follows_the_term(begin, clip, table) -> None:
    """With a term of great weight the cosines rise, and without it they do not rise as far."""
    sentences = table["caption"].tolist()
    shown = torch.arange(0, 90, 7)
    clean = []
    for weight in (0.0, 300.0):
        run = begin()
        run.taste = taste(clip, sentences, weight, 0)
        list(run)
        x = torch.randn(len(shown), 1, 8, 8, generator=torch.Generator().manual_seed(1))
        t = torch.full((len(shown),), 300)
        a = run.alpha_bar[t][:, None, None, None]
        with torch.inference_mode():
            v = output(run.model.eval(), x, t, shown)
            clean.append(float(run.taste.cosines((a.sqrt() * x - (1 - a).sqrt() * v).clamp(-1, 1), shown).mean()))
    assert clean[1] > clean[0] + 0.01


@pytest.mark.parametrize("name", [TEXT, CLIP_LOSS])
def test_a_training_taken_up_again_ends_in_the_same_bytes(begin, tmp_path: Path, name: str) -> None:
    key = checkpoint.key([name], "data")
    whole = begin(name)
    rows = list(whole)
    kept, first = Kept(tmp_path, "text", key), begin(name)
    assert not kept.restore(first)
    for row in kept.rows(first, 16):
        if row.images_seen == 32:  # its checkpoint is the one at 16, where CLIP begins to have its say
            break
    assert kept.unfinished.is_file()
    again = begin(name)
    assert kept.restore(again)
    assert again.images_seen == 16
    list(kept.rows(again, 16))
    assert bits(again) == bits(whole)
    assert repr(again.rows) == repr(rows)


def test_the_empty_sentence_stands_for_a_withheld_caption(begin, values) -> None:
    run, shown = begin(), []
    forward = run.model.forward

    def noted(x: torch.Tensor, t: torch.Tensor, class_labels: torch.Tensor, **how: object) -> tuple:
        shown.append(class_labels)
        return forward(x, t, class_labels, **how)

    run.network.forward = noted
    run.params = run.params.model_copy(update={"label_dropout": 0.5})
    for _ in range(10):
        run.update()
    asked = torch.cat(shown)
    assert len(asked) == 80
    assert 20 <= int((asked == 90).sum()) <= 60
    assert asked.max() == 90 == run.model.config.classes
    assert asked[asked < 90].unique().numel() > 10


def test_what_is_shown_and_what_is_validated_on_is_not_held_out(begin, dataset, table) -> None:
    run = begin()
    for labels, split in ((run.labels, "train"), (run.validation.labels, "validation")):
        assert not table["held_out"].to_numpy()[labels].any()
        kept = ~dataset.captions(split)["caption"].isin(table["caption"][table["held_out"]])
        assert len(labels) == kept.sum() < len(kept)
    assert len(run.images) == len(run.labels)


def test_multiply_adds_are_of_forward_and_backward(begin, clip, table) -> None:
    model, sentences = begin().model, table["caption"].tolist()
    x, zero = torch.zeros(1, 1, 8, 8), torch.zeros(1, dtype=torch.long)
    with torch.no_grad(), FlopCounterMode(display=False) as forward:
        output(model, x, zero, zero)
    judge = taste(clip, sentences, 1.0, 0)
    with torch.no_grad(), FlopCounterMode(display=False) as seeing:
        judge.cosines(x, zero)
    before = copy.deepcopy(model.state_dict())
    of_network, of_clip = training.multiply_adds(model, judge)
    assert of_network == pytest.approx(3 * forward.get_total_flops() / 2, rel=0.1)
    assert of_clip == pytest.approx(2 * seeing.get_total_flops() / 2, rel=0.2), "no weight of it gets a gradient"
    assert training.multiply_adds(model, None) == (of_network, 0)
    assert all(weight.grad is None for weight in model.parameters()), "nothing is left of it"
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_images_at_equal_cost() -> None:
    assert images_at_equal_cost(1000, 10, (300, 0), 400) == 1000, "no term"
    assert images_at_equal_cost(1000, 10, (300, 100), 1000) == 1000, "a term that never comes"
    assert images_at_equal_cost(1000, 10, (300, 100), 400) == 850, "of 600 images three quarters"
    assert images_at_equal_cost(1000, 100, (300, 100), 400) == 800, "whole batches"
    assert images_at_equal_cost(1000, 10, (100, 300), 0) == 250
    assert images_at_equal_cost(20, 16, (1, 9), 0) == 16, "a batch at least"
    for images, since, costs in ((5000, 1234, (7, 3)), (18000, 9000, (11, 2))):
        seen = images_at_equal_cost(images, 32, costs, since)
        spent = seen * costs[0] + (seen - since) * costs[1]
        assert images * costs[0] - 32 * sum(costs) < spent <= images * costs[0]


def test_a_fresh_training_says_what_it_costs(dataset, table, clip, values) -> None:
    run, costs = training.fresh(values, dataset, table, clip, TEXT, 0)
    taught, of_taught = training.fresh(values, dataset, table, clip, CLIP_LOSS, 0)
    assert (run.taste, costs["clip_from"], costs["clip_multiply_adds"]) == (None, None, 0)
    assert (taught.taste.weight, taught.taste.since, of_taught["clip_from"]) == (1.0, 16, 16)
    assert of_taught["clip_multiply_adds"] > 0
    assert of_taught["multiply_adds"] == costs["multiply_adds"]
    assert costs["images"] == run.params.images == run.updates_total * 8 == 48
    assert 16 < of_taught["images"] == taught.params.images < 48
    assert (run.params.warmup, taught.params.warmup) == (16, 16 * of_taught["images"] // 48)
    assert run.params.snapshots == []
    assert costs["parameters"] == sum(each.numel() for each in run.model.unet.parameters())
    assert costs["text_parameters"] == sum(each.numel() for each in clip.model.text_model.parameters())
    assert bits(run) == bits(taught), "both begin with the same weights"
    longer = values_of(text={"images": 96, "clip_from": 96, "clip_weight": 0.0})
    run, _ = training.fresh(longer, dataset, table, clip, TEXT, 0)
    assert (run.params.images, run.params.warmup, run.updates_total) == (96, 32, 12), "the same share of the training"


def test_the_words_are_those_of_the_table_in_its_order(begin, clip, table) -> None:
    expected = network.words(clip, table["caption"].tolist())
    assert torch.equal(begin().model.words, expected)
    sentences = begin(CLIP_LOSS).taste.sentences
    torch.testing.assert_close(sentences.double(), torch.from_numpy(clip.text_features(table["caption"].tolist())))

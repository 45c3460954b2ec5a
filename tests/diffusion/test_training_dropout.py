"""A class that is withheld now and then: how often, from what it is drawn, and where it is kept."""

import copy
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DModel

from pipeline.diffusion import checkpoint, training, unet
from pipeline.diffusion.noise import mix
from tests.diffusion.runs import CPU, LEVELS, bits


def test_the_class_is_withheld_as_often_as_is_asked_for(begin) -> None:
    run, labels = begin(label_dropout=0.25), torch.arange(6000) % 3
    told = run.dropped(labels, torch.Generator().manual_seed(0))
    withheld = told == 3
    assert torch.equal(told[~withheld], labels[~withheld])
    for label in range(3):
        assert withheld[labels == label].double().mean().item() == pytest.approx(0.25, abs=4 * (0.1875 / 2000) ** 0.5)


def test_an_update_without_some_classes_is_what_it_is_by_hand(begin) -> None:
    run = begin(label_dropout=0.5)
    model = copy.deepcopy(run.model).train()
    generator = torch.Generator().manual_seed(mix(0, 0))
    index = training.epoch_indices(0, 8, 20, 0, CPU)
    t = torch.randint(1000, (8,), generator=generator)
    eps = torch.randn(8, 1, 8, 8, generator=generator)
    drop = torch.rand(8, generator=generator) < 0.5
    assert 0 < drop.sum() < 8
    a = LEVELS[t].float().view(8, 1, 1, 1)
    x = a.sqrt() * (run.images[index] / 127.5 - 1) + (1 - a).sqrt() * eps
    given = model(x, t, class_labels=torch.where(drop, torch.tensor(3), run.labels[index])).sample
    torch.testing.assert_close(run.update(), (given - eps).square().mean())


def test_a_run_that_withholds_classes_is_taken_up_again_in_the_same_bits(begin, tmp_path: Path) -> None:
    whole, first, second = (begin(label_dropout=0.5) for _ in range(3))
    list(whole)
    for row in first:
        if row.images_seen >= 64:
            break
    checkpoint.save(tmp_path / "c", "key", *first.state())
    found = checkpoint.load(tmp_path / "c", "key", CPU)
    assert found is not None
    second.restore(*found)
    list(second)
    assert bits(second) == bits(whole)


def test_no_class_begins_with_zeros_and_is_learnt_beside_the_same_weights(tiny, begin) -> None:
    plain, dropping = tiny().state_dict(), tiny(drops_labels=True).state_dict()
    extended = dropping.pop("class_embedding.weight")
    known = plain.pop("class_embedding.weight")
    assert torch.equal(extended, torch.cat([known, torch.zeros(1, 32)]))
    assert plain.keys() == dropping.keys()
    assert all(torch.equal(plain[name], weight) for name, weight in dropping.items())
    run = begin(label_dropout=0.5)
    list(run)
    assert run.finished().class_embedding.weight[3].abs().min() > 0


def test_a_network_that_is_not_told_the_class_drops_nothing(tiny, begin) -> None:
    blind = {"class_embedding": False}
    assert unet.no_class(tiny(drops_labels=True, **blind)) is None
    dropping, plain = begin(label_dropout=0.5, difference=blind), begin(difference=blind)
    list(dropping), list(plain)
    assert bits(dropping) == bits(plain)


def test_the_folder_says_that_no_class_was_learnt_and_diffusers_runs_it(tiny, tmp_path: Path) -> None:
    model = tiny(drops_labels=True).eval()
    model.save_pretrained(tmp_path)
    assert unet.no_class(unet.load(tmp_path)) == 3
    assert unet.no_class(tiny()) is None
    theirs = UNet2DModel.from_pretrained(tmp_path).eval()
    x, t, labels = torch.randn(4, 1, 8, 8), torch.tensor([5, 5, 900, 900]), torch.tensor([0, 3, 2, 3])
    with torch.no_grad():
        expected = theirs(x, t, class_labels=labels).sample
        assert torch.equal(unet.output(unet.load(tmp_path), x, t, labels), expected)
    assert not torch.equal(*expected[:2])

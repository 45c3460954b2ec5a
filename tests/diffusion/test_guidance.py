"""Guidance of networks that are told a class is what it is by hand, and costs no more than it must."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.anatomy.sweep import Loop
from pipeline.diffusion import guidance
from pipeline.diffusion.schedule import alpha_bar
from pipeline.diffusion.subject import Subject
from pipeline.diffusion.unet import halves
from tests.diffusion.pipelines import loaded

LABELS = torch.tensor([0, 2, 1, 0])
TIMESTEPS = [999, 700, 400, 200, 50, 0]


@pytest.fixture
def under(tiny) -> Subject:
    model = tiny(drops_labels=True).eval()
    torch.nn.init.normal_(model.class_embedding.weight)
    return Subject(model, "epsilon", alpha_bar("cosine", 1000), 3)


@pytest.fixture
def loop(under: Subject) -> Loop:
    return Loop(under, TIMESTEPS, "ddpm", True, 4)


def test_the_combination_is_by_hand() -> None:
    labels = torch.tensor([4, 0])
    assert guidance.told(labels, 7, 1).tolist() == [4, 0]
    assert guidance.told(labels, 7, 0).tolist() == [7, 7]
    assert guidance.told(labels, 7, 2).tolist() == [4, 7, 0, 7]
    out = torch.tensor([[1.0, 8], [3, 9], [5, 6], [5, 7]]).view(4, 2, 1, 1)
    found = guidance.combined(out, 1, 2.5).flatten(1)
    torch.testing.assert_close(found, torch.tensor([[3 + 2.5 * (1 - 3), 8], [5, 6]]))
    assert [guidance.passes(scale) for scale in (0, 0.5, 1, 3)] == [1, 2, 1, 2]


@pytest.mark.parametrize("learned_variance", [False, True])
def test_a_guided_prediction_is_two_passes_by_hand(tiny, learned_variance: bool) -> None:
    model = tiny(drops_labels=True, learned_variance=learned_variance).eval()
    torch.nn.init.normal_(model.class_embedding.weight)
    under = Subject(model, "epsilon", alpha_bar("cosine", 1000), 3, guidance=2.5)
    x = torch.randn(4, 1, 8, 8)
    with torch.inference_mode():
        told, untold = (model(x, 300, class_labels=labels).sample for labels in (LABELS, torch.full((4,), 3)))
        found, share = halves(under.predict(model, x, 300, LABELS), 1)
        assert torch.equal(under.predict(model, x, 300, LABELS, 1.0), told)
        assert torch.equal(under.predict(model, x, 300, LABELS, 0.0), untold)
    torch.testing.assert_close(found, (untold + 2.5 * (told - untold))[:, :1], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(told, untold, atol=1e-2)
    if share is not None:
        torch.testing.assert_close(share, (told[:, 1:] + 1) / 2, atol=1e-5, rtol=1e-5)


def test_a_scale_of_1_is_no_guidance_bit_for_bit(loop: Loop) -> None:
    seeds = np.arange(5)
    steps = tuple(replace(action, guidance=1.0) for action in loop.untouched)
    plain, scaled = (loop.final(each, seeds, seeds % 3) for each in (loop.untouched, steps))
    assert torch.equal(plain, scaled)


def test_a_guided_interval_takes_a_second_row_of_the_batch_in_it_alone(loop: Loop) -> None:
    rows = Counter[int]()

    def count(_model: object, inputs: tuple, _named: dict) -> None:
        rows.update({int(inputs[1][0]): len(inputs[0])})

    steps = tuple(replace(a, guidance=3.0 if a.k in (4, 3) else 1.0) for a in loop.untouched)
    hook = loop.subject.model.register_forward_pre_hook(count, with_kwargs=True)
    loop.final(steps, np.arange(4), np.arange(4) % 3)
    hook.remove()
    assert rows == {t: 8 if t in (400, 200) else 4 for t in TIMESTEPS}
    whole = loop.multiply_adds(loop.untouched[0])
    costs = [loop.multiply_adds(action) / whole for action in steps]
    assert costs == [1, 1, pytest.approx(2, rel=0.01), pytest.approx(2, rel=0.01), 1, 1]


def test_guided_plans_share_a_tree_with_the_plain_one(loop: Loop) -> None:
    seeds = np.arange(4)
    plans = [tuple(replace(a, guidance=s if a.k in on else 1.0) for a in loop.untouched) for s, on in CASES]
    calls: list[int] = []
    with loop.counting(calls.append):
        ended = {b.done: b.x for b in loop.tree(plans, seeds, seeds % 3, set()) if not b.done[-1].after}
    assert len(calls) == 6 + 3 + 3 + 6, "the second leaves the first, and the third the second, at the fourth step"
    for steps in plans:
        torch.testing.assert_close(ended[steps], loop.final(steps, seeds, seeds % 3), atol=1e-5, rtol=1e-5)


CASES = [(1.0, ()), (3.0, (3, 2)), (0.0, (3, 2)), (3.0, (6,))]


def test_a_variant_that_withheld_classes_is_loaded_with_its_guidance(tiny, tmp_path: Path) -> None:
    tiny(drops_labels=True).save_pretrained(tmp_path)
    under = loaded(tmp_path, 3.0, [])
    assert (under.conditions, under.guidance, under.passes, under.told_class) == (3, 3.0, 2, True)
    assert not loaded(tmp_path, 0.0, []).told_class
    assert under.to(torch.device("cpu")).guidance == 3.0
    assert len({loaded(tmp_path, scale, []).sha256() for scale in (0.0, 1.0, 3.0)}) == 3

"""Layers have names; what they give is recorded as it is, and edited only within the block."""

import pytest
import torch

from pipeline.anatomy.layers import editing, layers, named, outputs, predicted
from pipeline.anatomy.parts import forms
from pipeline.anatomy.without import Fill, Reduced
from pipeline.diffusion import unet
from pipeline.errors import UserError

LABELS = torch.tensor([0, 1, 2, 0])


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def hooks(model: torch.nn.Module) -> int:
    return sum(len(each._forward_hooks) + len(each._forward_pre_hooks) for each in model.modules())


def test_every_layer_has_a_name_in_the_order_of_the_computation(variant) -> None:
    names = [unit.name for unit in layers(variant().model)]
    skips, blocks = ([f"{kind}_0{number}" for number in range(1, 5)] for kind in ("skip", "block"))
    assert names == [*skips, "middle_01", *blocks]
    assert [unit.address for unit in named(variant().model, ["middle_01", "skip_01"])] == ["mid_block", "conv_in"]
    with pytest.raises(UserError, match=r"^this network has no part skip_05; it has skip_01, "):
        named(variant().model, ["skip_01", "skip_05"])


def test_what_is_recorded_is_what_each_layer_gives_by_hand(variant) -> None:
    model, x = variant().model, noise(4, 1, 8, 8)
    found = outputs(model, x, 700, LABELS, batch_size=3)
    whole = predicted(model, x, 700, LABELS, batch_size=3)
    assert hooks(model) == 0
    with torch.inference_mode():
        told = model.time_embedding(model.time_proj(torch.full((4,), 700))) + model.class_embedding(LABELS)
        first = model.conv_in(x)
        torch.testing.assert_close(found["skip_01"], first)
        second, skips = model.down_blocks[0](hidden_states=first, temb=told)
        torch.testing.assert_close(found["skip_02"], skips[0])
        torch.testing.assert_close(found["skip_03"], second)
        deepest, more = model.down_blocks[1](hidden_states=second, temb=told)
        torch.testing.assert_close(found["skip_04"], more[0])
        torch.testing.assert_close(found["middle_01"], model.mid_block(deepest, told))
        torch.testing.assert_close(whole, unet.output(model, x, torch.full((4,), 700), LABELS))


@pytest.mark.parametrize("number", [1, 3, 4])
def test_a_skip_of_zeros_is_the_network_without_it(variant, number: int) -> None:
    subject, x = variant(), noise(4, 1, 8, 8)
    with editing(subject.model, {f"skip_{number:02d}": torch.zeros_like}):
        edited = predicted(subject.model, x, 400, LABELS, 4)
    assert hooks(subject.model) == 0
    reduced = Reduced(subject.model, 0, frozenset({number}), forms(subject, 4))
    reduced.fill = Fill()
    with torch.inference_mode():
        torch.testing.assert_close(edited, unet.output(reduced.network, x, torch.full((4,), 400), LABELS))
    whole = predicted(subject.model, x, 400, LABELS, 4)
    assert (whole - edited).abs().max() > 1e-3


@pytest.mark.parametrize("name", ["middle_01", "block_02"])
def test_another_layer_gives_what_the_edit_makes_of_it(variant, name: str) -> None:
    model, x = variant().model, noise(4, 1, 8, 8)
    before = outputs(model, x, 400, LABELS, 4)
    with editing(model, {name: lambda output: 2 * output}):
        during = outputs(model, x, 400, LABELS, 4)
    names = [unit.name for unit in layers(model)]
    for layer in names[: names.index(name)]:
        torch.testing.assert_close(during[layer], before[layer])
    assert (during["block_04"] - before["block_04"]).abs().max() > 1e-3
    after = outputs(model, x, 400, LABELS, 4)
    torch.testing.assert_close(after["block_04"], before["block_04"])


def test_an_edit_that_changes_nothing_gives_the_same_bits(variant) -> None:
    model, x = variant().model, noise(4, 1, 8, 8)
    before = predicted(model, x, 400, LABELS, 4)
    with editing(model, {unit.name: lambda output: output for unit in layers(model)}):
        during = predicted(model, x, 400, LABELS, 4)
    assert during.equal(before)
    assert predicted(model, x, 400, LABELS, 4).equal(before)


def test_a_network_that_is_told_a_text_is_edited_in_the_same_way(told) -> None:
    subject = told()
    untouched = subject.once()
    with editing(subject.model, {"skip_01": torch.zeros_like, "middle_01": torch.zeros_like}):
        assert (subject.once() - untouched).abs().max() > 0
    torch.testing.assert_close(subject.once(), untouched)


def test_nothing_stays_after_an_error_and_nothing_begins_with_a_wrong_name(variant) -> None:
    model = variant().model
    both = {"skip_01": torch.zeros_like, "block_01": torch.abs}
    with editing(model, both):
        assert hooks(model) == 2
    with pytest.raises(RuntimeError, match="stop"), editing(model, both):
        raise RuntimeError("stop")
    assert hooks(model) == 0
    with pytest.raises(UserError, match="no part skip_99"), editing(model, {**both, "skip_99": torch.abs}):
        raise AssertionError("the block must not begin")
    assert hooks(model) == 0

"""The switches of speed: precision, layout and compilation."""

import functools
from pathlib import Path

import pytest
import torch

from pipeline.diffusion import checkpoint
from tests.diffusion.runs import CPU, LAST, bits


@pytest.mark.parametrize("switches", [{"channels_last": True}, {"precision": "bfloat16"}])
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_switch_changes_the_speed_and_hardly_the_loss(begin, tmp_path: Path, switches: dict, optimizer: str) -> None:
    begin = functools.partial(begin, optimizer=optimizer)
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

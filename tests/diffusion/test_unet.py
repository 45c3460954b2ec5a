"""The variants are what they are called."""

import json
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DModel
from diffusers.models.attention_processor import Attention
from diffusers.models.resnet import ResnetBlock2D

from pipeline import params
from pipeline.diffusion import unet
from pipeline.errors import UserError

VALUES = params.load(Path(__file__).parents[2] / "params.yaml")


def built(variant: str) -> UNet2DModel:
    return unet.build(VALUES.architecture(variant), 16, 1, 10, 0)


def kinds(module: torch.nn.Module, kind: type) -> list[str]:
    return [name for name, each in module.named_modules() if isinstance(each, kind)]


def weights(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("variant", VALUES.variants)
def test_every_variant_predicts_noise_and_learns_with_all_its_weights(variant: str) -> None:
    model = built(variant)
    x, t, labels = torch.randn(2, 1, 16, 16), torch.tensor([3, 900]), torch.tensor([1, 7])
    predicted = unet.output(model, x, t, labels)
    assert predicted.shape == x.shape
    predicted.square().mean().backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert [name for name in without if ".to_k.bias" not in name] == []  # softmax ignores a shift of all keys


def test_the_baseline_has_two_blocks_a_level_and_attention_where_it_says() -> None:
    model = built("baseline")
    assert [len(block.resnets) for block in model.down_blocks] == [2, 2, 2]
    assert [len(block.resnets) for block in model.up_blocks] == [3, 3, 3]
    assert {name.split(".attentions")[0] for name in kinds(model, Attention)} == {
        "down_blocks.2",
        "mid_block",
        "up_blocks.0",
    }


def test_no_attention_has_none_anywhere() -> None:
    assert kinds(built("no_attention"), Attention) == []
    assert len(kinds(built("no_attention"), ResnetBlock2D)) == len(kinds(built("baseline"), ResnetBlock2D))


def test_wide_is_twice_as_wide_and_one_block_fewer_is_one_block_fewer() -> None:
    pairs = zip(built("baseline").config.block_out_channels, built("wide").config.block_out_channels, strict=True)
    assert all(wide == 2 * narrow for narrow, wide in pairs)
    assert [len(block.resnets) for block in built("res_blocks_1").down_blocks] == [1, 1, 1]
    order = [weights(built(v)) for v in ("wide", "baseline", "res_blocks_1", "res_blocks_0")]
    assert order == sorted(order, reverse=True)
    assert weights(built("no_attention")) < weights(built("baseline"))


def test_zero_blocks_leave_an_encoder_of_downsamplings_that_never_widens() -> None:
    model = built("res_blocks_0")
    assert kinds(model.down_blocks, ResnetBlock2D) == kinds(model.down_blocks, Attention) == []
    convolutions = [m for m in model.down_blocks.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [(c.in_channels, c.out_channels, c.stride) for c in convolutions] == [(16, 16, (2, 2))] * 2
    assert [len(block.resnets) for block in model.up_blocks] == [1, 1, 1]
    assert model.config.layers_per_block == 0
    skips: list[tuple[int, ...]] = []
    for block in model.up_blocks:
        block.resnets[0].register_forward_pre_hook(lambda _m, inputs: skips.append(tuple(inputs[0].shape[1:])))
    unet.output(model, torch.zeros(1, 1, 16, 16), torch.zeros(1).long(), torch.zeros(1).long())
    assert skips == [(16 + 16, 4, 4), (32 + 16, 8, 8), (32 + 16, 16, 16)], "a skip of the input's width at each level"


def test_the_seed_the_class_and_the_timestep_matter(tiny) -> None:
    x, t, labels = torch.randn(1, 1, 8, 8), torch.tensor([5]), torch.tensor([0])
    with torch.inference_mode():
        plain = unet.output(tiny(), x, t, labels)
        assert torch.equal(plain, unet.output(tiny(), x, t, labels))
        for other in (
            unet.output(tiny(seed=1), x, t, labels),
            unet.output(tiny(), x, t + 500, labels),
            unet.output(tiny(), x, t, labels + 1),
        ):
            assert not torch.allclose(plain, other)


@pytest.mark.parametrize("res_blocks", [0, 1])
def test_what_is_saved_is_what_is_loaded(tiny, tmp_path: Path, res_blocks: int) -> None:
    model = tiny(res_blocks=res_blocks).eval()
    model.save_pretrained(tmp_path, safe_serialization=True)
    loaded = unet.load(tmp_path)
    assert not loaded.training
    x, t, labels = torch.randn(2, 1, 8, 8), torch.tensor([5, 700]), torch.tensor([0, 2])
    with torch.inference_mode():
        assert torch.equal(unet.output(model, x, t, labels), unet.output(loaded, x, t, labels))


def test_damaged_missing_or_foreign_weights_are_one_sentence(tiny, tmp_path: Path) -> None:
    tiny().save_pretrained(tmp_path / "a", safe_serialization=True)
    tiny(channels=[8, 16]).save_pretrained(tmp_path / "b", safe_serialization=True)
    file = tmp_path / "a" / "diffusion_pytorch_model.safetensors"
    whole = file.read_bytes()
    for content in (whole[:100], whole[: len(whole) // 2], b"", (tmp_path / "b" / file.name).read_bytes()):
        file.write_bytes(content)
        with pytest.raises(UserError, match="holds no whole set of weights") as caught:
            unet.load(tmp_path / "a")
        assert "\n" not in str(caught.value)
    file.unlink()
    for folder in (tmp_path / "a", tmp_path / "nothing"):
        with pytest.raises(UserError, match="holds no whole set of weights"):
            unet.load(folder)


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

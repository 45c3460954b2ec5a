"""The variants are what they are called."""

from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DModel
from diffusers.models.attention_processor import Attention
from diffusers.models.resnet import ResnetBlock2D

from pipeline import params
from pipeline.diffusion import unet
from pipeline.diffusion.schedule import alpha_bar, noise_from_velocity
from tests.diffusion.arms import ARMS

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
        "down_blocks.1",
        "down_blocks.2",
        "mid_block",
        "up_blocks.0",
        "up_blocks.1",
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


def inputs_of(model: UNet2DModel, modules: Iterable[torch.nn.Module]) -> list[tuple]:
    """What these modules get in a pass of two images."""
    got: list[tuple] = []
    handles = [m.register_forward_pre_hook(lambda _m, inputs: got.append(inputs)) for m in modules]
    size = model.config.sample_size
    with torch.inference_mode():
        unet.output(model, torch.randn(2, 1, size, size), torch.tensor([5, 700]), torch.tensor([0, 1]))
    for handle in handles:
        handle.remove()
    return got


def test_projections_give_an_encoder_of_downsamplings_the_baseline_s_widths(tiny) -> None:
    channels = [8, 12, 16]
    model, baseline = tiny(channels=channels, res_blocks=0, projections=True), tiny(channels=channels)
    assert kinds(model.down_blocks, ResnetBlock2D) == kinds(model.down_blocks, Attention) == []
    convolutions = [m for m in model.down_blocks.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [(c.in_channels, c.out_channels, c.kernel_size, c.stride) for c in convolutions] == [
        (8, 8, (3, 3), (2, 2)),
        (8, 12, (1, 1), (1, 1)),
        (12, 12, (3, 3), (2, 2)),
        (12, 16, (1, 1), (1, 1)),
    ]
    for each in (model, baseline):
        ((middle, *_),) = inputs_of(each, [each.mid_block])
        assert middle.shape[1:] == (16, 2, 2)
        deepest_skips = [skips[-1] for _, skips, _ in inputs_of(each, each.up_blocks)]
        assert [skip.shape[1:] for skip in deepest_skips] == [(16, 2, 2), (12, 4, 4), (8, 8, 8)]
        assert [up.resnets[-1].conv2.out_channels for up in each.up_blocks] == [16, 12, 8]
    decoder = [x for x, *_ in inputs_of(model, [resnet for up in model.up_blocks for resnet in up.resnets])]
    assert [x.shape[1:] for x in decoder] == [(16 + 16, 2, 2), (16 + 12, 4, 4), (12 + 8, 8, 8)]
    assert weights(tiny(channels=channels, res_blocks=0)) < weights(model) < weights(baseline)


def noisy_skips(_block: torch.nn.Module, inputs: tuple) -> tuple:
    x, skips, embedding = inputs
    return x, tuple(torch.randn_like(skip) for skip in skips), embedding


@pytest.mark.parametrize(
    "difference", [{}, {"attention": []}, {"res_blocks": 0}, {"res_blocks": 0, "projections": True}]
)
def test_without_skips_the_decoder_gets_zeros_in_their_place_and_nothing_else_differs(tiny, difference: dict) -> None:
    with_skips, without = tiny(**difference), tiny(**difference, skips=False)
    assert {n: p.shape for n, p in without.named_parameters()} == {n: p.shape for n, p in with_skips.named_parameters()}
    for model, zero in ((with_skips, False), (without, True)):
        resnets = [resnet for up in model.up_blocks for resnet in up.resnets]
        got = inputs_of(model, resnets)
        assert len(got) == 2 * (difference.get("res_blocks", 1) + 1)
        for x, *_ in got:
            below, skip = x.split(8, dim=1)
            assert below.any()
            assert skip.any() == (not zero)
    x, t, labels = torch.randn(1, 1, 8, 8), torch.tensor([5]), torch.tensor([0])
    with torch.inference_mode():
        plain = [unet.output(model, x, t, labels) for model in (with_skips, without)]
        for model in (with_skips, without):
            for block in model.up_blocks:
                block.register_forward_pre_hook(noisy_skips, prepend=True)
        other = [unet.output(model, x, t, labels) for model in (with_skips, without)]
    assert not torch.allclose(plain[0], plain[1])
    assert not torch.allclose(plain[0], other[0])
    assert torch.equal(plain[1], other[1])


def idle(model: UNet2DModel) -> dict[str, torch.Tensor]:
    """Of weights in general position, those with no gradient at all: name -> where."""
    generator = torch.Generator().manual_seed(0)
    for p in model.parameters():
        p.data += 0.1 * torch.randn(p.shape, generator=generator)
    x, t, labels = torch.randn(6, 1, 8, 8, generator=generator), torch.arange(6) * 150 + 3, torch.arange(6) % 3
    unet.output(model, x, t, labels).square().mean().backward()
    masks = {name: p.grad == 0 for name, p in model.named_parameters() if ".to_k.bias" not in name}
    return {name: mask for name, mask in masks.items() if mask.any()}


@pytest.mark.parametrize(
    "difference", [arm for arm in ARMS if arm.get("skips", True) and arm.get("time_embedding", True)]
)
def test_with_skips_and_time_there_is_something_to_learn_for_every_weight(tiny, difference: dict) -> None:
    assert idle(tiny(**difference)) == {}


def test_without_skips_just_what_the_zeros_are_multiplied_with_stays_as_it_was(tiny) -> None:
    found = idle(tiny(skips=False))
    ups = [f"up_blocks.{level}.resnets.{i}" for level in (0, 1) for i in (0, 1)]
    assert set(found) == {f"{up}.{part}" for up in ups for part in ("norm1.weight", "conv_shortcut.weight")}
    for up in ups:
        assert found[f"{up}.norm1.weight"].tolist() == [False] * 8 + [True] * 8
        columns = found[f"{up}.conv_shortcut.weight"]
        assert columns[:, 8:].all()
        assert not columns[:, :8].any()


def test_without_the_time_just_the_sines_of_zero_teach_nothing(tiny) -> None:
    ((name, where),) = idle(tiny(time_embedding=False)).items()
    assert name == "time_embedding.linear_1.weight"
    assert where.all(dim=0).tolist() == where.any(dim=0).tolist() == [False] * 4 + [True] * 4


def test_without_the_time_every_timestep_is_the_same_and_the_class_still_matters(tiny) -> None:
    model, told = tiny(time_embedding=False), tiny()
    assert weights(model) == weights(told)
    x, labels = torch.randn(1, 1, 8, 8).expand(4, 1, 8, 8), torch.zeros(4, dtype=torch.long)
    t = torch.tensor([0, 1, 500, 999])
    with torch.inference_mode():
        plain = unet.output(model, x, t, labels)
        assert torch.equal(plain, unet.output(model, x, t.flip(0), labels))
        torch.testing.assert_close(plain, plain[:1].expand(plain.shape))
        assert torch.equal(plain, unet.output(told, x, 0 * t, labels))
        assert not torch.allclose(plain, unet.output(told, x, t, labels))
        assert not torch.allclose(plain, unet.output(model, x, t, labels + 1))


def test_without_the_class_every_label_is_the_same_and_the_time_still_matters(tiny) -> None:
    model = tiny(class_embedding=False)
    assert weights(tiny()) - weights(model) == 3 * 4 * 8
    x, t = torch.randn(3, 1, 8, 8), torch.tensor([3, 500, 999])
    with torch.inference_mode():
        plain = unet.output(model, x, t, torch.tensor([0, 1, 2]))
        assert torch.equal(plain, unet.output(model, x, t, torch.tensor([2, 2, 0])))
        assert not torch.allclose(plain, unet.output(model, x, t.flip(0), torch.tensor([0, 1, 2])))


def test_a_learned_variance_doubles_the_output_and_halves_parts_it(tiny) -> None:
    x, t, labels = torch.randn(2, 1, 8, 8), torch.tensor([5, 700]), torch.tensor([0, 2])
    model = tiny(learned_variance=True)
    assert weights(model) - weights(tiny()) == 8 * 9 + 1
    out = unet.output(model, x, t, labels)
    assert out.shape == (2, 2, 8, 8)
    predicted, share = unet.halves(out, 1)
    assert torch.equal(predicted, out[:, :1])
    assert torch.equal(share, (out[:, 1:] + 1) / 2)
    assert unet.halves(x, 1) == (x, None)


def test_in_colour_the_first_three_channels_are_the_prediction_and_the_others_the_shares() -> None:
    out = torch.tensor([0.1, 0.2, 0.3, -1.0, 0.0, 1.0]).view(1, 6, 1, 1)
    predicted, share = unet.halves(out, 3)
    assert predicted.flatten().tolist() == pytest.approx([0.1, 0.2, 0.3])
    assert share.flatten().tolist() == [0, 0.5, 1]
    learned = VALUES.architecture("baseline").model_copy(update={"learned_variance": True})
    zero = torch.zeros(1, dtype=torch.long)
    out = unet.output(unet.build(learned, 16, 3, 10, 0), torch.zeros(1, 3, 16, 16), zero, zero)
    assert out.shape == (1, 6, 16, 16)


@pytest.mark.parametrize("learned", [False, True])
def test_a_denoiser_of_v_turns_it_into_noise_and_keeps_the_shares(tiny, learned: bool) -> None:
    model, levels = tiny(learned_variance=learned), alpha_bar("cosine", 1000)
    x, t, labels = torch.randn(2, 1, 8, 8), torch.tensor([5, 700]), torch.tensor([0, 2])
    with torch.inference_mode():
        out = unet.output(model, x, t, labels)
        given = unet.denoiser(model, "v", levels)(x, t, labels)
        assert torch.equal(unet.denoiser(model, "epsilon", levels)(x, t, labels), out)
    assert given.shape == out.shape
    torch.testing.assert_close(given[:, :1], noise_from_velocity(out[:, :1], x, levels[t]))
    assert torch.equal(given[:, 1:], out[:, 1:])


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

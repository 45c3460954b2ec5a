"""Attention is what the layers themselves compute, each row of it sums to one, and no hook is left."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.models.attention_processor import AttnProcessor

from pipeline.anatomy import attention, concepts
from pipeline.anatomy.attention import Rollout, Site
from pipeline.anatomy.sweep import Loop
from pipeline.diffusion.subject import Subject
from pipeline.errors import UserError


def hooks(subject: Subject) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in subject.model.modules())


def by_hand(module: torch.nn.Module, hidden: torch.Tensor, words: torch.Tensor | None) -> tuple:
    """What a site gives for its input, and its probabilities by diffusers' own function, both computed afresh."""
    residual, shape = hidden, hidden.shape
    if hidden.ndim == 4:
        hidden = hidden.flatten(2).transpose(1, 2)
    if module.group_norm is not None:
        hidden = module.group_norm(hidden.transpose(1, 2)).transpose(1, 2)
    keys = hidden if words is None else words
    q, k, v = (
        module.head_to_batch_dim(to(of)) for to, of in ((module.to_q, hidden), (module.to_k, keys), (module.to_v, keys))
    )
    shares = module.get_attention_scores(q, k)
    out = module.to_out[0](module.batch_to_head_dim(shares @ v))
    if residual.ndim == 4:
        out = out.transpose(1, 2).reshape(shape)
    out = out + residual if module.residual_connection else out
    return out / module.rescale_output_factor, shares.unflatten(0, (len(residual), -1))


@pytest.mark.parametrize("processor", ["installed", "plain"])
@pytest.mark.parametrize("kind", ["variant", "told, among places", "told, to words"])
def test_probabilities_are_those_that_the_layers_use(kind: str, processor: str, variant, told) -> None:
    subject = variant() if kind == "variant" else told(3.0)
    if processor == "plain":
        for site in (each for cross in (True, False) for each in attention.sites(subject.model, cross)):
            subject.model.get_submodule(site.address).set_processor(AttnProcessor())
    wanted = attention.asked(subject.model, cross=kind == "told, to words")
    seen: dict[str, tuple] = {}

    def note(address: str):
        def hook(_module, args, kwargs, output) -> None:
            given = kwargs.get("encoder_hidden_states", args[1] if len(args) > 1 else None)
            seen[address] = args[0] if args else kwargs["hidden_states"], given, output

        return hook

    notes = [
        subject.model.get_submodule(site.address).register_forward_hook(note(site.address), with_kwargs=True)
        for site in wanted
    ]
    before = hooks(subject)
    x = torch.randn(3, *subject.shape, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        with attention.recording(subject.model, wanted) as found:
            assert hooks(subject) == before + 2 * len(wanted)
            subject.predict(subject.model, x, 500, torch.tensor([0, 1, 2]))
        assert hooks(subject) == before
        assert list(found) == [site.address for site in wanted]
        for address, shares in found.items():
            hidden, words, output = seen[address]
            expected, by_diffusers = by_hand(subject.model.get_submodule(address), hidden, words)
            torch.testing.assert_close(shares, by_diffusers)
            torch.testing.assert_close(output, expected, rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(shares.sum(dim=3), torch.ones(shares.shape[:3]))
    for each in notes:
        each.remove()


def test_sites_come_in_the_order_of_computation(variant, told) -> None:
    assert [site.address for site in attention.sites(variant().model, cross=False)] == [
        "down_blocks.1.attentions.0",
        "mid_block.attentions.0",
        "up_blocks.0.attentions.0",
        "up_blocks.0.attentions.1",
    ]
    assert attention.sites(variant().model, cross=True) == []
    cross, own = (attention.sites(told().model, cross=each) for each in (True, False))
    assert len(cross) == len(own) > 2
    assert all(site.address.endswith("attn2") for site in cross)


def test_no_hook_is_left_after_an_exception(variant) -> None:
    subject = variant()
    before = hooks(subject)

    def stops() -> None:
        with attention.recording(subject.model, attention.sites(subject.model, cross=False)):
            subject.once()
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        stops()
    assert hooks(subject) == before
    loop = Loop(subject, [999, 500, 0], "ddpm", True, 4)
    walk = attention.rolled(loop, np.arange(2), np.arange(2))
    next(walk)
    walk.close()
    assert hooks(subject) == before


def test_what_cannot_be_had_is_one_sentence(variant, told) -> None:
    plain = variant(attention=[], middle_attention=False)
    with pytest.raises(UserError, match="a network that has no self-attention"):
        attention.finest(plain)
    loop = Loop(variant(), [999, 0], "ddim", True, 2)
    with pytest.raises(UserError, match="a network that has no cross-attention: nothing in it attends to a text"):
        next(attention.by_word(loop, np.arange(2), np.arange(2)))
    with pytest.raises(UserError, match="asked of 3 images, but this loop takes 2 at a time"):
        next(attention.rolled(loop, np.arange(3), np.arange(3)))
    fused = told()
    fused.model.get_submodule(attention.sites(fused.model, cross=True)[0].address).fused_projections = True
    with pytest.raises(UserError, match=r"attn2 has fused projections, or keys beside its own"):
        attention.asked(fused.model, cross=True)
    with pytest.raises(UserError, match="attention among 6 places is not that of a square image"):
        attention.spread(torch.ones(1, 6, 6), 4)


def test_coarse_attention_is_shared_evenly_by_the_places_that_lie_in_it() -> None:
    coarse = torch.tensor([[[0.5, 0.5, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0.25, 0.25, 0.25, 0.25]]])
    fine = attention.spread(coarse, 4)
    torch.testing.assert_close(fine.sum(dim=2), torch.ones(1, 16))
    into = fine[0, 0].reshape(4, 4)  # what the first place attends to
    torch.testing.assert_close(into[:2], torch.full((2, 4), 1 / 8))
    assert (into[2:] == 0).all()
    torch.testing.assert_close(attention.spread(coarse, 2), coarse)


def test_a_rollout_is_the_product_over_layers_with_half_left_where_it_is() -> None:
    site, even = Site("mid_block.attentions.0", False), torch.full((1, 2, 4, 4), 0.25)
    to_first = torch.zeros(1, 2, 4, 4)
    to_first[..., 0] = 1
    through = Rollout(2)
    through.add(site, to_first)
    assert through.received().flatten().tolist() == [2.5, 0.5, 0.5, 0.5]
    through.add(site, even)
    half, one = torch.eye(4) / 2, torch.eye(4)
    torch.testing.assert_close(through.shares[0], (half + even[0, 0] / 2) @ (one + to_first[0, 0]) / 2)
    torch.testing.assert_close(through.shares.sum(dim=2), torch.ones(1, 4))
    assert through.received().mean() == 1


def test_rolled_attention_is_that_of_each_step(variant) -> None:
    loop, seeds = Loop(variant(), [999, 500, 0], "ddpm", True, 4), np.arange(3)
    steps = list(attention.rolled(loop, seeds, seeds))
    assert [moment.action.k for moment, _ in steps] == [3, 2, 1]
    wanted = attention.sites(loop.subject.model, cross=False)
    for moment, received in steps:
        assert received.shape == (3, 4, 4)
        with torch.inference_mode(), attention.recording(loop.subject.model, wanted) as found:
            t = loop.timesteps[loop.steps - moment.action.k]
            loop.subject.predict(loop.subject.model, moment.x, t, torch.from_numpy(seeds))
        whole = torch.eye(16).expand(3, -1, -1)
        for shares in found.values():
            whole = (torch.eye(16) + attention.spread(shares.mean(dim=1), 4)) / 2 @ whole
        torch.testing.assert_close(received.flatten(1), whole.sum(dim=1), rtol=1e-4, atol=1e-5)


def test_words_share_each_place_and_guidance_shows_the_prompted_pass(told) -> None:
    seeds = np.arange(2)
    maps = {}
    for guidance in (1.0, 3.0):
        loop = Loop(told(guidance), [900, 400], "ddim", False, 2)
        steps = list(attention.by_word(loop, seeds, seeds))
        assert [moment.action.k for moment, _ in steps] == [2, 1]
        for _, each in steps:
            assert each.shape == (2, 5, 8, 8)
            torch.testing.assert_close(each.sum(dim=1), torch.ones(2, 8, 8))
        maps[guidance] = steps[0][1]
    torch.testing.assert_close(maps[1.0], maps[3.0], rtol=1e-4, atol=1e-5)


def test_the_words_of_prompts_are_followed_and_signs_left_out(told) -> None:
    seeds, loop = np.arange(2), Loop(told(), [900, 400], "ddim", False, 2)
    said = [["<s>", "big", ",", "cat", "</s>"], ["<s>", "dog", "</s>", "</s>", "</s>"]]
    found = concepts.words_attended(loop, seeds, seeds, said, np.array([0, 1]))
    assert found["words"].tolist() == ["big", "cat", "dog"]
    assert found["word_seeds"].tolist() == [0, 0, 1]
    steps = [maps for _, maps in attention.by_word(loop, seeds, seeds)]
    for row, (seed, place) in enumerate([(0, 1), (0, 3), (1, 1)]):
        for column, maps in enumerate(steps):
            np.testing.assert_array_equal(found["word_maps"][row, column], maps[seed, place].numpy())


def test_tokens_name_the_words_of_a_prompt(text_pipeline: Path) -> None:
    assert attention.tokens(text_pipeline, "a b", 5) == [
        "<|startoftext|>",
        "a",
        "b",
        "<|endoftext|>",
        "<|endoftext|>",
    ]

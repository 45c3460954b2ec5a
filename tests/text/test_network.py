"""The network that is told a sentence is diffusers' own, and the folder that it is saved as is one of diffusers too."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DiffusionPipeline
from diffusers.models.attention_processor import Attention
from diffusers.utils import logging as diffusers_logging
from safetensors.torch import load_file
from transformers.utils import logging as transformers_logging

from pipeline import params
from pipeline.anatomy.sweep import Loop
from pipeline.diffusion import subject
from pipeline.diffusion.unet import output
from pipeline.errors import UserError
from pipeline.text import network
from pipeline.text.network import Told
from tests.text.conftest import stirred

ABSENT = {"vae": None, "feature_extractor": None, "safety_checker": None}  # as the report says


def layers(unet: torch.nn.Module, cross: bool) -> set[str]:
    """The modules with attention among their own places, or to words, without their place among their siblings."""
    found = [name for name, each in unet.named_modules() if isinstance(each, Attention)]
    return {name.split(".attentions")[0] for name in found if name.endswith("attn2") == cross}


def test_a_label_is_the_words_of_its_sentence(build) -> None:
    unet, words = stirred(build()), torch.randn(4, 5, 16, generator=torch.Generator().manual_seed(0))
    told = Told(unet, words)
    x, t, labels = torch.randn(3, 1, 8, 8), torch.tensor([3, 500, 900]), torch.tensor([2, 0, 3])
    with torch.inference_mode():
        found = output(told, x, t, labels)
        for i in range(3):
            by_hand = unet(x[i : i + 1], t[i], encoder_hidden_states=words[labels[i]][None]).sample
            torch.testing.assert_close(found[i : i + 1], by_hand, atol=1e-5, rtol=1e-5)
        assert not torch.allclose(found, output(told, x, t, torch.tensor([1, 1, 1])), atol=1e-3)
    assert (told.config.classes, told.config.num_class_embeds) == (3, 4), "the last stands for no sentence"
    assert (told.conv_in, told.conv_out) == (unet.conv_in, unet.conv_out)
    assert not any("words" in name for name in told.state_dict()), "which CLIP gives anew"


@pytest.mark.parametrize("middle", [True, False])
@pytest.mark.parametrize("attention", [[8], [4], [4, 8]])
def test_where_the_baseline_has_attention_there_is_attention_to_words_too(
    build, values, attention: list[int], middle: bool
) -> None:
    from pipeline.diffusion import unet as variants

    difference = {"attention": attention, "middle_attention": middle}
    made = build(**difference)
    architecture = values.architecture(params.BASELINE).model_copy(update=difference)
    baseline = variants.build(architecture, 8, 1, 10, 0)
    assert layers(made, True) == layers(made, False) == layers(baseline, False)
    for name, block in made.named_modules():
        if isinstance(block, Attention):
            width = block.to_q.in_features
            assert block.heads == width // architecture.head_channels
            assert block.to_k.in_features == (16 if name.endswith("attn2") else width)
    assert [len(block.resnets) for block in made.down_blocks] == [len(block.resnets) for block in baseline.down_blocks]
    assert [len(block.resnets) for block in made.up_blocks] == [len(block.resnets) for block in baseline.up_blocks]


def test_a_network_of_many_widths_has_heads_of_the_same_width(build) -> None:
    made = build(channels=[8, 16], attention=[4, 8])
    widths = {each.to_q.in_features // each.heads for each in made.modules() if isinstance(each, Attention)}
    assert widths == {4}


def test_the_same_seed_is_the_same_weights(build) -> None:
    one, same, other = (build(seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["conv_in.weight"], other["conv_in.weight"])


def test_a_network_learns_with_all_its_weights(build, clip) -> None:
    told = Told(build(), network.words(clip, ["3", "4"]))
    predicted = output(told, torch.randn(2, 1, 8, 8), torch.tensor([3, 900]), torch.tensor([0, 2]))
    predicted.square().mean().backward()
    assert [name for name, each in told.named_parameters() if each.grad is None or not each.grad.abs().sum()] == []


def test_words_are_those_of_the_saved_pipeline_and_the_empty_sentence_is_the_last(clip, folder: Path, values) -> None:
    said = ["the digit 3, upright, in a bold stroke", "the digit 4, leaning left, in a thin stroke"]
    words = network.words(clip, said)
    assert (words.shape, words.dtype) == ((3, 16, 16), torch.float32)
    assert not words.requires_grad
    assert not words.is_inference()
    under = subject.load(params.Subject(model=str(folder), prompts=said, guidance=1.0), values.diffusion)
    assert torch.equal(under.words, words)
    torch.testing.assert_close(network.words(clip, [""])[0], words[-1], atol=1e-6, rtol=1e-5)
    assert not torch.allclose(words[0], words[-1], atol=1e-2)
    theirs = DiffusionPipeline.from_pretrained(folder, **ABSENT, local_files_only=True)
    told, empty = theirs.encode_prompt(said, "cpu", 1, True)
    torch.testing.assert_close(words, torch.cat([told, empty[:1]]), atol=1e-6, rtol=1e-5)


def test_a_sentence_that_the_tower_cannot_take_is_refused(clip) -> None:
    with pytest.raises(UserError, match=r"has 17 tokens, but the CLIP that is trained here takes at most 16\.$"):
        network.words(clip, ["3", "3 " * 15])
    with pytest.raises(UserError, match=r"'the digit eleven' has a word that the CLIP .* has never been told"):
        network.words(clip, ["3", "the digit eleven"])


def test_the_folder_has_safetensors_and_json_and_the_judge_s_own_tower(folder: Path, clip) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".safetensors", ".json"}
    kept = load_file(folder / "text_encoder" / "model.safetensors")
    assert kept
    for name, tensor in clip.model.text_model.state_dict().items():
        assert torch.equal(kept[name.removeprefix("text_model.")], tensor), name


def test_a_folder_is_written_without_a_word(build, clip, values, tmp_path: Path, capfd, caplog) -> None:
    before = diffusers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "left from before").touch()
    network.save(build(), clip, values.diffusion, tmp_path / "model")
    assert not (tmp_path / "model" / "left from before").exists()
    assert (*capfd.readouterr(), caplog.text) == ("", "", "")
    assert (diffusers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()) == before


@pytest.mark.parametrize("prediction", ["epsilon", "v"])
@pytest.mark.parametrize("steps", [4, 10])
def test_diffusers_own_loop_draws_the_same_images(
    build, clip, values, tmp_path: Path, prediction: str, steps: int
) -> None:
    process = params.Diffusion(schedule="linear", timesteps=1000, prediction=prediction)
    folder, prompts = tmp_path / "model", ["the digit 3, upright, in a bold stroke", "7"]
    network.save(stirred(build()), clip, process, folder)
    theirs = DiffusionPipeline.from_pretrained(folder, **ABSENT, local_files_only=True)
    theirs.set_progress_bar_config(disable=True)
    assert isinstance(theirs.scheduler, DDIMScheduler)
    under = subject.load(params.Subject(model=str(folder), prompts=prompts, guidance=2.0), values.diffusion)
    assert (under.prediction, under.shape, under.conditions) == (prediction, (1, 8, 8), 2)
    loop = Loop(under, [999 - i * 1000 // steps for i in range(steps)], "ddim", False, 2)
    seeds = np.arange(2)
    drawn = theirs(
        prompts, num_inference_steps=steps, guidance_scale=2.0, latents=loop.initial(seeds), output_type="latent"
    ).images
    assert loop.timesteps == theirs.scheduler.timesteps.tolist()
    torch.testing.assert_close(loop.final(loop.untouched, seeds, seeds), drawn, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(drawn[0], drawn[1], atol=1e-2)


def test_the_noise_process_in_the_folder_is_that_of_the_training(folder: Path, values) -> None:
    from pipeline.diffusion.schedule import alpha_bar

    under = subject.load(params.Subject(model=str(folder), prompts=["3"], guidance=1.0), values.diffusion)
    assert under.prediction == values.diffusion.prediction
    levels = alpha_bar(values.diffusion.schedule, values.diffusion.timesteps)
    torch.testing.assert_close(under.alpha_bar, levels, atol=1e-6, rtol=1e-4)


def test_a_prompt_with_an_unknown_word_or_too_many_is_refused_in_a_sentence(folder: Path, values) -> None:
    for prompt, said in {
        "the digit eleven": "'the digit eleven' has a word that the tokenizer in .* does not know",
        "3 " * 20: "has 22 tokens, but the text encoder in .* takes 16",
    }.items():
        with pytest.raises(UserError, match=said):
            subject.load(params.Subject(model=str(folder), prompts=["3", prompt], guidance=1.0), values.diffusion)

"""A variant, a pipeline told a class and one told a text load offline and predict as they should."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import DDPMPipeline, DDPMScheduler, StableDiffusionPipeline
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from pipeline.anatomy.sweep import Loop
from pipeline.diffusion import subject
from pipeline.diffusion.schedule import add_noise, alpha_bar, velocity
from pipeline.diffusion.subject import Subject
from pipeline.diffusion.unet import halves
from pipeline.errors import UserError
from tests.diffusion.pipelines import PROMPTS, SCHEDULER, WEIGHTS, loaded, plain_unet, rewrite, vocabulary

LABELS = torch.tensor([0, 1, 0])


def sampled(under: Subject) -> np.ndarray:
    """Three seeds' images after four steps of DDIM."""
    loop, seeds = Loop(under, [999, 600, 200, 0], "ddim", False, 2), np.arange(3)
    return under.images(loop.final(loop.untouched, seeds, seeds % under.conditions))


def test_a_variant_s_folder_has_its_classes_and_the_noise_process_of_the_parameters(tiny, tmp_path: Path) -> None:
    model = tiny()
    model.save_pretrained(tmp_path)
    under = loaded(tmp_path, 1.0, [])
    assert (under.conditions, under.prediction, under.shape, under.passes) == (3, "v", (1, 8, 8), 1)
    assert torch.equal(under.alpha_bar, alpha_bar("cosine", 1000))
    x = torch.randn(3, 1, 8, 8)
    with torch.inference_mode():
        told = [under.predict(under.model, x, 500, torch.full((3,), label)) for label in (0, 1)]
    assert not torch.equal(*told)
    assert (sampled(under).shape, sampled(under).dtype) == ((3, 8, 8, 1), np.uint8)


def test_a_ddpm_pipeline_brings_its_own_noise_process(tmp_path: Path) -> None:
    DDPMPipeline(plain_unet(), DDPMScheduler(beta_schedule="linear")).save_pretrained(tmp_path)
    under = loaded(tmp_path, 1.0, [])
    assert (under.conditions, under.prediction, under.shape, under.passes) == (1, "epsilon", (3, 8, 8), 1)
    torch.testing.assert_close(under.alpha_bar, alpha_bar("linear", 1000), atol=1e-6, rtol=0)
    x = torch.randn(2, 3, 8, 8)
    with torch.inference_mode():
        expected = plain_unet()(x, torch.tensor([7, 7])).sample
        torch.testing.assert_close(under.predict(under.model, x, 7, torch.zeros(2).long()), expected)
    assert sampled(under).shape == (3, 8, 8, 3)


def test_parts_beside_model_index_are_found_as_diffusers_finds_them(tmp_path: Path) -> None:
    pipeline = DDPMPipeline(plain_unet(), DDPMScheduler(beta_schedule="linear"))
    pipeline.save_pretrained(tmp_path / "folders")
    pipeline.save_pretrained(tmp_path / "flat")
    for part in ("unet", "scheduler"):
        for file in (tmp_path / "flat" / part).iterdir():
            file.rename(tmp_path / "flat" / file.name)
        (tmp_path / "flat" / part).rmdir()
    assert DDPMPipeline.from_pretrained(tmp_path / "flat").unet.config.sample_size == 8
    in_folders, flat = (loaded(tmp_path / name, 1.0, []) for name in ("folders", "flat"))
    assert in_folders.sha256() == flat.sha256()


def test_a_class_conditional_pipeline_is_told_its_classes(tmp_path: Path) -> None:
    DDPMPipeline(plain_unet(num_class_embeds=4), DDPMScheduler()).save_pretrained(tmp_path)
    under = loaded(tmp_path, 1.0, [])
    assert under.conditions == 4
    x = torch.randn(2, 3, 8, 8)
    with torch.inference_mode():
        expected = under.model(x, torch.tensor([7, 7]), class_labels=torch.tensor([3, 1])).sample
        assert torch.equal(under.predict(under.model, x, 7, torch.tensor([3, 1])), expected)


def test_prompts_are_told_as_stable_diffusion_tells_them(text_pipeline: Path) -> None:
    under = loaded(text_pipeline)
    theirs = StableDiffusionPipeline.from_pretrained(text_pipeline, safety_checker=None, local_files_only=True)
    told, empty = theirs.encode_prompt(PROMPTS, "cpu", 1, True)
    assert under.conditions == 2
    torch.testing.assert_close(under.words, torch.cat([told, empty[:1]]))
    assert not torch.allclose(under.words[0], under.words[1])


def test_vocabularies_of_the_hub_s_older_pipelines_are_read_too(copied: Path) -> None:
    words = loaded(copied).words
    vocabulary(copied)[0].unlink()
    assert torch.equal(loaded(copied).words, words)


def test_a_tokenizer_of_another_kind_is_read_as_what_it_is(copied: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    places = {"<s>": 0, "</s>": 1, "<unknown>": 2, "ab": 3, "c": 4, "bc": 5}
    words = Tokenizer(models.WordLevel(places, unk_token="<unknown>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [("<s>", 0), ("</s>", 1)]
    words.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    shutil.rmtree(copied / "tokenizer")
    names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "</s>", "unk_token": "<unknown>"}
    PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=5, **names).save_pretrained(copied / "tokenizer")
    own = subject.tokenizer(copied)
    assert own("ab bc").input_ids == [0, 3, 5, 1], "words, and not the letters that CLIP's own would make of them"
    under = loaded(copied, 1.0, ["ab bc", "c"])
    encoder = CLIPTextModel.from_pretrained(copied / "text_encoder").eval()
    with torch.inference_mode():
        expected = encoder(torch.tensor([[0, 3, 5, 1, 1], [0, 4, 1, 1, 1], [0, 1, 1, 1, 1]])).last_hidden_state
    torch.testing.assert_close(under.words, expected)
    with pytest.raises(UserError, match=r"'ab a' has a word that the tokenizer in .* does not know"):
        loaded(copied, 1.0, ["ab bc", "ab a"])
    with pytest.raises(UserError, match=r"has 6 tokens, but the text encoder in .* takes 5"):
        loaded(copied, 1.0, ["c c c c"])


@pytest.mark.parametrize("guidance", [1.0, 3.0, 0.0])
def test_guidance_is_two_passes_by_hand(text_pipeline: Path, guidance: float) -> None:
    under = loaded(text_pipeline, guidance)
    assert under.passes == (2 if guidance == 3 else 1)
    x = torch.randn(3, 2, 8, 8)
    with torch.inference_mode():
        told = under.model(x, 300, under.words[LABELS]).sample
        untold = under.model(x, 300, under.words[-1:].expand(3, -1, -1)).sample
        found = under.predict(under.model, x, 300, LABELS)
    torch.testing.assert_close(found, untold + guidance * (told - untold), atol=1e-5, rtol=1e-5)
    assert not torch.allclose(told, untold, atol=1e-3)


def test_a_learned_variance_is_the_told_pass_s(tiny_told) -> None:
    words = torch.randn(3, 5, 6)
    under = Subject(tiny_told(out_channels=4), "v", alpha_bar("linear", 1000), 2, words, 3.0)
    x = torch.randn(3, 2, 8, 8)
    with torch.inference_mode():
        told = under.model(x, 300, words[LABELS]).sample
        untold = under.model(x, 300, words[-1:].expand(3, -1, -1)).sample
        found, share = halves(under.predict(under.model, x, 300, LABELS), 2)
    v, a = (untold + 3 * (told - untold))[:, :2], float(under.alpha_bar[300])
    torch.testing.assert_close(found, a**0.5 * v + (1 - a) ** 0.5 * x, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(share, (told[:, 2:] + 1) / 2, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_v_prediction_is_converted(copied: Path, guidance: float) -> None:
    rewrite(copied / SCHEDULER, prediction_type="v_prediction")
    under = loaded(copied, guidance)
    assert under.prediction == "v"
    x0, eps = torch.randn(2, 3, 2, 8, 8)
    a = under.alpha_bar[[400] * 3]

    class Knows(torch.nn.Module):
        def forward(self, rows: torch.Tensor, *_args: object, **_kwargs: object) -> tuple[torch.Tensor]:
            return (velocity(x0, eps, a).repeat_interleave(len(rows) // 3, dim=0),)

    torch.testing.assert_close(under.predict(Knows(), add_noise(x0, eps, a), 400, LABELS), eps, atol=1e-5, rtol=1e-5)


def test_latents_are_decoded_by_their_scale(text_pipeline: Path, copied: Path) -> None:
    under, latents = loaded(text_pipeline), torch.randn(3, 2, 8, 8)
    with torch.inference_mode():
        decoded = under.autoencoder.decode(latents / 0.5).sample
    expected = ((decoded.clamp(-1, 1) + 1) * 127.5).round().permute(0, 2, 3, 1).numpy()
    assert under.images(latents).shape == (3, 16, 16, 3)
    assert (under.shape, under.image_shape) == ((2, 8, 8), (3, 16, 16))
    assert np.abs(under.images(latents) - expected).max() <= 1
    np.testing.assert_array_equal(under.images(latents, batch_size=2), under.images(latents))
    rewrite(copied / "vae" / "config.json", shift_factor=0.25)
    shifted = loaded(copied).images((latents / 0.5 - 0.25) * 0.5)
    assert np.abs(shifted - expected).max() <= 1


def test_weights_in_half_precision_are_used_in_single(copied: Path) -> None:
    for path in copied.rglob("*.safetensors"):
        save_file({name: t.half() for name, t in load_file(path).items()}, path, metadata={"format": "pt"})
    rewrite(copied / "text_encoder" / "config.json", dtype="float16")
    under = loaded(copied)
    assert under.words.dtype == torch.float32
    assert sampled(under).shape == (3, 16, 16, 3)


def change(path: Path, name: str) -> None:
    tensors = load_file(path)
    save_file({**tensors, name: tensors[name] + 0.1}, path, metadata={"format": "pt"})


def test_the_hash_tells_weights_noise_processes_prompts_and_guidance_apart(copied: Path) -> None:
    def of(*args: object) -> str:
        return loaded(copied, *args).sha256()

    first = of()
    assert first == of(), "and nothing else"
    found = {first, of(1.0), of(3.0, ["a b", "b"]), of(3.0, PROMPTS[::-1]), of(3.0, [*PROMPTS, "c"])}
    rewrite(copied / SCHEDULER, beta_end=0.013)
    found.add(of())
    rewrite(copied / SCHEDULER, prediction_type="v_prediction")
    found.add(of())
    change(copied / "unet" / WEIGHTS, "conv_out.bias")
    found.add(of())
    assert len(found) == 8


def test_the_hash_tells_decoders_apart_whose_images_differ(copied: Path) -> None:
    first, latents = loaded(copied), torch.randn(2, 2, 8, 8)
    rewrite(copied / "vae" / "config.json", scaling_factor=0.4)
    scaled = loaded(copied)
    change(copied / "vae" / WEIGHTS, "decoder.conv_out.bias")
    other = loaded(copied)
    assert len({each.images(latents).tobytes() for each in (first, scaled, other)}) == 3
    assert len({each.sha256() for each in (first, scaled, other)}) == 3

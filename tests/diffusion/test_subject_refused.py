"""What cannot be examined is refused in one sentence."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from diffusers import DDPMPipeline, DDPMScheduler
from safetensors.torch import load_file, save_file

from pipeline.anatomy.sweep import Loop
from pipeline.errors import UserError
from tests.diffusion.pipelines import PROMPTS, SCHEDULER, WEIGHTS, loaded, plain_unet, rewrite, vocabulary


def without(name: str) -> Callable[[Path], None]:
    def lose(folder: Path) -> None:
        tensors = load_file(folder / name)
        save_file(dict(list(tensors.items())[1:]), folder / name, metadata={"format": "pt"})

    return lose


def index(**values: object) -> Callable[[Path], None]:
    return lambda folder: rewrite(folder / "model_index.json", **values)


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "another denoiser": (index(unet=None, transformer=["diffusers", "DiTTransformer2DModel"]), "no U-Net as its denoi"),
    "another U-Net": (index(unet=["diffusers", "UNet3DConditionModel"]), "has UNet3DConditionModel as its denoiser"),
    "another autoencoder": (index(vae=None, vqvae=["diffusers", "VQModel"]), "VQModel"),
    "another text encoder": (index(text_encoder=["transformers", "T5EncoderModel"]), "T5EncoderModel"),
    "two text encoders": (index(text_encoder_2=["transformers", "CLIPTextModel"]), "text_encoder_2"),
    "another noise process": (
        lambda folder: rewrite(folder / SCHEDULER, _class_name="FlowMatchEulerDiscreteScheduler"),
        "FlowMatchEulerDiscreteScheduler",
    ),
    "clean images predicted": (
        lambda folder: rewrite(folder / SCHEDULER, prediction_type="sample"),
        "predicts sample, but only epsilon and v_prediction are accepted",
    ),
    "noise alone at its end": (
        lambda folder: rewrite(folder / SCHEDULER, rescale_betas_zero_snr=True),
        "ends in noise alone",
    ),
    "no scheduler": (lambda folder: shutil.rmtree(folder / "scheduler"), "cannot be read"),
    "no tokenizer": (lambda folder: shutil.rmtree(folder / "tokenizer"), "text encoder in .* cannot be read"),
    "no vocabulary": (lambda folder: [file.unlink() for file in vocabulary(folder)], "tokenizer"),
    "no weights": (lambda folder: (folder / "unet" / WEIGHTS).unlink(), "cannot be read"),
    "half the weights": (lambda folder: (folder / "unet" / WEIGHTS).write_bytes(b"half"), "cannot be read"),
    "a weight is missing": (without(f"unet/{WEIGHTS}"), "cannot be read"),
    "an autoencoder's weight is missing": (without(f"vae/{WEIGHTS}"), "cannot be read"),
    "a text encoder's weight is missing": (without("text_encoder/model.safetensors"), "cannot be read"),
    "pickled weights": (
        lambda folder: (folder / "unet" / WEIGHTS).rename(folder / "unet" / "diffusion_pytorch_model.bin"),
        "cannot be read",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_examined_is_one_sentence(copied: Path, case: str) -> None:
    change, said = BAD[case]
    change(copied)
    with pytest.raises(UserError, match=said) as refused:
        loaded(copied)
    assert "\n" not in str(refused.value)


def test_networks_told_no_text_take_no_prompts_and_those_always_told_the_class_no_guidance(
    tmp_path: Path, tiny
) -> None:
    tiny().save_pretrained(tmp_path / "variant")
    tiny(class_embedding=False, drops_labels=True).save_pretrained(tmp_path / "blind")
    DDPMPipeline(plain_unet(num_class_embeds=4), DDPMScheduler()).save_pretrained(tmp_path / "pipeline")
    for folder in (tmp_path / "variant", tmp_path / "blind", tmp_path / "pipeline"):
        for guidance, prompts, said in (
            (3.0, [], "cannot be guided"),
            (0.0, [], "withheld"),
            (1.0, PROMPTS, "no text"),
        ):
            with pytest.raises(UserError, match=said):
                loaded(folder, guidance, prompts)


def test_networks_that_make_other_channels_than_they_take_are_one_sentence(tmp_path: Path) -> None:
    DDPMPipeline(plain_unet(in_channels=5), DDPMScheduler()).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="makes 3 channels of 5 at size 8"):
        loaded(tmp_path, 1.0, [])


def test_latents_are_not_kept_in_the_range_of_images(text_pipeline: Path) -> None:
    with pytest.raises(UserError, match=r"set sampler\.clip to false"):
        Loop(loaded(text_pipeline), [999, 0], "ddim", True, 2)


def test_a_text_network_without_prompts_is_one_sentence(text_pipeline: Path) -> None:
    with pytest.raises(UserError, match="takes a text, but its prompts under subjects"):
        loaded(text_pipeline, prompts=[])


def test_folders_that_hold_no_subject_are_one_sentence(tmp_path: Path, text_pipeline: Path, tiny) -> None:
    with pytest.raises(UserError, match="neither a variant's weights nor a diffusers pipeline"):
        loaded(tmp_path / "nothing")
    with pytest.raises(UserError, match="a network alone, without its noise process"):
        loaded(text_pipeline / "unet")
    tiny().save_pretrained(tmp_path)
    (tmp_path / WEIGHTS).unlink()
    with pytest.raises(UserError, match="no whole set of weights"):
        loaded(tmp_path, 1.0, [])

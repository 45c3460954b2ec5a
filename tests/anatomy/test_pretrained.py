"""A pretrained pipeline is fetched pinned and without code, and sampled as its own library does."""

from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from huggingface_hub.errors import LocalEntryNotFoundError

from pipeline.anatomy.interventions import parse, plan
from pipeline.anatomy.sweep import Loop
from pipeline.diffusion import hub, subject
from pipeline.diffusion.subject import Subject
from pipeline.errors import UserError
from pipeline.params import Diffusion
from pipeline.params import Subject as SubjectParams

PROMPTS = ["a b", "c"]
SEEDS = np.arange(3)


def loaded(folder: Path) -> Subject:
    params = SubjectParams(model=str(folder), prompts=PROMPTS, guidance=3.0)
    return subject.load(params, Diffusion(schedule="cosine", timesteps=50, prediction="v"))


def test_it_samples_as_stable_diffusion_does(text_pipeline: Path) -> None:
    theirs = StableDiffusionPipeline.from_pretrained(text_pipeline, safety_checker=None, local_files_only=True)
    theirs.set_progress_bar_config(disable=True)
    theirs.scheduler = DDIMScheduler.from_config(theirs.scheduler.config, set_alpha_to_one=True)
    under = loaded(text_pipeline)
    loop = Loop(under, [751, 501, 251, 1], "ddim", False, 2)
    images = theirs(
        [PROMPTS[label] for label in SEEDS % 2],
        num_inference_steps=4,
        guidance_scale=3.0,
        latents=loop.initial(SEEDS),
        output_type="np",
    ).images
    ours = loop.final(loop.untouched, SEEDS, SEEDS % 2)
    np.testing.assert_allclose(under.images(ours) / 255, images, atol=0.6 / 255)


def test_a_cached_part_has_two_rows_an_image_where_there_is_guidance(text_pipeline: Path) -> None:
    under = loaded(text_pipeline)
    cut = {"remove": "blocks", "start": 2, "count": 1, "number": 2, "fill": "cache"}
    loop = Loop(under, [999, 600, 200, 0], "ddim", False, 2)
    steps = plan(parse([cut]), 4, loop.blocks)
    caches = [moment.cache["block_02"] for moment in loop.walk(steps, SEEDS, SEEDS % 2)]
    assert caches[1].shape[:2] == (3, 2)
    assert not torch.allclose(caches[1][:, 0], caches[1][:, 1], atol=1e-4)
    assert torch.equal(caches[2], caches[1])
    others = ([], [cut], [{**cut, "fill": "zeros"}])
    plain, cached, zeros = (loop.final(plan(parse(o), 4, loop.blocks), SEEDS, SEEDS % 2) for o in others)
    assert not torch.allclose(plain, cached, atol=1e-5)
    assert not torch.allclose(zeros, cached, atol=1e-4)


REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize("where", ["owner/name", "owner/name@main", f"owner/name@{REVISION[:-1]}", f"name@{REVISION}"])
def test_an_unpinned_name_is_one_sentence(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: pytest.fail("asked the hub"))
    with pytest.raises(UserError, match=r"names no pinned model; it must be OWNER/NAME@REVISION"):
        hub.fetch(where, tmp_path)


def test_one_commit_s_configuration_and_safetensors_are_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {}
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, **more: asked.update(name=name, **more))
    hub.fetch(f"some-owner/a.name@{REVISION}", tmp_path)
    patterns = asked.pop("allow_patterns")
    assert asked == {"name": "some-owner/a.name", "revision": REVISION, "local_dir": tmp_path}
    files = [
        "model_index.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "tokenizer/merges.txt",
        "tokenizer/vocab.json",
    ]
    refused = ["unet/diffusion_pytorch_model.bin", "weights.pkl", "weights.ckpt", "weights.pt", "pipeline.py", "x.pth"]
    assert list(huggingface_hub.utils.filter_repo_objects([*files, *refused], allow_patterns=patterns)) == files


def unreachable(*_args: object, **_kwargs: object) -> None:
    raise LocalEntryNotFoundError("no network\nat all")


def test_a_hub_that_does_not_answer_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(UserError, match=r"could not be fetched \(no network at all\)"):
        hub.fetch(f"owner/name@{REVISION}", tmp_path)


def test_a_name_that_the_hub_does_not_know_how_to_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="owner/a--name"):
        hub.fetch(f"owner/a--name@{REVISION}", tmp_path)

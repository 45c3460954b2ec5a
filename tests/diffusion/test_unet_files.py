"""A network that is saved is the one that is loaded, and a damaged one is a sentence."""

import copy
import json
from pathlib import Path

import pytest
import torch

from pipeline.diffusion import unet
from pipeline.errors import UserError
from tests.diffusion.arms import ARMS


@pytest.mark.parametrize("difference", ARMS, ids=lambda difference: "-".join(difference) or "baseline")
def test_what_is_saved_copied_and_loaded_is_the_same_network(tiny, tmp_path: Path, difference: dict) -> None:
    model = tiny(**difference).eval()
    for p in model.parameters():
        p.data += 0.1 * torch.randn(p.shape)
    model.save_pretrained(tmp_path / "once", safe_serialization=True)
    loaded = unet.load(tmp_path / "once")
    assert not loaded.training
    loaded.save_pretrained(tmp_path / "twice", safe_serialization=True)
    others = (loaded, unet.load(tmp_path / "twice"), copy.deepcopy(model))
    x, t, labels = torch.randn(3, 1, 8, 8), torch.tensor([0, 5, 700]), torch.tensor([0, 2, 1])
    with torch.inference_mode():
        expected = unet.output(model, x, t, labels)
        for other in others:
            assert torch.equal(unet.output(other, x, t, labels), expected)
            assert {name: other.config[name] for name in unet.OURS} == {name: model.config[name] for name in unet.OURS}


@pytest.mark.parametrize("difference", ARMS, ids=lambda difference: "-".join(difference) or "baseline")
def test_the_configuration_says_what_diffusers_does_not_know(tiny, difference: dict) -> None:
    config = tiny(**difference).config
    assert config.classes == 3
    assert config.projections == difference.get("projections", False)
    assert config.skips == difference.get("skips", True)
    assert config.tells_time == difference.get("time_embedding", True)
    assert config.num_class_embeds == (3 if difference.get("class_embedding", True) else None)
    assert config.out_channels == (2 if difference.get("learned_variance", False) else 1)
    assert config.layers_per_block == difference.get("res_blocks", 1)


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


@pytest.mark.parametrize("missing", unet.OURS)
def test_a_configuration_from_elsewhere_is_one_sentence(tiny, tmp_path: Path, missing: str) -> None:
    tiny().save_pretrained(tmp_path, safe_serialization=True)
    config = tmp_path / "config.json"
    config.write_text(json.dumps({k: v for k, v in json.loads(config.read_text()).items() if k != missing}))
    with pytest.raises(UserError, match=f"holds no whole set of weights .*{missing}") as caught:
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

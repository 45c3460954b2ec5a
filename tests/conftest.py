"""What many tests share: which of them are slow or share a worker, and U-Nets of a few thousand weights."""

import fcntl
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from diffusers import UNet2DConditionModel, UNet2DModel

if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):  # the tests start dozens of processes that import for seconds
    sys.dont_write_bytecode = False
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers with a thread per core each would get in each other's way

TESTS = Path(__file__).parent
ROOT = TESTS.parent
PROJECT = (
    "stages/test_microscope.py",
    "stages/test_pipeline.py",
    "stages/test_readme_commands.py",
)  # share the tiny project, which takes a minute to make
FIRST = (*PROJECT, "orchestration/test_flow.py")  # what takes longest begins first, so that the workers end together
SLOW = {"project", "dvc", "store"}  # fixtures that start DVC or MLflow
SLOW_FILES = (  # train, sample or draw for seconds, or start processes
    "anatomy/test_comparison",
    "anatomy/test_feature_maps",
    "anatomy/test_guiding",
    "anatomy/test_saliency",
    "anatomy/test_shortcuts",
    "anatomy/test_sweep",
    "anatomy/test_trials",
    "anatomy/test_without",
    "diffusion/test_lean",
    "diffusion/test_sampling",
    "diffusion/test_training",
    "orchestration/test_flow",
    "orchestration/test_profiles",
    "judges/test_contrastive",
    "reporting/chapters/test_embedding",
    "stages/test_clip",
    "stages/test_letters",
    "reporting/chapters/test_feature_maps",
    "reporting/chapters/test_guidance",
    "reporting/chapters/test_intervene",
    "reporting/chapters/test_layers",
    "reporting/chapters/test_saliency",
    "reporting/chapters/test_trajectory",
    "reporting/test_plots",
    "reporting/test_report",
    "segmentation/test_training",
    "stages/test_saliency",
    "stages/test_switched_off",
    "stages/test_text",
    "test_benchmarks",
    "test_compute",
    "test_processes",
    "test_tether",
    "text/test_training",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, and begin with what takes longest."""
    for item in items:
        file = item.path.relative_to(TESTS).as_posix()
        if SLOW & set(getattr(item, "fixturenames", ())) or file.startswith(SLOW_FILES):
            item.add_marker(pytest.mark.slow)
    places = {file: place for place, file in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path.relative_to(TESTS).as_posix(), len(FIRST)))


class _ByFile(LoadFileScheduling):
    """A worker for the tests of a file, and one for all that use the tiny project."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "project" if file.removeprefix("tests/") in PROJECT else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling:
    """Give the tests to the workers in that way."""
    return _ByFile(config, log)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh MLflow database to copy: making one takes seconds, so that one worker makes it for both."""
    own = tmp_path_factory.getbasetemp()
    folder = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    path = folder / "mlflow.db"
    with (folder / "mlflow.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            from mlflow import MlflowClient

            MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path


TINY = {
    "channels": [8, 8],
    "res_blocks": 1,
    "attention": [4],
    "middle_attention": True,
    "head_channels": 4,
    "norm_groups": 4,
    "projections": False,
    "skips": True,
    "time_embedding": True,
    "class_embedding": True,
    "learned_variance": False,
}


@pytest.fixture
def tiny() -> Callable[..., "UNet2DModel"]:
    """tiny(seed=0, drops_labels=False, **difference): fresh weights for 8x8 grey images of three classes."""
    from pipeline.diffusion import unet  # torch and diffusers take seconds, which the other tests need not wait for
    from pipeline.params import UNet

    def make(seed: int = 0, drops_labels: bool = False, **difference: object) -> "UNet2DModel":
        return unet.build(UNet(**{**TINY, **difference}), 8, 1, 3, seed, drops_labels)

    return make


@pytest.fixture
def tiny_told() -> Callable[..., "UNet2DConditionModel"]:
    """tiny_told(**difference): fresh weights for 8x8 latents of two channels, told words of six numbers each."""
    return told_network


def told_network(**difference: object) -> "UNet2DConditionModel":
    import torch
    from diffusers import UNet2DConditionModel

    torch.manual_seed(0)
    values = {
        "sample_size": 8,
        "in_channels": 2,
        "out_channels": 2,
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "cross_attention_dim": 6,
        "attention_head_dim": 4,
        "norm_num_groups": 4,
    }
    return UNet2DConditionModel(**{**values, **difference}).eval()


@pytest.fixture(scope="session")
def text_pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the hub has them: a network told a text of the letters a, b and c, its encoder, and an autoencoder of
    16x16 colour images."""
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    folder = tmp_path_factory.mktemp("pipeline")
    tokens = ["<|startoftext|>", "<|endoftext|>", "a", "b", "c", "a</w>", "b</w>", "c</w>"]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    network = told_network()
    autoencoder = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D"),
        up_block_types=("UpDecoderBlock2D", "UpDecoderBlock2D"),
        block_out_channels=(4, 4),
        latent_channels=2,
        norm_num_groups=2,
        sample_size=16,
        scaling_factor=0.5,
    )
    encoder = CLIPTextConfig(
        vocab_size=len(tokens),
        hidden_size=6,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=5,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    StableDiffusionPipeline(
        vae=autoencoder,
        text_encoder=CLIPTextModel(encoder),
        tokenizer=CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=5),
        unet=network,
        scheduler=DDIMScheduler(
            beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False, steps_offset=1
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    for name in ("vocab.json", "merges.txt"):
        (folder / name).rename(folder / "tokenizer" / name)
    return folder

"""What many tests share: U-Nets of a few thousand weights, and a tiny copy of the project, reproduced once."""

import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from pipeline.orchestration import profiles

if TYPE_CHECKING:
    from diffusers import UNet2DConditionModel, UNet2DModel

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers with a thread per core each would get in each other's way

ROOT = Path(__file__).parents[1]


class Project:
    """A copy of the project's files in a folder of its own, with its own git and DVC."""

    def __init__(self, root: Path):
        self.root, self.ran = root, list[str]()
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split("\n")
        for name in filter(None, listed):
            if (ROOT / name).is_file() and not name.startswith(("reports/", "dvc.lock")):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, root / name)
        self.params = yaml.safe_load(profiles.apply((ROOT / "params.yaml").read_text(), "tiny", ROOT / "profiles"))
        self.write()
        for command in ("init -q", "add -A", "-c user.name=t -c user.email=t@example.org commit -qm start"):
            subprocess.run(["git", *command.split()], cwd=root, check=True)

    def write(self, **sections: object) -> None:
        """Write params.yaml, with these sections laid over the tiny profile."""
        values = copy.deepcopy(self.params)
        profiles.lay(values, sections)
        (self.root / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False))

    def environment(self, **extra: str) -> dict[str, str]:
        """The environment of a user in this folder: this Python first, the copy's own code, nothing sent anywhere."""
        return {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.root),
            "PREFECT_HOME": str(self.root / ".prefect"),
            "DVC_NO_ANALYTICS": "1",
            **extra,
        }

    def run(self, *command: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run a Python module or script in the folder; extra: environment variables."""
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.root,
            env=self.environment(**extra),
            capture_output=True,
            text=True,
            timeout=300,
        )

    def repro(self, *args: str) -> list[str]:
        """`dvc repro`; returns the stages that ran or were restored."""
        done = self.run("-m", "dvc", "repro", *args)
        assert done.returncode == 0, done.stdout + done.stderr
        return [line.split("'")[1] for line in done.stdout.splitlines() if line.startswith("Running stage")]

    def files(self, *folders: str) -> dict[str, bytes]:
        """Every file under these folders, or at these paths, by its path and content."""
        places = [self.root / folder for folder in folders]
        found = [p for place in places for p in (place, *sorted(place.rglob("*"))) if p.is_file()]
        return {str(path.relative_to(self.root)): path.read_bytes() for path in found}


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The copy, reproduced; a test that changes its parameters puts them back with `write()` and `repro()`."""
    made = Project(tmp_path_factory.mktemp("project"))
    made.ran = made.repro()
    return made


@pytest.fixture
def sound(project: Project) -> Iterator[Project]:
    """The project with its own parameters before and after the test."""
    project.write()
    yield project
    project.write()


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
    """tiny(seed=0, **difference): fresh weights for 8x8 grey images of three classes."""
    from pipeline.diffusion import unet  # torch and diffusers take seconds, which the other tests need not wait for
    from pipeline.params import UNet

    def make(seed: int = 0, **difference: object) -> "UNet2DModel":
        return unet.build(UNet(**{**TINY, **difference}), 8, 1, 3, seed)

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

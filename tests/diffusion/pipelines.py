"""Pipelines of a few thousand weights as subjects, and changes to their files."""

import json
from pathlib import Path

import torch
from diffusers import UNet2DModel

from pipeline.diffusion import subject
from pipeline.diffusion.subject import Subject
from pipeline.params import Diffusion
from pipeline.params import Subject as SubjectParams

DIFFUSION = Diffusion(schedule="cosine", timesteps=1000, prediction="v")

PROMPTS = ["a b", "c"]

WEIGHTS = "diffusion_pytorch_model.safetensors"

SCHEDULER = "scheduler/scheduler_config.json"


def loaded(folder: Path, guidance: float = 3.0, prompts: list[str] | None = None) -> Subject:
    params = SubjectParams(model=str(folder), prompts=PROMPTS if prompts is None else prompts, guidance=guidance)
    return subject.load(params, DIFFUSION)


def plain_unet(**difference: object) -> UNet2DModel:
    torch.manual_seed(0)
    values = {
        "sample_size": 8,
        "in_channels": 3,
        "out_channels": 3,
        "block_out_channels": (8, 8),
        "layers_per_block": 1,
        "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
        "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
        "attention_head_dim": 4,
        "norm_num_groups": 4,
    }
    return UNet2DModel(**{**values, **difference}).eval()


def rewrite(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def vocabulary(folder: Path) -> list[Path]:
    return [folder / "tokenizer" / name for name in ("tokenizer.json", "vocab.json", "merges.txt")]

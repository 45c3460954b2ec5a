"""The memory and time of the stage `feature_maps` on a U-Net of the size of Stable Diffusion's, with random weights.

A pipeline with the configuration of Stable Diffusion 1.5 (its U-Net, text encoder and autoencoder) is made in a
temporary folder, and the stage looks at it in a process of its own, whose peak memory is taken. Its images are noise;
only its size matters.

    uv run python benchmarks/feature_maps.py --out reports/benchmarks/feature-maps-cpu.json
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from pipeline.files import parse_yaml, write_json, write_text
from pipeline.orchestration import profiles

HERE = Path(__file__).resolve().parents[1]
STAGE, TIMES = "feature_maps", [0.25, 0.5, 0.75, 1.0]
WORDS = {"<|startoftext|>": 0, "<|endoftext|>": 1, "a</w>": 2, "b</w>": 3}
UNET: dict[str, Any] = {  # of runwayml/stable-diffusion-v1-5
    "sample_size": 64,
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": (320, 640, 1280, 1280),
    "layers_per_block": 2,
    "down_block_types": (*["CrossAttnDownBlock2D"] * 3, "DownBlock2D"),
    "up_block_types": ("UpBlock2D", *["CrossAttnUpBlock2D"] * 3),
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
}
AUTOENCODER: dict[str, Any] = {
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "latent_channels": 4,
    "sample_size": 512,
}


def make(folder: Path) -> int:
    """Write such a pipeline into a folder, and return how many weights its U-Net has."""
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(0)
    words = folder / "words"
    words.mkdir(parents=True)
    write_json(words / "vocab.json", WORDS)
    write_text(words / "merges.txt", "#version: 0.2\n")
    unet = UNet2DConditionModel(**UNET)
    encoder = CLIPTextConfig(vocab_size=len(WORDS), hidden_size=768, num_attention_heads=12, bos_token_id=0)
    encoder.eos_token_id = encoder.pad_token_id = 1
    StableDiffusionPipeline(
        vae=AutoencoderKL(**AUTOENCODER),
        text_encoder=CLIPTextModel(encoder),
        tokenizer=CLIPTokenizer(str(words / "vocab.json"), str(words / "merges.txt"), model_max_length=77),
        unet=unet,
        scheduler=DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    for name in ("vocab.json", "merges.txt"):
        (words / name).rename(folder / "tokenizer" / name)
    return sum(weight.numel() for weight in unet.parameters())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=4, help="steps of the loop, 4 at least")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--guidance", type=float, default=3.0, help="1: without the second pass of the empty prompt")
    parser.add_argument("--out", type=Path, required=True, help="JSON file for the result")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        model, out = Path(place, "model"), Path(place, "out")
        making = os.fork()  # in a process of its own, whose memory is not counted
        if making == 0:
            write_json(Path(place, "weights.json"), make(model))
            os._exit(0)
        if os.waitpid(making, 0)[1] != 0:
            sys.exit("the pipeline could not be made")
        text = profiles.apply((HERE / "params.yaml").read_text(), "tiny", HERE / "profiles")
        values = parse_yaml(text, "params.yaml")
        prompts = {"prompts": ["a", "b"], "guidance": args.guidance, "replicas": 1, "stages": [STAGE]}
        values["subjects"] = {"large": {"model": str(model), **prompts}}
        values["sampler"] |= {"name": "ddim", "timesteps": args.steps, "clip": False}
        values[STAGE] |= {"times": TIMES, "seeds": args.seeds, "columns": 16, "batch_size": args.batch_size}
        write_text(Path(place, "params.yaml"), yaml.safe_dump(values))
        command = f"stages/{STAGE}.py --params {place}/params.yaml --subject large --out {out}"
        start = time.perf_counter()
        stage = subprocess.Popen([sys.executable, *command.split()], cwd=HERE)
        _, status, used = os.wait4(stage.pid, 0)
        if status != 0:
            sys.exit(1)
        seconds = time.perf_counter() - start
        result = {
            "weights": int(Path(place, "weights.json").read_text()),
            "threads": values["compute"]["threads"],
            "steps": args.steps,
            "times": TIMES,
            "seeds": args.seeds,
            "shown": values[STAGE]["shown"],
            "batch_size": args.batch_size,
            "guidance": args.guidance,
            "seconds": seconds,
            "peak_bytes": used.ru_maxrss * 1024,
            "maps_bytes": sum(path.stat().st_size for path in out.glob("0/maps/*/*.npz")),
            "pictures_bytes": (out / "0/pictures.npz").stat().st_size,
        }
    write_json(args.out, result)
    print(f"{result['weights']:,} weights: {seconds:.0f} s, {result['peak_bytes'] / 2**30:.1f} GiB at the most.")


if __name__ == "__main__":
    main()

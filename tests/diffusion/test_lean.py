"""The U-Net is imported without what it does not need, and everything else can be imported afterwards."""

import subprocess
import sys

AFTERWARDS = """
import sys
from pipeline.diffusion import lean, unet
spared = ("torch._dynamo", "diffusers.models.transformers", "diffusers.models.unets", "transformers", "scipy.stats")
print([name for name in spared if name in sys.modules])
import diffusers
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel, UNet2DModel
print(UNet2DModel is lean.UNet2DModel, diffusers.DDPMScheduler is lean.DDPMScheduler)
import diffusers.models.transformers
print(diffusers.models.transformers.DualTransformer2DModel.__name__)
from transformers import CLIPTextModel, CLIPTokenizer
print(CLIPTextModel.__name__, CLIPTokenizer.__name__)
import torch
optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)])
print("torch._dynamo" in sys.modules)
"""


def test_what_is_spared_is_there_for_whoever_wants_it() -> None:
    done = subprocess.run([sys.executable, "-c", AFTERWARDS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "[]",
        "True True",
        "DualTransformer2DModel",
        "CLIPTextModel CLIPTokenizer",
        "True",
    ]

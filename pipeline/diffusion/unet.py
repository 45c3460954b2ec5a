"""The denoisers: diffusers' UNet2DModel, and the one arm that it refuses, an encoder without residual blocks."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from diffusers import UNet2DModel
from diffusers.models.resnet import Downsample2D
from diffusers.models.unets.unet_2d_blocks import UNetMidBlock2D, get_up_block
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from pipeline.diffusion.schedule import noise_from_velocity
from pipeline.errors import UserError
from pipeline.params import UNet

Denoiser = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]  # (x_t, t, labels) -> predicted noise


def build(unet: UNet, image_size: int, image_channels: int, classes: int, seed: int) -> UNet2DModel:
    """A class-conditional denoiser with fresh weights, fixed by the seed (of torch's global generator).

    Called as model(x, t, class_labels): x [N, C, H, W] in about [-1, 1], t [N] in 0..T-1, class_labels [N].
    """
    torch.manual_seed(seed)
    attended = [resolution in unet.attention for resolution in unet.resolutions(image_size)]
    return _from_config(
        {
            "sample_size": image_size,
            "in_channels": image_channels,
            "out_channels": image_channels,
            "block_out_channels": tuple(unet.channels),
            "layers_per_block": unet.res_blocks,
            "down_block_types": tuple("AttnDownBlock2D" if a else "DownBlock2D" for a in attended),
            "up_block_types": tuple("AttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attended)),
            "add_attention": unet.middle_attention,
            "attention_head_dim": unet.head_channels,
            "norm_num_groups": unet.norm_groups,
            "num_class_embeds": classes,
        }
    )


def load(folder: Path) -> UNet2DModel:
    """A denoiser saved with `save_pretrained`, in evaluation mode; a missing or damaged one is a `UserError`."""
    try:
        model = _from_config(dict(UNet2DModel.load_config(folder, local_files_only=True)))
        model.load_state_dict(load_file(Path(folder) / "diffusion_pytorch_model.safetensors"))
    except (OSError, SafetensorError, RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{folder} holds no whole set of weights ({reason}); remove it and run `dvc repro` to train it again."
        ) from None
    return model.eval()


def _from_config(config: dict) -> UNet2DModel:
    if config["layers_per_block"] > 0:
        return UNet2DModel.from_config(config)
    model = UNet2DModel.from_config({**config, "layers_per_block": 1})
    model.register_to_config(layers_per_block=0)
    return _without_encoder_blocks(model)


def _without_encoder_blocks(model: UNet2DModel) -> UNet2DModel:
    """Zero residual blocks as in IDDPM's UNetModel: the encoder is downsamplings alone and never widens.

    The middle block has the width of the input convolution, and each level of the decoder has one residual block.
    """
    config = model.config
    widths = list(config.block_out_channels)
    narrow, temb_channels = widths[0], widths[0] * 4
    for block in model.down_blocks:
        block.resnets = nn.ModuleList()
        if hasattr(block, "attentions"):
            block.attentions = nn.ModuleList()
        if block.downsamplers is not None:
            block.downsamplers = nn.ModuleList(
                [Downsample2D(narrow, use_conv=True, out_channels=narrow, padding=1, name="op")]
            )
    model.mid_block = UNetMidBlock2D(
        in_channels=narrow,
        temb_channels=temb_channels,
        resnet_eps=config.norm_eps,
        resnet_act_fn=config.act_fn,
        resnet_groups=config.norm_num_groups,
        attention_head_dim=config.attention_head_dim,
        add_attention=config.add_attention,
    )
    model.up_blocks = nn.ModuleList(
        get_up_block(
            block_type,
            num_layers=1,
            in_channels=narrow,
            out_channels=width,
            prev_output_channel=before,
            temb_channels=temb_channels,
            add_upsample=level > 0,
            resnet_eps=config.norm_eps,
            resnet_act_fn=config.act_fn,
            resnet_groups=config.norm_num_groups,
            attention_head_dim=config.attention_head_dim,
        )
        for block_type, width, before, level in zip(
            config.up_block_types,
            reversed(widths),
            [narrow, *reversed(widths[1:])],
            range(len(widths) - 1, -1, -1),
            strict=True,
        )
    )
    return model


def output(model: UNet2DModel, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """What the network gives for x_t, t and class, [N, C, H, W]: noise or v, as it was trained."""
    return model(x, t, class_labels=labels, return_dict=False)[0]


def denoiser(model: UNet2DModel, prediction: str, alpha_bar: torch.Tensor) -> Denoiser:
    """The predicted noise eps_theta(x_t, t, class) (Ho et al. 2020, eq. 11), whatever the network predicts.

    prediction: epsilon or v; alpha_bar: [T].
    """
    if prediction == "epsilon":
        return partial(output, model)
    return lambda x, t, labels: noise_from_velocity(output(model, x, t, labels), x, alpha_bar.to(x.device)[t])

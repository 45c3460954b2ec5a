"""The denoisers: diffusers' UNet2DModel, and three architectures that it cannot build.

These are an encoder without residual blocks, a decoder that gets no skips, and a network that never gets t.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from pipeline.diffusion import architecture
from pipeline.diffusion.lean import Downsample2D, UNet2DModel, UNetMidBlock2D, get_up_block
from pipeline.diffusion.schedule import as_noise
from pipeline.errors import UserError, short
from pipeline.files import stage_of
from pipeline.params import UNet

Denoiser = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""A denoiser takes x_t [N, C, H, W], t [N] and labels [N], and gives the predicted noise, [N, C, H, W], or [N, 2C, H,
W] with the shares of a learned variance in the second half; `halves` separates the two."""

OURS = ("projections", "skips", "tells_time", "classes")  # the keys of a configuration that diffusers does not know


def build(
    unet: UNet, image_size: int, image_channels: int, classes: int, seed: int, drops_labels: bool = False
) -> UNet2DModel:
    """Build a denoiser with fresh weights, which are drawn from torch's global generator after it is seeded.

    `output` calls it: x [N, C, H, W] in about [-1, 1], t [N] in 0..T-1, labels [N]. drops_labels: whether a network
    that is told the class is also to learn what to do without it (`no_class`); its other weights are the same.
    """
    torch.manual_seed(seed)
    attended = architecture.attended(unet.attention, architecture.resolutions(len(unet.channels), image_size))
    model = _from_config(
        {
            "sample_size": image_size,
            "in_channels": image_channels,
            "out_channels": image_channels * (2 if unet.learned_variance else 1),
            "block_out_channels": tuple(unet.channels),
            "layers_per_block": unet.res_blocks,
            "down_block_types": tuple("AttnDownBlock2D" if a else "DownBlock2D" for a in attended),
            "up_block_types": tuple("AttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attended)),
            "add_attention": unet.middle_attention,
            "attention_head_dim": unet.head_channels,
            "norm_num_groups": unet.norm_groups,
            "num_class_embeds": classes if unet.class_embedding else None,
            "projections": unet.projections,
            "skips": unet.skips,
            "tells_time": unet.time_embedding,
            "classes": classes,
        }
    )
    if drops_labels and unet.class_embedding:
        told = model.class_embedding.weight.detach()
        model.class_embedding = nn.Embedding.from_pretrained(
            torch.cat([told, torch.zeros_like(told[:1])]), freeze=False
        )
        model.register_to_config(num_class_embeds=classes + 1)
    return model


def no_class(model: UNet2DModel) -> int | None:
    """Return the label that stands for no class, or None where the network has not learnt one.

    It is the last row of the class embedding, behind those of the classes, and begins with zeros (Ho and Salimans
    2022, algorithm 1, where it is the null token).
    """
    classes = model.config.get("classes")
    return classes if classes and (model.config.num_class_embeds or 0) > classes else None


def load(folder: Path) -> UNet2DModel:
    """Load a denoiser saved with `save_pretrained`, in evaluation mode; a missing or damaged one is a `UserError`."""
    try:
        config = dict(UNet2DModel.load_config(folder, local_files_only=True))
        for key in ("sample_size", "in_channels", "classes"):
            if not isinstance(config[key], int) or config[key] < 1:
                raise ValueError(f"its {key} is {short(config[key])}, not a whole number from 1")
        model = _from_config(config)
        model.load_state_dict(load_file(Path(folder) / "diffusion_pytorch_model.safetensors"))
    except Exception as error:  # diffusers raises a dozen kinds at a configuration that is none
        reason = " ".join(str(error).split())[:160].rstrip(".")
        stage = stage_of(folder)
        again = f"; the stage `{stage}`, which `uv run dvc repro` runs, makes it again" if stage else ""
        raise UserError(f"{folder} holds no whole set of weights ({reason}){again}.") from None
    check_finite(model, folder)
    return model.eval()


def check_finite(model: nn.Module, folder: Path) -> None:
    """Refuse a network with a weight that is not a finite number, by a `UserError`: every image would be noise."""
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise UserError(f"the network in {folder} has weights that are not finite numbers, such as in {name}.")


def _from_config(config: dict) -> UNet2DModel:
    own = {name: config.pop(name) for name in OURS}
    if config["layers_per_block"] > 0:
        model = UNet2DModel.from_config(config)
    else:
        model = UNet2DModel.from_config({**config, "layers_per_block": 1})
        model.register_to_config(layers_per_block=0)
        _empty_encoder(model, own["projections"])
    model.register_to_config(**own)
    if not own["skips"]:
        for block in model.up_blocks:
            block.register_forward_pre_hook(_zeros_for_skips)
    if not own["tells_time"]:
        model.time_proj.register_forward_pre_hook(_always_0)
    return model


def _zeros_for_skips(_block: nn.Module, inputs: tuple) -> tuple:
    x, skips, embedding = inputs
    return x, tuple(torch.zeros_like(skip) for skip in skips), embedding


def _always_0(_module: nn.Module, inputs: tuple) -> tuple:
    return (torch.zeros_like(inputs[0]),)


def _empty_encoder(model: UNet2DModel, projections: bool) -> None:
    """Take all residual blocks out of the encoder, so that it is downsamplings alone, and leave one in each level of
    the decoder.

    As in IDDPM's UNetModel such an encoder never gets wider, and the middle block has the width of the input
    convolution. With `projections` a 1x1 convolution after each downsampling brings it to the next level's width, so
    that only depth is taken away.
    """
    config = model.config
    widths = list(config.block_out_channels)
    temb_channels = widths[0] * 4
    kept = widths if projections else [widths[0]] * len(widths)
    for level, block in enumerate(model.down_blocks):
        block.resnets = nn.ModuleList()
        if hasattr(block, "attentions"):
            block.attentions = nn.ModuleList()
        if block.downsamplers is not None:
            halve = Downsample2D(kept[level], use_conv=True, out_channels=kept[level], padding=1, name="op")
            widen = [nn.Conv2d(kept[level], kept[level + 1], 1)] if projections else []
            block.downsamplers = nn.ModuleList([nn.Sequential(halve, *widen) if widen else halve])
    model.mid_block = UNetMidBlock2D(
        in_channels=kept[-1],
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
            in_channels=kept[level],
            out_channels=widths[level],
            prev_output_channel=before,
            temb_channels=temb_channels,
            add_upsample=level > 0,
            resnet_eps=config.norm_eps,
            resnet_act_fn=config.act_fn,
            resnet_groups=config.norm_num_groups,
            attention_head_dim=config.attention_head_dim,
        )
        for block_type, level, before in zip(
            config.up_block_types,
            range(len(widths) - 1, -1, -1),
            [kept[-1], *reversed(widths[1:])],
            strict=True,
        )
    )


def moved(model: nn.Module, device: torch.device) -> nn.Module:
    """Move a network of diffusers to a device, and return it. Its own `to` does the same, but first imports torch's
    compiler, for hooks that no network here has, which takes longer than torch itself."""
    return nn.Module.to(model, device)


def output(model: UNet2DModel, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the network's output for x_t, t and class, [N, C or 2C, H, W]: noise or v, as it was trained, and behind
    it the shares of a learned variance as -1..1."""
    classes = labels if model.config.num_class_embeds else None
    return model(x, t, class_labels=classes, return_dict=False)[0]


def halves(out: torch.Tensor, channels: int) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the prediction [N, C, H, W], and the shares [N, C, H, W] in about 0..1, or None where the variance is
    fixed.

    A share says where the logarithm of a step's variance lies between its two bounds (Nichol and Dhariwal 2021,
    eq. 15); the network gives it as -1..1.
    """
    if out.shape[1] == channels:
        return out, None
    predicted, raw = out.split(channels, dim=1)
    return predicted, (raw + 1) / 2


def denoiser(model: UNet2DModel, prediction: str, alpha_bar: torch.Tensor) -> Denoiser:
    """Return a function that predicts the noise eps_theta(x_t, t, class) (Ho et al. 2020, eq. 11), also where the
    network predicts v.

    prediction: epsilon or v; alpha_bar: [T].
    """

    def noise(x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return as_noise(output(model, x, t, labels), x, alpha_bar.to(x.device)[t], prediction)

    return noise

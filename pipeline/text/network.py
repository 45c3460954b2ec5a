"""The network that is told a sentence: the baseline's U-Net, in which every block with self-attention gets
cross-attention to the words too (Rombach et al. 2022, section 3.3), and the pipeline of diffusers that it is saved as.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.configuration_utils import FrozenDict
from diffusers.utils import logging as diffusers_logging
from torch import nn
from transformers import CLIPTextModel
from transformers.utils import logging as transformers_logging

from pipeline.diffusion import architecture, subject
from pipeline.diffusion.schedule import BETA_SCHEDULES
from pipeline.files import replacing
from pipeline.judges.clip import Clip
from pipeline.params import Diffusion, UNet

PREDICTIONS = {"epsilon": "epsilon", "v": "v_prediction"}  # as params.yaml and as diffusers name them


class Told(nn.Module):
    """A network that is called as a variant's is, but whose labels are numbers of sentences. unet: takes words; words:
    [P + 1, L, D], those of every sentence, the empty one last, which stands for no sentence."""

    words: torch.Tensor

    def __init__(self, unet: UNet2DConditionModel, words: torch.Tensor):
        super().__init__()
        self.unet = unet
        self.register_buffer("words", words, persistent=False)
        size = {"sample_size": unet.config.sample_size, "in_channels": unet.config.in_channels}
        self.config = FrozenDict({**size, "classes": len(words) - 1, "num_class_embeds": len(words)})

    @property
    def conv_in(self) -> nn.Module:
        """Return the first layer, which the optimizer sets apart."""
        return self.unet.conv_in

    @property
    def conv_out(self) -> nn.Module:
        """Return the last layer, which the optimizer sets apart."""
        return self.unet.conv_out

    def forward(
        self, x: torch.Tensor, t: torch.Tensor, class_labels: torch.Tensor, return_dict: bool = False
    ) -> tuple[torch.Tensor]:
        """Return the prediction, [N, C, H, W]; x: [N, C, H, W]; t: [N]; class_labels: [N], sentences in 0..P."""
        assert not return_dict, "a variant is never asked for more"
        out: tuple[torch.Tensor] = self.unet(x, t, encoder_hidden_states=self.words[class_labels], return_dict=False)
        return out


def build(unet: UNet, image_size: int, channels: int, width: int, seed: int) -> UNet2DConditionModel:
    """Build the network with fresh weights, drawn from torch's global generator after it is seeded.

    unet: the baseline's architecture; channels: of the images; width: of the words that it is told.
    """
    torch.manual_seed(seed)
    attended = architecture.attended(unet.attention, architecture.resolutions(len(unet.channels), image_size))
    heads = tuple(max(width // unet.head_channels, 1) for width in unet.channels)
    return UNet2DConditionModel(
        sample_size=image_size,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=tuple(unet.channels),
        layers_per_block=unet.res_blocks,
        down_block_types=tuple("CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attended),
        mid_block_type="UNetMidBlock2DCrossAttn" if unet.middle_attention else "UNetMidBlock2D",
        up_block_types=tuple("CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attended)),
        cross_attention_dim=width,
        attention_head_dim=heads,  # which diffusers takes for the number of heads here
        norm_num_groups=unet.norm_groups,
    )


def text_encoder(clip: Clip) -> Any:
    """Return a copy of the judge's text tower, in evaluation mode, whose weights stay as they are."""
    encoder = CLIPTextModel(clip.model.config.text_config)
    encoder.load_state_dict(clip.model.text_model.state_dict())
    return encoder.eval().requires_grad_(False)


def words(clip: Clip, sentences: list[str]) -> torch.Tensor:
    """Return what the text tower says of sentences, float32 [P + 1, L, D] on the CPU, the empty one last. A sentence
    that is longer than the tower takes, or has a word that it does not know, is a `UserError`."""
    clip.tokens(sentences)  # refuses what the tower cannot take
    found = subject.embedded(clip.processor.tokenizer, text_encoder(clip), [*sentences, ""], clip.name)
    return found.clone()  # what was made in inference mode cannot be trained with


def save(unet: UNet2DConditionModel, clip: Clip, diffusion: Diffusion, folder: Path) -> None:
    """Write the network, the text tower, its tokenizer and the noise process as a pipeline folder that diffusers loads,
    whole or not at all.

    It works on pixels and has no autoencoder, so diffusers loads it with `vae=None, feature_extractor=None,
    safety_checker=None`, and is to be asked for `output_type="latent"`, which then are images in about [-1, 1].
    """
    scheduler = DDIMScheduler(
        num_train_timesteps=diffusion.timesteps,
        beta_schedule=BETA_SCHEDULES[diffusion.schedule],
        prediction_type=PREDICTIONS[diffusion.prediction],
        timestep_spacing="trailing",
        clip_sample=False,  # as this kind of pipeline asks for
        steps_offset=1,
    )
    with _quiet():
        whole = StableDiffusionPipeline(
            vae=None,
            text_encoder=text_encoder(clip),
            tokenizer=clip.processor.tokenizer,
            unet=unet,
            scheduler=scheduler,
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
        with replacing(folder) as unfinished:
            whole.save_pretrained(unfinished, safe_serialization=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep both libraries from drawing bars, and from saying that there is no autoencoder."""
    before = diffusers_logging.get_verbosity()
    diffusers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        diffusers_logging.set_verbosity(before)
        transformers_logging.enable_progress_bar()

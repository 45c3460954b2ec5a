"""A denoiser under the microscope: a trained variant, or a diffusers pipeline around a U-Net.

What differs between them (what the network is told beside x_t and t, guidance, latents) ends here.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from safetensors import SafetensorError
from torch import nn

from pipeline.data.tensors import from_network
from pipeline.diffusion import unet
from pipeline.diffusion.schedule import alpha_bar, as_noise
from pipeline.errors import UserError
from pipeline.files import read_json
from pipeline.params import Diffusion
from pipeline.params import Subject as SubjectParams

UNet: TypeAlias = Any  # UNet2DModel or UNet2DConditionModel, which tell a type checker nothing
UNTOLD, TOLD = "UNet2DModel", "UNet2DConditionModel"  # diffusers' names of a U-Net told a class or nothing, or a text
SAFE = ["*.json", "*.safetensors", "*.txt", "*.model"]  # what is fetched of a repository: no code, no pickle
HUB = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)@(?P<revision>[0-9a-f]{40})")


@dataclass(frozen=True)
class Subject:
    """model: the U-Net, in evaluation mode; prediction: epsilon or v; alpha_bar: float64 [T]; conditions: how many
    classes or prompts there are, 1 where it is told nothing; words: the prompts' embeddings [P + 1, L, D], the empty
    prompt's last, or None; guidance: scale of classifier-free guidance (Ho and Salimans 2022), 1 for none; autoencoder:
    of latents, or None."""

    model: UNet
    prediction: str
    alpha_bar: torch.Tensor
    conditions: int
    words: torch.Tensor | None = None
    guidance: float = 1.0
    autoencoder: Any = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of x."""
        size = self.model.config.sample_size
        return self.model.config.in_channels, size, size

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of its images."""
        if self.autoencoder is None:
            return self.shape
        config = self.autoencoder.config
        size = self.shape[1] * 2 ** (len(config.block_out_channels) - 1)
        return config.out_channels, size, size

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.model.parameters()).device

    @property
    def passes(self) -> int:
        """How many rows of the network's batch an image takes: two with guidance."""
        return 2 if self.guidance != 1 else 1

    def labels(self, seeds: np.ndarray) -> np.ndarray:
        """Return what each seed's image is asked for, int64 [N]: the classes or prompts in turn."""
        return seeds % self.conditions

    def sha256(self) -> str:
        """Hash of the weights and of what the network is told."""
        tensors = [*self.model.state_dict().values(), *([] if self.words is None else [self.words])]
        settings: list[object] = [self.prediction, self.conditions, self.guidance]
        if self.autoencoder is not None:
            tensors += self.autoencoder.state_dict().values()
            settings += [self.autoencoder.config.scaling_factor, self.autoencoder.config.shift_factor]
        digest = hashlib.sha256(repr(settings).encode())
        for tensor in [*tensors, self.alpha_bar]:
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def to(self, device: torch.device) -> "Subject":
        """The same on another device."""
        words = None if self.words is None else self.words.to(device)
        for module in (self.model, self.autoencoder):
            if module is not None:
                module.to(device)
        return Subject(
            self.model, self.prediction, self.alpha_bar, self.conditions, words, self.guidance, self.autoencoder
        )

    def predict(self, network: nn.Module, x: torch.Tensor, t: int, labels: torch.Tensor) -> torch.Tensor:
        """The predicted noise, with a learned variance's shares behind it (`unet.halves`): [N, C or 2C, H, W].

        network: the model, or one reduced from it, called as the model is; x: [N, C, H, W]; labels: [N]. With guidance
        each image has two rows side by side in the network's batch, the second told the empty prompt.
        """
        times = torch.full((len(x) * self.passes,), t, device=x.device)
        rows = x.repeat_interleave(self.passes, dim=0)
        if self.words is None:
            out = unet.output(network, rows, times, labels)
        else:
            asked = self.words[labels]
            if self.passes == 2:
                empty = self.words[-1:].expand(len(x), -1, -1)
                asked = torch.stack([asked, empty], dim=1).flatten(0, 1)
            out = network(rows, times, encoder_hidden_states=asked, return_dict=False)[0]
        channels = x.shape[1]
        if self.passes == 2:
            told, untold = out[0::2], out[1::2]
            guided = untold[:, :channels] + self.guidance * (told[:, :channels] - untold[:, :channels])
            out = torch.cat([guided, told[:, channels:]], dim=1)
        return as_noise(out, x, self.alpha_bar.to(x.device)[times[: len(x)]], self.prediction)

    def once(self, network: nn.Module | None = None, count: int = 1) -> torch.Tensor:
        """The network, or one reduced from it, called on so many empty images, to see what it computes."""
        x = torch.zeros(count, *self.shape, device=self.device)
        with torch.inference_mode():
            return self.predict(network or self.model, x, 0, torch.zeros(count, dtype=torch.long, device=self.device))

    def images(self, x: torch.Tensor, batch_size: int = 100) -> np.ndarray:
        """uint8 [N, H, W, C] of x [N, C, H, W]: decoded where x is a latent; values outside [-1, 1] are clamped."""
        if self.autoencoder is None:
            return from_network(x)
        config = self.autoencoder.config
        with torch.inference_mode():
            latents = x / config.scaling_factor + (config.shift_factor or 0)
            pieces = [from_network(self.autoencoder.decode(piece).sample) for piece in latents.split(batch_size)]
        return np.concatenate(pieces)


def load(params: SubjectParams, diffusion: Diffusion) -> Subject:
    """The denoiser in the folder `params.model`: a variant's, or a diffusers pipeline's; else a `UserError`.

    diffusion: the noise process of variants; a pipeline brings its own in its scheduler's configuration.
    """
    folder = Path(params.model)
    if (folder / "model_index.json").is_file():
        return _pipeline(folder, params)
    if not (folder / "config.json").is_file():
        raise UserError(
            f"{params.model} is neither a variant's weights nor a diffusers pipeline (no config.json, no "
            "model_index.json); `dvc repro` trains variants, `anatomy fetch` brings a pipeline from the hub."
        )
    if not set(unet.OURS) <= set(read_json(folder / "config.json")):
        raise UserError(
            f"{folder} holds a network alone, without its noise process; give the pipeline's folder, the one with "
            "model_index.json in it."
        )
    _untold(folder, params)
    model = unet.load(folder)
    levels = alpha_bar(diffusion.schedule, diffusion.timesteps)
    return Subject(model, diffusion.prediction, levels, model.config.classes)


def _pipeline(folder: Path, params: SubjectParams) -> Subject:
    """A pipeline saved by diffusers: its U-Net, noise process, prompts' embeddings and autoencoder."""
    import diffusers  # whose autoencoders take a second to import, which the other subjects need not wait for

    index = read_json(folder / "model_index.json")
    kind = (index.get("unet") or [None, None])[1]
    if kind not in (UNTOLD, TOLD):
        raise UserError(
            f"{folder} has {kind or 'no U-Net'} as its denoiser; parts are known of {UNTOLD} and {TOLD} alone."
        )
    known = {"vae": "AutoencoderKL", "text_encoder": "CLIPTextModel", "vqvae": None, "text_encoder_2": None}
    for part, accepted in known.items():
        there = (index.get(part) or [None, None])[1]
        if there not in (None, accepted):
            raise UserError(f"{folder} has {there} as its {part}; {accepted or 'none'} is known there.")
    noise_process = _place(folder, "scheduler") / "scheduler_config.json"
    if not noise_process.is_file():
        raise UserError(f"the pipeline in {folder} cannot be read (it has no {noise_process.name}).")
    settings = read_json(noise_process)
    if "beta_schedule" not in settings or "Flow" in settings.get("_class_name", ""):
        raise UserError(f"{folder} has the noise process of {settings.get('_class_name')}, which has no betas.")
    model = _whole(getattr(diffusers, kind), _place(folder, "unet"))
    autoencoder = _whole(diffusers.AutoencoderKL, folder / "vae") if (index.get("vae") or [None])[0] else None
    try:
        scheduler = diffusers.DDPMScheduler.from_pretrained(noise_process.parent, local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:  # NotImplementedError, of unknown betas, is one of the last
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"the noise process in {folder} cannot be read ({reason}).") from None
    prediction = {"epsilon": "epsilon", "v_prediction": "v"}.get(scheduler.config.prediction_type)
    if prediction is None:
        raise UserError(
            f"{folder} predicts {scheduler.config.prediction_type}; epsilon and v_prediction are known here."
        )
    levels = scheduler.alphas_cumprod.double()
    if levels.min() <= 0:
        raise UserError(f"{folder} has a noise process that ends in noise alone, which predicts no clean image.")
    size, channels, made = (model.config[name] for name in ("sample_size", "in_channels", "out_channels"))
    if not isinstance(size, int) or made not in (channels, 2 * channels):
        raise UserError(
            f"the network in {folder} makes {made} channels of {channels} at size {size}; known are those that make as "
            "many, or twice as many, of square images."
        )
    if kind == UNTOLD:
        _untold(folder, params)
        classes = model.config.num_class_embeds or 1
        return Subject(model, prediction, levels, classes, None, 1.0, autoencoder)
    if not params.prompts:
        raise UserError(f"the network in {folder} is told a text: give it some in subjects: prompts.")
    words = _embeddings(folder, [*params.prompts, ""])
    return Subject(model, prediction, levels, len(params.prompts), words, params.guidance, autoencoder)


def is_told_text(folder: Path) -> bool:
    """Whether a folder holds a pipeline whose U-Net is told a text."""
    index = folder / "model_index.json"
    return index.is_file() and (read_json(index).get("unet") or [None, None])[1] == TOLD


def _place(folder: Path, part: str) -> Path:
    """Where a pipeline's part is: in a folder of its own, or, in early repositories, beside model_index.json."""
    return folder / part if (folder / part).is_dir() else folder


def _untold(folder: Path, params: SubjectParams) -> None:
    """Refuse prompts and guidance for a network that is told no text."""
    if params.prompts or params.guidance != 1:
        raise UserError(
            f"the network in {folder} is told no text: in subjects, its prompts must be [] and its guidance 1."
        )


def _whole(kind: Any, folder: Path) -> Any:
    """A saved network in evaluation mode and single precision; one that lacks a weight is not made up for."""
    diffusers = hasattr(kind, "load_config")
    how = {"torch_dtype": torch.float32, "low_cpu_mem_usage": False} if diffusers else {"dtype": torch.float32}
    try:
        model, loading = kind.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, output_loading_info=True, **how
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise UserError(f"the network in {folder} cannot be read ({' '.join(str(error).split())[:200]}).") from None
    if loading["missing_keys"]:
        raise UserError(f"the network in {folder} cannot be read (it lacks {sorted(loading['missing_keys'])[0]}).")
    return model.eval()


@torch.inference_mode()
def _embeddings(folder: Path, prompts: list[str]) -> torch.Tensor:
    """The last hidden states [P, L, D] that a CLIP text encoder gives for prompts."""
    from transformers import CLIPTextModel, CLIPTokenizer  # seconds, which the other subjects need not wait for

    try:
        tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"the text encoder in {folder} cannot be read (its tokenizer: {reason}).") from None
    if tokenizer.vocab_size < 2 or (
        not any((folder / "tokenizer").glob("*vocab*")) and not (folder / "tokenizer" / "tokenizer.json").is_file()
    ):
        raise UserError(f"the text encoder in {folder} cannot be read (its tokenizer has no vocabulary).")
    encoder = _whole(CLIPTextModel, folder / "text_encoder")
    length = min(tokenizer.model_max_length, encoder.config.max_position_embeddings)
    tokens = tokenizer(prompts, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
    return encoder(tokens.input_ids)[0]


def fetch(where: str, folder: Path) -> None:
    """Bring a pipeline OWNER/NAME@REVISION from the Hugging Face hub into a folder: its configuration and safetensors
    alone, of one commit."""
    match = HUB.fullmatch(where)
    if not match:
        raise UserError(
            f"{where} names no pinned model; it must be OWNER/NAME@REVISION, the revision a commit's 40 hexadecimal "
            "digits, as the hub's page of the model shows it under Files and versions."
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        snapshot_download(match["name"], revision=match["revision"], local_dir=folder, allow_patterns=SAFE)
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise UserError(f"{where} could not be fetched ({' '.join(str(error).split())[:200]}).") from None

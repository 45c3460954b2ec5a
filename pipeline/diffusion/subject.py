"""A subject, which is a denoiser under the microscope: a trained variant, or a diffusers pipeline around a U-Net.

This file hides how subjects differ: what the network gets beside x_t and t (a class, a text or nothing), guidance, and
latents.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import nn

from pipeline.data.tensors import from_network
from pipeline.diffusion import guidance, unet
from pipeline.diffusion.schedule import alpha_bar, as_noise
from pipeline.errors import UserError, short
from pipeline.files import read_object
from pipeline.params import Diffusion
from pipeline.params import Subject as SubjectParams

UNet: TypeAlias = Any  # UNet2DModel or UNet2DConditionModel, whose attributes have no types
PLAIN, OF_TEXTS = (
    "UNet2DModel",
    "UNet2DConditionModel",
)  # diffusers' U-Nets: one gets a class or nothing, one gets a text


@dataclass(frozen=True)
class Subject:
    """A denoiser and everything that sampling with it needs. model: the U-Net, in evaluation mode; prediction: epsilon
    or v; alpha_bar: float64 [T]; conditions: how many classes or prompts there are, 1 where it gets neither; words: the
    embeddings of the prompts, [P + 1, L, D], the empty prompt last, or None; guidance: the scale of classifier-free
    guidance (Ho and Salimans 2022), 1 for none, 0 for no condition; autoencoder: what decodes latents, or None. The
    label `conditions` stands for no class or the empty prompt."""

    model: UNet
    prediction: str
    alpha_bar: torch.Tensor
    conditions: int
    words: torch.Tensor | None = None
    guidance: float = 1.0
    autoencoder: Any = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return (C, H, W) of x."""
        size = self.model.config.sample_size
        return self.model.config.in_channels, size, size

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Return (C, H, W) of its images."""
        if self.autoencoder is None:
            return self.shape
        config = self.autoencoder.config
        size = self.shape[1] * 2 ** (len(config.block_out_channels) - 1)
        return config.out_channels, size, size

    @property
    def device(self) -> torch.device:
        """Return the device that the network is on."""
        return next(self.model.parameters()).device

    @property
    def passes(self) -> int:
        """Return how many rows of the network's batch an image takes: two with guidance, else one."""
        return guidance.passes(self.guidance)

    @property
    def told_class(self) -> bool:
        """Say whether the network is told the class that is asked for."""
        return self.words is None and bool(self.model.config.num_class_embeds) and self.guidance != 0

    def labels(self, seeds: np.ndarray) -> np.ndarray:
        """Return the class or prompt of each seed's image, int64 [N]; the seeds take them in turn."""
        return seeds % self.conditions

    def sha256(self) -> str:
        """Return a hash of the weights, the noise process, and all that conditions the network."""
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
        """Return the same subject on another device."""
        words = None if self.words is None else self.words.to(device)
        for module in (self.model, self.autoencoder):
            if module is not None:
                unet.moved(module, device)
        return Subject(
            self.model, self.prediction, self.alpha_bar, self.conditions, words, self.guidance, self.autoencoder
        )

    def predict(
        self, network: nn.Module, x: torch.Tensor, t: int, labels: torch.Tensor, scale: float | None = None
    ) -> torch.Tensor:
        """Return the predicted noise and the shares of a learned variance (`unet.halves`), [N, C or 2C, H, W].

        network: the model, or one reduced from it that is called in the same way; x: [N, C, H, W]; labels: [N]; scale:
        of guidance, not given: the subject's own. A scale of neither 0 nor 1 takes two rows of the batch for an image.
        """
        scale = self.guidance if scale is None else scale
        asked = guidance.told(labels, self.conditions, scale)
        rows = x.repeat_interleave(guidance.passes(scale), dim=0)
        times = torch.full((len(rows),), t, device=x.device)
        if self.words is None:
            out = unet.output(network, rows, times, asked)
        else:
            out = network(rows, times, encoder_hidden_states=self.words[asked], return_dict=False)[0]
        out = guidance.combined(out, x.shape[1], scale)
        return as_noise(out, x, self.alpha_bar.to(x.device)[times[: len(x)]], self.prediction)

    def once(self, network: nn.Module | None = None, count: int = 1, scale: float | None = None) -> torch.Tensor:
        """Call the network, or one reduced from it, on `count` images of zeros, to see what it computes."""
        x = torch.zeros(count, *self.shape, device=self.device)
        labels = torch.zeros(count, dtype=torch.long, device=self.device)
        with torch.inference_mode():
            return self.predict(network or self.model, x, 0, labels, scale)

    def images(self, x: torch.Tensor, batch_size: int = 100) -> np.ndarray:
        """Turn x [N, C, H, W] into images uint8 [N, H, W, C]: latents are decoded, and values beyond -1..1 clamped."""
        if self.autoencoder is None:
            return from_network(x)
        config = self.autoencoder.config
        with torch.inference_mode():
            latents = x / config.scaling_factor + (config.shift_factor or 0)
            pieces = [from_network(self.autoencoder.decode(piece).sample) for piece in latents.split(batch_size)]
        return np.concatenate(pieces)


def load(params: SubjectParams, diffusion: Diffusion) -> Subject:
    """Load the variant or the diffusers pipeline in the folder `params.model`; anything else is a `UserError`.

    diffusion: the noise process of variants; a pipeline has its own in the configuration of its scheduler.
    """
    folder = Path(params.model)
    if (folder / "model_index.json").is_file():
        return _pipeline(folder, params)
    if not (folder / "config.json").is_file():
        raise UserError(
            f"{params.model} is neither a variant's weights nor a diffusers pipeline (no config.json, no "
            "model_index.json); `uv run dvc repro` trains variants, and `uv run anatomy fetch` brings a pipeline from "
            "the hub."
        )
    if not set(unet.OURS) <= set(read_object(folder / "config.json")):
        raise UserError(
            f"{folder} holds a network alone, without its noise process; the folder of its whole pipeline, the one "
            "with model_index.json in it, is accepted."
        )
    model = unet.load(folder)
    _refuse_text(folder, params, unet.no_class(model) is not None)
    levels = alpha_bar(diffusion.schedule, diffusion.timesteps)
    return Subject(model, diffusion.prediction, levels, model.config.classes, guidance=params.guidance)


def _pipeline(folder: Path, params: SubjectParams) -> Subject:
    """Load a pipeline that diffusers saved: its U-Net, noise process, prompts' embeddings and autoencoder."""
    import diffusers  # its autoencoders take a second to import, and other subjects do not need them

    index = folder / "model_index.json"
    kind = _kind(index, "unet")
    if kind not in (PLAIN, OF_TEXTS):
        raise UserError(
            f"{folder} has {kind or 'no U-Net'} as its denoiser, but only {PLAIN} and {OF_TEXTS} are accepted."
        )
    known = {"vae": "AutoencoderKL", "text_encoder": "CLIPTextModel", "vqvae": None, "text_encoder_2": None}
    for part, accepted in known.items():
        there = _kind(index, part)
        if there not in (None, accepted):
            raise UserError(f"{folder} has {there} as its {part}, but only {accepted or 'none'} is accepted there.")
    noise_process = _place(folder, "scheduler") / "scheduler_config.json"
    if not noise_process.is_file():
        raise UserError(f"the pipeline in {folder} cannot be read (it has no {noise_process.name}).")
    settings = read_object(noise_process)
    if "beta_schedule" not in settings or "Flow" in str(settings.get("_class_name")):
        raise UserError(
            f"{folder} has the noise process of {settings.get('_class_name')}, which has no betas; one with a "
            "beta_schedule is accepted."
        )
    model = _whole(getattr(diffusers, kind), _place(folder, "unet"))
    autoencoder = _whole(diffusers.AutoencoderKL, folder / "vae") if _kind(index, "vae") else None
    with _reading(f"the noise process in {folder}"):
        scheduler = diffusers.DDPMScheduler.from_pretrained(noise_process.parent, local_files_only=True)
    prediction = {"epsilon": "epsilon", "v_prediction": "v"}.get(scheduler.config.prediction_type)
    if prediction is None:
        raise UserError(
            f"{folder} predicts {scheduler.config.prediction_type}, but only epsilon and v_prediction are accepted."
        )
    levels = scheduler.alphas_cumprod.double()
    if not len(levels) or not torch.isfinite(levels).all() or levels.max() > 1:
        raise UserError(f"{folder} has a noise process whose alpha-bar is not between 0 and 1.")
    if levels.min() <= 0:
        raise UserError(
            f"{folder} has a noise process that ends in noise alone, from which no clean image can be predicted; "
            "alpha-bar must stay above 0."
        )
    size, channels, made = (model.config[name] for name in ("sample_size", "in_channels", "out_channels"))
    if not isinstance(size, int) or made not in (channels, 2 * channels):
        raise UserError(
            f"the network in {folder} makes {made} channels of {channels} at size {size}; a network for square images "
            "that makes as many channels as it takes, or twice as many, is accepted."
        )
    if kind == PLAIN:
        _refuse_text(folder, params, False)
        classes = model.config.num_class_embeds or 1
        return Subject(model, prediction, levels, classes, None, 1.0, autoencoder)
    if not params.prompts:
        raise UserError(
            f"the network in {folder} takes a text, but its prompts under subjects in params.yaml are []; at least one "
            "is needed."
        )
    words = _embeddings(folder, [*params.prompts, ""])
    return Subject(model, prediction, levels, len(params.prompts), words, params.guidance, autoencoder)


def is_told_text(folder: Path) -> bool:
    """Say whether a folder holds a pipeline whose U-Net takes a text."""
    index = folder / "model_index.json"
    return index.is_file() and _kind(index, "unet") == OF_TEXTS


def _kind(index: Path, part: str) -> str | None:
    """Return the class that model_index.json names for a component, or None where there is none."""
    entry = read_object(index).get(part) or [None, None]
    if not isinstance(entry, list) or len(entry) != 2 or not all(isinstance(each, str | None) for each in entry):
        raise UserError(f"{index} has {short(entry)} as its {part}, but a library and a class are expected there.")
    return entry[1]


@contextmanager
def _reading(what: str) -> Iterator[None]:
    """Turn whatever diffusers and transformers raise at files that are none of theirs, which is a dozen kinds of error,
    into a `UserError` that names what they read."""
    try:
        yield
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(f"{what} cannot be read ({reason}).") from None


def _place(folder: Path, part: str) -> Path:
    """Return a component's place: a folder of its own, or, in early repositories, the one of model_index.json."""
    return folder / part if (folder / part).is_dir() else folder


def _refuse_text(folder: Path, params: SubjectParams, can_be_guided: bool) -> None:
    """Refuse prompts for a network that takes no text, and guidance for one that has not learnt to draw without its
    class."""
    if params.prompts:
        raise UserError(
            f"the network in {folder} takes no text, so its prompts under subjects in params.yaml must be []."
        )
    if params.guidance != 1 and not can_be_guided:
        raise UserError(
            f"the network in {folder} takes no text and never had its class withheld in training "
            "(train.label_dropout), so it cannot be guided: its guidance must be 1."
        )


def _whole(kind: Any, folder: Path) -> Any:
    """Load a saved network in evaluation mode and single precision; a missing weight is a `UserError`."""
    diffusers = hasattr(kind, "load_config")
    how = {"torch_dtype": torch.float32, "low_cpu_mem_usage": False} if diffusers else {"dtype": torch.float32}
    with _reading(f"the network in {folder}"):
        model, loading = kind.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, output_loading_info=True, **how
        )
    if loading["missing_keys"]:
        raise UserError(f"the network in {folder} cannot be read (it lacks {sorted(loading['missing_keys'])[0]}).")
    unet.check_finite(model, folder)
    return model.eval()


def _embeddings(folder: Path, prompts: list[str]) -> torch.Tensor:
    """Return what the text encoder of the pipeline in a folder gives for prompts, as `embedded` does."""
    from transformers import CLIPTextModel  # takes seconds to import, and other subjects do not need it

    words = tokenizer(folder)
    return embedded(words, _whole(CLIPTextModel, folder / "text_encoder"), prompts, str(folder))


@torch.inference_mode()
def embedded(tokenizer: Any, encoder: Any, prompts: list[str], of: str) -> torch.Tensor:
    """Return the last hidden states [P, L, D] that a CLIP text encoder gives for prompts, each filled up to the L
    tokens that it takes, as diffusers' pipelines do. A prompt with more tokens, which those would cut off, or with a
    word that the tokenizer does not know, is a `UserError`.

    tokenizer, encoder: of transformers; of: where they are from, as an error says it.
    """
    length = min(tokenizer.model_max_length, encoder.config.max_position_embeddings)
    unknown = {tokenizer.unk_token_id} - {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}
    tokens = []
    for prompt in prompts:
        ids = tokenizer(prompt, padding="max_length", max_length=length).input_ids
        if len(ids) > length:
            raise UserError(
                f"the prompt {short(prompt)} has {len(ids)} tokens, but the text encoder in {of} takes {length}."
            )
        if unknown & set(ids):
            raise UserError(f"the prompt {short(prompt)} has a word that the tokenizer in {of} does not know.")
        tokens.append(ids)
    return encoder(torch.tensor(tokens, device=encoder.device))[0]


def tokenizer(folder: Path) -> Any:
    """Return the tokenizer of the pipeline in a folder, of whatever kind its own files say; one that cannot be read, or
    has no vocabulary, is a `UserError`."""
    from transformers import AutoTokenizer

    own = folder / "tokenizer"
    with _reading(f"the tokenizer of the text encoder in {folder}"):
        found: Any = AutoTokenizer.from_pretrained(own, local_files_only=True)
    if found.vocab_size < 2 or (not any(own.glob("*vocab*")) and not (own / "tokenizer.json").is_file()):
        raise UserError(f"the text encoder in {folder} cannot be read (its tokenizer has no vocabulary).")
    return found

"""CLIP as a judge: a network that puts images and sentences into one space, where an image lies near what describes it
(Radford et al. 2021).

The judge is a folder with a `transformers.CLIPModel` in safetensors and its processor beside it, whether it was trained
here (`contrastive`) or comes from elsewhere, and the code that judges is the same.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipeline.errors import UserError, short
from pipeline.files import read_object, replacing

STAGE = "clip"
KIND = "clip"  # model_type in the configuration of a CLIP with both towers


@dataclass(frozen=True)
class Clip:
    """A CLIP, in evaluation mode. model: a `transformers.CLIPModel`; processor: its `CLIPProcessor`, a tokenizer and an
    image processor; name: what sentences about errors call it."""

    model: Any
    processor: Any
    name: str

    @property
    def device(self) -> torch.device:
        """Return the device that the network is on."""
        device: torch.device = self.model.device
        return device

    @property
    def scale(self) -> float:
        """Return what the cosines are multiplied by before a softmax, which training has found."""
        return float(self.model.logit_scale.detach().exp())

    @cached_property
    def identity(self) -> str:
        """Return a name that differs where weights differ."""
        digest = hashlib.sha256()
        for tensor in self.model.state_dict().values():
            digest.update(tensor.cpu().contiguous().numpy().tobytes())
        return f"clip-{digest.hexdigest()[:12]}"

    def tokens(self, sentences: Sequence[str]) -> dict[str, torch.Tensor]:
        """Return what the text tower takes, int64 [M, L] each. A sentence that is longer than the tokenizer takes, or
        has a word that it does not know, is a `UserError`."""
        tokenizer = self.processor.tokenizer
        most = min(self.model.config.text_config.max_position_embeddings, tokenizer.model_max_length)
        special = {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}
        unknown = {tokenizer.unk_token_id} - special
        found = tokenizer(list(sentences), padding=True, return_tensors="pt")
        lengths = found["attention_mask"].sum(dim=1).tolist()
        for sentence, length, ids in zip(sentences, lengths, found["input_ids"].tolist(), strict=True):
            if length > most:
                raise UserError(
                    f"the sentence {short(sentence)} has {length} tokens, but {self.name} takes at most {most}."
                )
            if unknown & set(ids):
                raise UserError(
                    f"the sentence {short(sentence)} has a word that {self.name} has never been told; one that was "
                    "trained here knows the words of the captions and of the sentences in the section clip."
                )
        return {key: found[key] for key in ("input_ids", "attention_mask")}

    def pixels(self, images: np.ndarray) -> torch.Tensor:
        """Return what the image tower takes, float32 [N, 3, S, S], of images, uint8 [N, H, W, C]. A size that the
        processor does not bring to the model's, and a C other than 1 and 3, is a `UserError`."""
        channels = images.shape[-1]
        if channels not in (1, 3):
            raise UserError(f"{self.name} takes grey images and images in three colours, but these have {channels}.")
        x = torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).expand(-1, 3, -1, -1).contiguous()
        found: torch.Tensor = self.processor.image_processor(x, return_tensors="pt")["pixel_values"]
        size = self.model.config.vision_config.image_size
        if found.shape[2:] != (size, size):
            raise UserError(
                f"the processor of {self.name} turns images of {images.shape[1]}x{images.shape[2]} pixels into "
                f"{found.shape[2]}x{found.shape[3]}, but its model takes {size}x{size}."
            )
        return found

    def image_features(self, images: np.ndarray, batch_size: int = 100) -> np.ndarray:
        """Return the features of images, uint8 [N, H, W, C], as vectors of length 1, float64 [N, F]."""
        pieces = []
        with torch.inference_mode():
            for piece in np.array_split(images, -(-len(images) // batch_size)):
                pieces.append(self.embedded(self.pixels(piece)).double().cpu().numpy())
        return np.concatenate(pieces)

    def text_features(self, sentences: Sequence[str]) -> np.ndarray:
        """Return the features of sentences as vectors of length 1, float64 [M, F]."""
        with torch.inference_mode():
            return np.asarray(self.described(self.tokens(sentences)).double().cpu().numpy())

    def similarities(self, images: np.ndarray, sentences: Sequence[str]) -> np.ndarray:
        """Return the cosine of every image, uint8 [N, H, W, C], with every sentence, float64 [N, M]."""
        return self.image_features(images) @ self.text_features(sentences).T

    def embedded(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the features of what `pixels` gives, as vectors of length 1, float32 [N, F]."""
        return _unit(self.model.get_image_features(pixel_values=pixels.to(self.device)).pooler_output)

    def described(self, tokens: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return the features of what `tokens` gives, as vectors of length 1, float32 [M, F]."""
        there = {key: each.to(self.device) for key, each in tokens.items()}
        return _unit(self.model.get_text_features(**there).pooler_output)

    def save(self, folder: Path) -> None:
        """Write the folder whole or not at all."""
        with replacing(folder) as unfinished, _quiet():
            self.model.save_pretrained(unfinished)
            self.processor.save_pretrained(unfinished)


def load(folder: Path, device: torch.device, name: str = "") -> Clip:
    """Load the CLIP in a folder, in evaluation mode and single precision; anything else is a `UserError`. Only
    safetensors are read, and no code.

    name: what sentences about errors call it; not given: the folder.
    """
    name = name or f"the CLIP in {folder}"
    check_kind(folder)
    from transformers import CLIPModel, CLIPProcessor  # takes seconds to import

    kind: Any = CLIPModel  # by its types it gives the model alone
    with _reading(name), _quiet():
        model, loading = kind.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
        processor = CLIPProcessor.from_pretrained(folder, local_files_only=True)
    if loading["missing_keys"]:
        raise UserError(f"{name} cannot be read (its weights lack {sorted(loading['missing_keys'])[0]}).")
    if processor.tokenizer.vocab_size < 2 or len(processor.tokenizer) > model.config.text_config.vocab_size:
        raise UserError(
            f"{name} cannot be read (its tokenizer knows {len(processor.tokenizer)} tokens, and its model "
            f"{model.config.text_config.vocab_size})."
        )
    return Clip(model.eval().requires_grad_(False).to(device), processor, name)


def check_kind(folder: Path) -> None:
    """Refuse a folder that holds no CLIP, or one without its text tower, by a `UserError`."""
    config = Path(folder) / "config.json"
    if not config.is_file():
        raise UserError(f"{folder} holds no CLIP (no config.json); a folder that CLIPModel.save_pretrained wrote does.")
    settings = read_object(config, STAGE)
    kind = settings.get("model_type")
    if kind == "clip_vision_model" or (kind == KIND and not isinstance(settings.get("text_config"), dict)):
        raise UserError(f"{folder} holds a CLIP without its text tower, which sentences cannot be given to.")
    if kind != KIND:
        raise UserError(f"{folder} holds a model of the type {short(kind)}, but a CLIP ({KIND}) is accepted.")


def _unit(features: torch.Tensor) -> torch.Tensor:
    return features / features.norm(dim=-1, keepdim=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from drawing bars of its own, which say nothing of a model that is read in a second."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Turn whatever transformers raises at files that are none of its own, a dozen kinds of error, into a
    `UserError`."""
    try:
        yield
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(f"{name} cannot be read ({reason}).") from None

"""CLIP's score as a term of a denoiser's loss: how near the predicted clean image is to its sentence."""

from dataclasses import dataclass

import torch
from torch.nn.functional import interpolate

from pipeline.judges.clip import Clip


@dataclass(frozen=True)
class Taste:
    """A CLIP that scores images in training. sentences: the features of each, of length 1, float32 [P, F]; weight: of
    the term; since: images seen in training from which on it has a say."""

    clip: Clip
    sentences: torch.Tensor
    weight: float
    since: int

    def cosines(self, x0: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the cosine of each image with its sentence, float32 [N]; x0: [N, C, H, W] in about [-1, 1]; labels:
        int [N] in 0..P-1."""
        return (self.clip.embedded(pixels(self.clip, x0)) * self.sentences[labels]).sum(dim=1)

    def term(self, x0: torch.Tensor, alpha_bar_t: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the term of the loss, a scalar: the mean over the batch of alpha-bar times 1 - cosine, times the
        weight, so that an image which is nearly noise hardly counts. An image without a sentence, whose label is P,
        does not count."""
        told = labels < len(self.sentences)
        cosines = self.cosines(x0.clamp(-1, 1), labels.clamp(max=len(self.sentences) - 1))
        return self.weight * (alpha_bar_t * (1 - cosines) * told).mean()


def taste(clip: Clip, sentences: list[str], weight: float, since: int) -> Taste:
    """Return how a CLIP scores images for these sentences; the arguments are as in `Taste`."""
    with torch.no_grad():
        features = clip.described(clip.tokens(sentences))
    return Taste(clip, features.clone(), weight, since)


def pixels(clip: Clip, x0: torch.Tensor) -> torch.Tensor:
    """Return what the image tower takes, [N, 3, S, S], as `Clip.pixels` does for finished images, but with a gradient
    and without rounding; x0: [N, C, H, W] in [-1, 1]."""
    processor, size = clip.processor.image_processor, clip.model.config.vision_config.image_size
    x = (x0.expand(-1, 3, -1, -1) + 1) / 2
    if x.shape[2:] != (size, size):
        x = interpolate(x, (size, size), mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)
    mean, std = (
        torch.tensor(each, device=x.device)[:, None, None] for each in (processor.image_mean, processor.image_std)
    )
    return (x - mean) / std

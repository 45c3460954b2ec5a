"""The training of a denoiser that is told sentences: that of a variant, with CLIP's score in the loss where it is asked
for."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from pipeline.data.images import ImageSet
from pipeline.data.prepared import Dataset
from pipeline.data.tensors import resident
from pipeline.diffusion.schedule import alpha_bar, as_noise
from pipeline.diffusion.training import Training
from pipeline.diffusion.unet import output
from pipeline.diffusion.validation import validation_set
from pipeline.errors import UserError
from pipeline.judges.clip import Clip
from pipeline.params import BASELINE, Params
from pipeline.text import network
from pipeline.text.combinations import CAPTION, HELD_OUT
from pipeline.text.network import Told
from pipeline.text.prompted import CLIP_LOSS
from pipeline.text.taste import Taste, taste

LEAST = 0.1  # share that must stay of the images of which CLIP was to have a say


class TextTraining(Training):
    """One run, from fresh weights to averaged ones, whose labels are numbers of sentences. taste: CLIP's say in the
    loss; None where it has none."""

    taste: Taste | None = None

    def added(
        self, predicted: torch.Tensor, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor
    ) -> torch.Tensor | float:
        """Return CLIP's term of a batch, from `Taste.since` images seen on."""
        if self.taste is None or self.images_seen < self.taste.since:
            return 0.0
        a = self.alpha_bar[t]
        noise, level = as_noise(predicted, x, a, self.prediction), a[:, None, None, None]
        return self.taste.term((x - (1 - level).sqrt() * noise) / level.sqrt(), a, labels)

    def finished(self) -> Any:
        """Return the averaged weights, a `Told` in evaluation mode."""
        model = self.averaged.module.eval()
        assert isinstance(model, Told)
        return model


def multiply_adds(model: Told, taste: Taste | None) -> tuple[int, int]:
    """Return what one image takes in training, forward and backward, of the network and of CLIP's term."""
    size, channels = model.config.sample_size, model.config.in_channels
    device = model.words.device
    x = torch.zeros(1, channels, size, size, device=device)
    zero = torch.zeros(1, dtype=torch.long, device=device)
    with FlopCounterMode(display=False) as of_network:
        output(model, x, zero, zero).sum().backward()
    model.zero_grad(set_to_none=True)
    if taste is None:
        return of_network.get_total_flops() // 2, 0
    with FlopCounterMode(display=False) as of_clip:
        taste.cosines(x.requires_grad_(), zero).sum().backward()
    return of_network.get_total_flops() // 2, of_clip.get_total_flops() // 2


def images_at_equal_cost(images: int, batch_size: int, costs: tuple[int, int], since: int) -> int:
    """Return how many images a training with CLIP's term sees for the multiply-adds of one without it that sees
    `images`, a multiple of the batch size where it can be; costs: as `multiply_adds` gives them; since: images seen
    from which on the term is there."""
    plain, more = costs
    if not more or since >= images:
        return images
    seen = since + (images - since) * plain / (plain + more)
    return max(int(seen // batch_size) * batch_size, batch_size)


def shown(dataset: Dataset, split: str, table: pd.DataFrame) -> tuple[ImageSet, np.ndarray]:
    """Return the images of a split whose combination of words is not held out, labelled by the rows of their
    combinations in the table, and their classes, int64 [N]."""
    images = dataset.split(split)
    place = {caption: row for row, caption in enumerate(table[CAPTION])}
    rows = np.array([place[caption] for caption in dataset.captions(split)["caption"]])
    kept = np.flatnonzero(~table[HELD_OUT].to_numpy()[rows])
    return ImageSet(images.images[kept], rows[kept], images.ids[kept]), np.array(images.labels[kept])


def fresh(
    values: Params, dataset: Dataset, table: pd.DataFrame, clip: Clip, name: str, replica: int
) -> tuple[TextTraining, dict[str, Any]]:
    """Return a training that has not begun, on the device of the CLIP, and what it costs (`Prompted.costs`, without
    the seconds).

    table: the combinations of words; name: TEXT or CLIP_LOSS; replica: the training seed.
    """
    chosen, sentences, device = values.text, table[CAPTION].tolist(), clip.device
    words = network.words(clip, sentences)
    architecture = values.architecture(BASELINE)
    unet = network.build(architecture, dataset.image_size, dataset.image_channels, words.shape[2], replica)
    model = Told(unet, words).to(device)
    judge = taste(clip, sentences, chosen.clip_weight, chosen.clip_from) if name == CLIP_LOSS else None
    costs = multiply_adds(model, judge)
    images = images_at_equal_cost(chosen.images, values.train.batch_size, costs, chosen.clip_from)
    if judge and images - judge.since < LEAST * (chosen.images - judge.since):
        raise UserError(
            f"CLIP costs so much that {name} would see {images} images for the multiply-adds of {chosen.images} "
            f"without it, and CLIP would have next to no say, from {judge.since} on; a smaller CLIP, a lower "
            "text.clip_from or more text.images gives it more."
        )
    warmup = values.train.warmup * images // values.train.images  # the same share of the training
    params = values.train.model_copy(update={"images": images, "warmup": warmup, "snapshots": []})
    levels = alpha_bar(values.diffusion.schedule, values.diffusion.timesteps)
    held_out, _ = shown(dataset, "validation", table)
    validation = validation_set(*resident(held_out, device), params.validation_draws, len(levels))
    real, _ = shown(dataset, "train", table)
    run = TextTraining(
        model, *resident(real, device), validation, levels, values.diffusion.prediction, params, replica, name
    )
    run.taste = judge
    return run, {
        "images": images,
        "clip_from": judge.since if judge else None,
        "multiply_adds": costs[0],
        "clip_multiply_adds": costs[1],
        "parameters": sum(weight.numel() for weight in unet.parameters()),
        "text_parameters": sum(weight.numel() for weight in network.text_encoder(clip).parameters()),
    }

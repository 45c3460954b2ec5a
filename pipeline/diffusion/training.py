"""The training of a denoiser with the mean squared error of the noise or of v, and averaged weights (Ho et al. 2020,
algorithm 1).

Where the network learns the variance too, the variational bound is added, which gives IDDPM's hybrid loss (Nichol and
Dhariwal 2021, eq. 16).

Everything random in update u comes from a generator seeded by (seed, u), so a resumed run needs no generator state.
"""

import functools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.optim.swa_utils import AveragedModel

from pipeline import compute
from pipeline.data.tensors import scaled
from pipeline.diffusion.noise import mix
from pipeline.diffusion.optimizer import Optimizer
from pipeline.diffusion.schedule import add_noise, as_noise, snr_db, velocity
from pipeline.diffusion.unet import denoiser, halves, no_class, output
from pipeline.diffusion.validation import Predicted, ValidationSet, predict
from pipeline.diffusion.variational import bound
from pipeline.errors import UserError
from pipeline.params import Train

Tensors = tuple[torch.Tensor, ...] | list[torch.Tensor]


@dataclass(frozen=True)
class Row:
    """A row of the loss curve. train_loss: the squared error of what the network predicts (noise or v), mean over the
    batches since the row before, each with the weights of its time; validation_loss: the squared error of the noise
    that follows from the prediction, of the averaged weights, on fixed images, timesteps and noise."""

    images_seen: int
    train_loss: float
    validation_loss: float


class Training:
    """One run, from fresh weights to averaged ones. Iterating over it trains, and yields a `Row` every `log_every`
    images and at each snapshot.

    model: a UNet2DModel, or a network that is called and configured as one; images: uint8 [N, C, H, W] on its device;
    labels: [N]; alpha_bar: [T]; prediction: epsilon or v; seed: what batches, timesteps and noise are drawn from.
    With `precision: bfloat16` the network computes under autocast; weights, loss and averages stay float32.
    losses: the squared error of every update so far, without the variational bound; snapshots: images seen -> the
    averaged weights at that point, on the CPU.
    A loss that is not a number, or that is above `max_loss`, is a `UserError` that names the variant and the update.
    `updated` is called with the number of images of every update, for a progress bar.
    """

    updated: Callable[[int], object] = staticmethod(lambda images: None)

    def __init__(
        self,
        model: Any,
        images: torch.Tensor,
        labels: torch.Tensor,
        validation: ValidationSet,
        alpha_bar: torch.Tensor,
        prediction: str,
        params: Train,
        seed: int,
        variant: str,
    ):
        self.memory_format = torch.channels_last if params.channels_last else torch.contiguous_format
        model = model.to(memory_format=self.memory_format)
        self.model, self.images, self.labels, self.validation = model, images, labels, validation
        self.levels, self.alpha_bar = alpha_bar, alpha_bar.to(images.device, torch.float32)
        self.prediction, self.params, self.seed, self.variant = prediction, params, seed, variant
        if params.compile != "none":  # `compute.device` does not import the compiler, which must hear of this too
            torch.use_deterministic_algorithms(torch.are_deterministic_algorithms_enabled())
        self.network = model if params.compile == "none" else torch.compile(model, mode=params.compile)
        self.updates_total = math.ceil(params.images / params.batch_size)
        per_row = max(params.log_every // params.batch_size, 1)
        self.marks = {math.ceil(images_seen / params.batch_size) for images_seen in params.snapshots}
        self.stops = sorted({*range(per_row, self.updates_total, per_row), *self.marks, self.updates_total})
        self.averaged = AveragedModel(model, multi_avg_fn=self._average)
        self.optimizer = Optimizer(model, params)
        self.updates, self.seconds, self.peak_bytes = 0, 0.0, 0
        self.rows: list[Row] = []
        self.losses: list[float] = []
        self.snapshots: dict[int, dict[str, torch.Tensor]] = {}

    def __iter__(self) -> Iterator[Row]:
        if not self.rows:
            self.rows.append(self._row(float("nan")))
            yield self.rows[0]
        for stop in [stop for stop in self.stops if stop > self.updates]:
            start, first = time.perf_counter(), self.updates
            losses = torch.stack([self.update() for _ in range(first, stop)])
            self._check(losses.tolist(), first)
            self.losses += losses.tolist()
            self.seconds += time.perf_counter() - start
            self.peak_bytes = max(self.peak_bytes, compute.peak_bytes(self.images.device))
            if stop in self.marks:
                weights = self.averaged.module.state_dict()
                self.snapshots[self.images_seen] = {name: tensor.cpu().clone() for name, tensor in weights.items()}
            self.rows.append(self._row(float(losses.double().mean())))
            yield self.rows[-1]

    @property
    def images_seen(self) -> int:
        """Return how many images the updates so far have seen."""
        return self.updates * self.params.batch_size

    def _average(self, averaged: Tensors, current: Tensors, _count: torch.Tensor | int) -> None:
        average(averaged, current, self.updates, self.params.ema)

    def _row(self, train_loss: float) -> Row:
        return Row(self.images_seen, train_loss, float(self.predicted().losses.mean()))

    def predicted(self) -> Predicted:
        """Return what the averaged weights as they are now predict on the validation set."""
        return predict(denoiser(self.finished(), self.prediction, self.alpha_bar), self.validation, self.alpha_bar)

    def update(self) -> torch.Tensor:
        """Do one update, and return its loss: the squared error of what is predicted, a scalar on the device."""
        self.model.train()
        device = self.images.device
        generator = torch.Generator(device).manual_seed(mix(self.seed, self.updates))
        index = epoch_indices(self.updates, self.params.batch_size, len(self.images), self.seed, device)
        x0, labels = scaled(self.images[index]), self.labels[index]
        t = self.timesteps(len(index), generator)
        eps = torch.randn(x0.shape, generator=generator, device=device)
        labels = self.dropped(labels, generator)
        x = add_noise(x0, eps, self.alpha_bar[t]).to(memory_format=self.memory_format)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.params.precision == "bfloat16"):
            out = output(self.network, x, t, labels)
        predicted, share = halves(out.float(), x0.shape[1])
        target = velocity(x0, eps, self.alpha_bar[t]) if self.prediction == "v" else eps
        loss = objective = self.squared_error(predicted, target, t)
        if share is not None:
            fixed = predicted.detach()
            noise = as_noise(fixed, x, self.alpha_bar[t], self.prediction)
            total = len(self.alpha_bar) * bound(x0, x, t, noise, share, self.alpha_bar).mean()
            objective = loss + self.params.vlb_weight * total
        objective = objective + self.added(predicted, x, t, labels)
        objective.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.params.clip_norm)
        self.optimizer.step(self.params.lr * lr_factor(self.updates, self.updates_total, self.params))
        self.averaged.update_parameters(self.model)
        self.updates += 1
        self.updated(len(index))
        return loss.detach()

    def added(
        self, predicted: torch.Tensor, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor
    ) -> torch.Tensor | float:
        """Return what is added to the loss of a batch: nothing, unless a training of another kind says more.

        predicted: noise or v, as the network predicts it, with its gradient, [N, C, H, W]; x: [N, C, H, W]; t, labels:
        [N], where dropped labels stand for no class.
        """
        return 0.0

    def dropped(self, labels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Return the labels [N] of a batch, where each stands for no class with the probability `label_dropout` (Ho and
        Salimans 2022, algorithm 1); a network that is not told the class, or is always told it, gets them as they are.

        They are drawn after all else, so that timesteps and noise are the same with and without.
        """
        nothing = no_class(self.model)
        if nothing is None:
            return labels
        drop = torch.rand(len(labels), generator=generator, device=labels.device) < self.params.label_dropout
        return labels.masked_fill(drop, nothing)

    def timesteps(self, count: int, generator: torch.Generator) -> torch.Tensor:
        """Draw the timesteps of a batch, int [count].

        `alone`: each is uniform over 0..T-1. `even`: there is one in each of `count` equal parts, all at the same place
        in their part, so that the loss of a batch varies less (Kingma et al. 2021, appendix I.1). `middle`: so too, but
        the parts are equal shares of a logit-normal over 0..T, where middle timesteps are more frequent (Esser et al.
        2024, eq. 19).
        """
        total, device = len(self.alpha_bar), generator.device
        if self.params.timesteps == "alone":
            return torch.randint(total, (count,), generator=generator, device=device)
        place = torch.rand(1, generator=generator, device=device, dtype=torch.float64)
        share = (torch.arange(count, device=device) + place) / count
        if self.params.timesteps == "middle":
            share = torch.sigmoid(torch.special.ndtri(share))
        return (share * total).long().clamp(max=total - 1)

    def squared_error(self, predicted: torch.Tensor, target: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return the squared error of what is predicted, mean over pixels and images; predicted, target: [N, C, H, W];
        t: [N]."""
        return (predicted - target).square().mean()

    def _check(self, losses: list[float], first: int) -> None:
        for i, loss in enumerate(losses):
            if not math.isfinite(loss) or loss > self.params.max_loss:
                what = f"rose to {loss:.3g}" if math.isfinite(loss) else f"became {loss}"
                raise UserError(
                    f"the loss of variant {self.variant} {what} at update {first + i + 1} "
                    f"({(first + i + 1) * self.params.batch_size} images seen; "
                    f"train.max_loss is {self.params.max_loss:g}); "
                    "a lower train.lr or a longer train.warmup usually helps."
                )

    def finished(self) -> Any:
        """Return the averaged weights as a denoiser of the kind that is trained, in evaluation mode."""
        return self.averaged.module.eval()

    def curve(self) -> pd.DataFrame:
        """Return the loss curve so far, a row per `Row`."""
        return pd.DataFrame(self.rows)

    def updates_table(self) -> pd.DataFrame:
        """Return the loss of every update so far, beside the number of images seen after it."""
        seen_after = self.params.batch_size * np.arange(1, len(self.losses) + 1)
        return pd.DataFrame({"images_seen": seen_after, "loss": self.losses})

    def validation_table(self, ids: np.ndarray) -> pd.DataFrame:
        """Return what the averaged weights predict on the validation set, a row per draw and held-out image: the loss,
        and the mean over pixels of the noise and of the predicted noise, with the timestep t and its signal-to-noise
        ratio in dB; ids: int [N], the ids of the held-out images."""
        found, t = self.predicted(), self.validation.t.cpu().reshape(-1)
        draw, image = np.indices(found.losses.shape).reshape(2, -1)
        columns = {"draw": draw, "id": ids[image], "label": self.validation.labels.cpu().numpy()[image]}
        columns |= {"t": t.numpy(), "snr_db": snr_db(self.levels)[t].numpy(), "loss": found.losses.reshape(-1)}
        columns |= {"noise_mean": found.noise_means.reshape(-1), "predicted_mean": found.predicted_means.reshape(-1)}
        return pd.DataFrame(columns)

    def state(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """Return all that a resumed run needs: tensors, and values that JSON can hold."""
        tensors = {f"model.{n}": tensor for n, tensor in self.model.state_dict().items()}
        tensors |= {f"averaged.{n}": tensor.clone() for n, tensor in self.averaged.state_dict().items()}
        tensors |= {f"optimizer.{n}": tensor for n, tensor in self.optimizer.state().items()}
        for images_seen, weights in self.snapshots.items():
            tensors |= {f"snapshot.{images_seen}.{n}": tensor for n, tensor in weights.items()}
        tensors["losses"] = torch.tensor(self.losses, dtype=torch.float64)
        counted = {"updates": self.updates, "seconds": self.seconds, "peak_bytes": self.peak_bytes}
        return tensors, counted | {"rows": [asdict(row) for row in self.rows]}

    def restore(self, tensors: dict[str, torch.Tensor], state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        for prefix, module in (("model.", self.model), ("averaged.", self.averaged)):
            module.load_state_dict({n.removeprefix(prefix): v for n, v in tensors.items() if n.startswith(prefix)})
        means = {n.removeprefix("optimizer."): v for n, v in tensors.items() if n.startswith("optimizer.")}
        self.optimizer.restore(means)
        self.snapshots = {}
        for name, tensor in tensors.items():
            if name.startswith("snapshot."):
                _, images_seen, weight = name.split(".", 2)
                self.snapshots.setdefault(int(images_seen), {})[weight] = tensor.cpu()
        self.losses = tensors["losses"].tolist()
        self.updates, self.seconds, self.peak_bytes = (state[name] for name in ("updates", "seconds", "peak_bytes"))
        self.rows = [Row(**row) for row in state["rows"]]


def average(averaged: Tensors, current: Tensors, update: int, ema: float) -> None:
    """Average the weights exponentially, in place. The decay rises to `ema` as (1 + u) / (10 + u), as in diffusers'
    EMAModel, so that the first snapshots hold what was learnt and not the fresh weights."""
    torch._foreach_lerp_(averaged, current, 1 - min(ema, (1 + update) / (10 + update)))


def lr_factor(update: int, total: int, params: Train) -> float:
    """Return the share of the peak learning rate at an update: it rises linearly over `warmup` images, then falls to 0
    as half a cosine."""
    warmup = params.warmup / params.batch_size
    if update < warmup:
        return (update + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (update - warmup) / max(total - warmup, 1)))


def epoch_indices(update: int, batch_size: int, count: int, seed: int, device: torch.device) -> torch.Tensor:
    """Return the image indices of an update, int [batch_size]. Updates take consecutive pieces of an endless row of
    permutations, one per epoch."""
    first, last = update * batch_size, (update + 1) * batch_size - 1
    epochs = range(first // count, last // count + 1)
    orders = torch.cat([_epoch_order(epoch, count, seed, device) for epoch in epochs])
    return orders[first - epochs[0] * count : last + 1 - epochs[0] * count]


@functools.lru_cache(maxsize=4)
def _epoch_order(epoch: int, count: int, seed: int, device: torch.device) -> torch.Tensor:
    """Return the permutation of one epoch, which is drawn once."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(mix(seed, 2**41 + epoch))).to(device)

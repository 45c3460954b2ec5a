"""The feature maps of a subject: what each of its layers gives at some steps of the sampling loop.

A layer's maps are kept, measured and pictured at the moment when they are computed. So beside the network there are
never more than the maps of one layer of one batch in memory.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.optimize import linear_sum_assignment

from pipeline.anatomy import representations
from pipeline.anatomy.followed import CLEAN
from pipeline.anatomy.layered import view
from pipeline.anatomy.layers import layers
from pipeline.anatomy.mapped import MEASURES
from pipeline.anatomy.parts import watching
from pipeline.anatomy.shades import shades
from pipeline.anatomy.sweep import Loop
from pipeline.anatomy.trajectories import reduced
from pipeline.diffusion.sampling import batches
from pipeline.judges import number
from pipeline.judges.number import Number
from pipeline.tables import Write


@dataclass(frozen=True)
class Look:
    """A look is a step of the loop at which all layers are looked at. share: of T, as it was asked for; k: the step; t:
    its timestep."""

    share: float
    k: int
    t: int

    @property
    def name(self) -> str:
        """The name of the time, such as t025."""
        return view(self.share)


def looks(shares: list[float], timesteps: list[int], total: int) -> list[Look]:
    """Return the steps to look at, the cleanest first: for each share of T a step of its own, so that the squares of
    their distances in timesteps add up to the least. With many steps that is the nearest one.

    timesteps: of the loop, descending, at least as many as shares; total: T.
    """
    wanted = sorted(shares)
    targets = np.array([max(round(share * total) - 1, 0) for share in wanted])
    _, places = linear_sum_assignment((targets[:, None] - np.array(timesteps)) ** 2.0)
    return [Look(share, len(timesteps) - int(at), timesteps[at]) for share, at in zip(wanted, places, strict=True)]


@dataclass
class Album:
    """An album is what stays of the maps. channels: those that every layer's pictures have, where it has them; columns:
    how many channels its pictures have, at most; images: a row per time, layer and seed, with MEASURES; spans: (time,
    layer) -> the lowest and the highest value of each channel over pixels and images, [2, C], and the pixels per side;
    pictures: (layer, time) -> the maps of each of the first seeds, uint8 [channels, h, w]; clean: time -> the clean
    image of each of the first seeds as it is predicted there, uint8 [H, W, C]."""

    channels: list[int]
    columns: int
    images: list[dict[str, Any]] = field(default_factory=list)
    spans: dict[tuple[str, str], tuple[np.ndarray, int]] = field(default_factory=dict)
    pictures: dict[tuple[str, str], list[np.ndarray]] = field(default_factory=dict)
    clean: dict[str, list[np.ndarray]] = field(default_factory=dict)

    def add(self, time: str, layer: str, maps: np.ndarray, seeds: Iterable[int], keep: list[Write]) -> None:
        """Keep, measure and picture what a layer gives for some images; maps: float32 [N, C, h, w]; keep: for each of
        the first images, what keeps its maps."""
        for seed, own in zip(seeds, maps, strict=True):
            measured = {name: getattr(representations, name)(own[None]) for name in MEASURES}
            self.images.append({"time": time, "layer": layer, "seed": seed, **measured})
        for write, own in zip(keep, maps, strict=False):
            write(layer, own)
            some = own[pictured(self.channels, len(own), self.columns)]
            grey = np.stack([shades(each) for each in some])
            self.pictures.setdefault((layer, time), []).append(reduced(grey[..., None])[..., 0])
        low, high = maps.min(axis=(0, 2, 3)), maps.max(axis=(0, 2, 3))
        before, _ = self.spans.get((time, layer), (np.stack([low, high]), 0))
        self.spans[time, layer] = np.stack([np.minimum(before[0], low), np.maximum(before[1], high)]), maps.shape[-1]

    def show(self, time: str, images: np.ndarray) -> None:
        """Take the clean images that are predicted of the first seeds; images: uint8 [N, H, W, C]."""
        self.clean.setdefault(time, []).extend(reduced(images))

    def arrays(self, times: list[str]) -> dict[str, np.ndarray]:
        """Return all pictures: for each layer uint8 [times, seeds, channels, h, w] by its name, and the numbers of
        these channels, int [channels], by its name and `.channels`; and `x0`, uint8 [times, seeds, H, W, C]."""
        out = {CLEAN: np.stack([np.stack(self.clean[time]) for time in times])}
        for layer in dict.fromkeys(layer for layer, _ in self.pictures):
            out[layer] = np.stack([np.stack(self.pictures[layer, time]) for time in times])
            width = self.spans[times[0], layer][0].shape[1]
            out[f"{layer}.channels"] = np.array(pictured(self.channels, width, self.columns))
        return out


def pictured(channels: list[int], width: int, columns: int) -> list[int]:
    """Return which channels of a layer of so many are pictured: those that were chosen, where it has them, and evenly
    spaced others beside them, `columns` in all at most."""
    chosen = [channel for channel in channels if channel < width]
    others = np.setdiff1d(np.arange(width), chosen)
    count = min(max(columns - len(chosen), 0), len(others))
    places = np.linspace(0, len(others) - 1, count).round().astype(int)
    return sorted({*chosen, *others[places].tolist()})


def look(
    loop: Loop,
    seeds: np.ndarray,
    labels: np.ndarray,
    wanted: list[Look],
    shown: int,
    album: Album,
    keeping: Callable[[str, int], AbstractContextManager[Write]],
) -> None:
    """Follow images through the untouched loop, `loop.batch_size` at a time, and put into the album what every layer
    gives at the steps that are wanted. With guidance it is what a layer gives for the prompt.

    seeds, labels: int [S]; shown: of how many seeds the maps are kept and pictured; keeping: (time, seed) -> what
    keeps the maps of one look at one image.
    """
    model, times = loop.subject.model, {each.k: each.name for each in wanted}
    units, walked = layers(model), loop.untouched[: loop.steps - min(times) + 1]
    for start, (batch_seeds, batch_labels, kept) in enumerate(batches(seeds, labels, loop.batch_size)):
        mine = batch_seeds[:kept].tolist()
        first = mine[: max(shown - start * loop.batch_size, 0)]
        moments = loop.walk(walked, batch_seeds, batch_labels)
        for action in walked:
            time = times.get(action.k)
            with ExitStack() as stack:
                if time:
                    keep = [stack.enter_context(keeping(time, seed)) for seed in first]
                    stack.enter_context(watching(model, units, _seeing(album, time, mine, keep, loop.subject.passes)))
                moment = next(moments)
            if time and first:
                album.show(time, loop.subject.images(moment.x0[: len(first)], batch_size=1))


def _seeing(
    album: Album, time: str, seeds: list[int], keep: list[Write], passes: int
) -> Callable[[str, torch.Tensor], None]:
    """Return what takes a layer's output to the album: of its rows only those of the seeds, and with guidance only the
    first of an image's two, the one with its prompt."""

    def see(layer: str, output: torch.Tensor) -> None:
        album.add(time, layer, output[::passes][: len(seeds)].float().cpu().numpy(), seeds, keep)

    return see


def table(album: Album, wanted: list[Look], draws: np.ndarray) -> pd.DataFrame:
    """Return a row per time and layer: time, share (of T), k, t, layer, place (its order), resolution (pixels per
    side), channels, idle (the share of channels that do not vary over pixels and images), n (images), and MEASURES with
    intervals; draws: int [B, S], resamples of the images."""
    each = pd.DataFrame(album.images)
    rows = []
    for one in wanted:
        of_time = each[each["time"] == one.name]
        for place, (layer, images) in enumerate(of_time.groupby("layer", sort=False)):
            span, resolution = album.spans[one.name, str(layer)]
            row: dict[str, Any] = {"time": one.name, "share": one.share, "k": one.k, "t": one.t, "layer": layer}
            row |= {"place": place, "resolution": resolution, "channels": span.shape[1]}
            row["idle"] = float((span[1] - span[0] <= np.sqrt(representations.FLAT)).mean())
            for name, kind in MEASURES.items():
                values = images[name].to_numpy()
                row |= number.columns(name, number.resampled(values.mean(), len(values), _means(values, draws), kind))
            rows.append({**row, "n": len(images)})
    return pd.DataFrame(rows)


def findings(images: pd.DataFrame, draws: np.ndarray) -> dict[str, Number]:
    """Return the means over all layers, `TIME.mean.MEASURE`, and by how much they change from the noisiest time to the
    cleanest, paired by seed: `change.MEASURE`, and the same over the encoder's and the decoder's layers alone,
    `change.MEASURE.encoder` and `change.MEASURE.decoder`; images: a row per time, layer and seed."""
    out: dict[str, Number] = {}
    times = sorted(set(images["time"]))
    halves = {"": "", ".encoder": "skip", ".decoder": "block"}  # what their layers' names begin with
    for name, kind in MEASURES.items():
        for half, begins in halves.items():
            mine = images[images["layer"].str.startswith(begins)]
            means = mine.pivot_table(name, "seed", "time", aggfunc="mean")
            for time in times if not half else []:
                values = means[time].to_numpy()
                out[f"{time}.mean.{name}"] = number.resampled(values.mean(), len(values), _means(values, draws), kind)
            if len(times) > 1:
                rise = (means[times[0]] - means[times[-1]]).to_numpy()
                out[f"change.{name}{half}"] = number.resampled(rise.mean(), len(rise), _means(rise, draws))
    return out


def _means(values: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Return the mean of every resample, [B]."""
    return np.asarray(values[draws].mean(axis=1))

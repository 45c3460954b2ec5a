"""This file turns what happened to images on their way from noise into tables and numbers with intervals.

The share of the process is how many of the steps are done: 0 is pure noise, and 1 the finished image.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from pipeline.anatomy.effects import Trajectories
from pipeline.anatomy.followed import CLEAN, NOISY
from pipeline.anatomy.source import SOURCE_END, SOURCE_STEPS
from pipeline.anatomy.sweep import Loop
from pipeline.anatomy.trajectories import Course, continuations, reduced, siblings
from pipeline.diffusion.schedule import alpha_bar, snr_db
from pipeline.judges import bootstrap, number, recognition, similarity
from pipeline.judges.number import Number

SEEN = f"{NOISY}-calibrated"  # what claims go by: the noisy image, as in the sources, the judge's favourites taken off
SIMPLE, HARD = ("1", "7"), ("5", "8")  # digits that the source finds early and late
REACHED = 0.9  # the share of its final energy at which a band counts as there
HALF = 0.5  # the likeness of siblings at which half of an image counts as decided


@dataclass(frozen=True)
class Branching:
    """What continuations of images from some steps gave, the first and noisiest step first. starts: the steps [P];
    ssim: [P, S], among the continuations of an image; kept: [P, S], the share of an image's continuations that the
    judge takes for the class of the image itself, or None; pictures: uint8 [P, count, H, W, C], the continuations of
    the first seed, large ones reduced."""

    starts: list[int]
    ssim: np.ndarray
    kept: np.ndarray | None
    pictures: np.ndarray


def branch(
    loop: Loop,
    course: Course,
    seeds: np.ndarray,
    labels: np.ndarray,
    count: int,
    judge: Callable[[np.ndarray], np.ndarray] | None,
) -> Branching:
    """Continue the images of a course from each step that it has kept, `count` times each.

    loop: the course's loop, with DDPM as its sampler; seeds, labels: int [S], those that the course has kept; judge: as
    in `follow`.
    """
    ssim, kept, pictures = [], [], []
    own = judge(course.final[: len(seeds)]).argmax(axis=1) if judge else None
    for k, x in course.starts.items():
        images = continuations(loop, k, x, seeds, labels, count)
        ssim.append(siblings(images))
        pictures.append(reduced(images[:, 0]))
        if judge and own is not None:
            kept.append(np.mean([judge(each).argmax(axis=1) == own for each in images], axis=0))
    return Branching(list(course.starts), np.stack(ssim), np.stack(kept) if kept else None, np.stack(pictures))


def asked_for(
    course: Course, labels: np.ndarray, told: bool, judge: Callable[[np.ndarray], np.ndarray] | None
) -> np.ndarray:
    """Return the class that each image is to be recognised as, int64 [S]: the one that was asked for, or that of the
    finished image where the network was not told any; labels: int [S]; told: whether it was told them."""
    return labels if told or judge is None else judge(course.final).argmax(axis=1)


def recognised(course: Course, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Return the share of the process after which each image is recognised for good, [S], by what was shown to the
    judge: x_k, or the predicted clean image; and both by a judge whose favourites are taken off (`-calibrated`).

    labels: int [S], the classes that were asked for, or those of the finished images where none were.
    """
    out = {}
    for kind, said in (course.seen or {}).items():
        out[kind] = recognition.settled(said.argmax(axis=2) == labels)
        out[f"{kind}-calibrated"] = recognition.settled(recognition.calibrated(said, labels) == labels)
    return out


def reached(course: Course) -> np.ndarray:
    """Return the share of the process after which each band of each predicted clean image has `REACHED` its final
    energy for good, [S, B]."""
    there = course.energy >= REACHED * course.energy_at_end
    return np.stack([recognition.settled(there[:, :, band]) for band in range(there.shape[2])], axis=1)


def steps(course: Course, labels: np.ndarray, snr: dict[int, float], draws: np.ndarray) -> pd.DataFrame:
    """Return a row per step: k, snr_db, done (the share of the process), psnr (of x_k) and ssim (of the predicted clean
    image) to the final image, the mean with its interval and its spread; and where a judge can say, for both kinds of
    image the share that is recognised (`right`, with interval), the same with the judge's favourites taken off
    (`calibrated`), and the share of images that it gives to its favourite class (`favourite`)."""
    rows = []
    count = len(course.psnr)
    for i, (k, level) in enumerate(snr.items()):
        row: dict[str, Any] = {"k": k, "snr_db": level, "done": i / count}
        for name, values in (("psnr", course.psnr[i]), ("ssim", course.ssim[i])):
            kind: number.Kind = "psnr" if name == "psnr" else "correlation"
            mean = number.resampled(values.mean(), len(values), values[draws].mean(axis=1), kind)
            row |= {**number.columns(name, mean), f"{name}_spread": values.std(ddof=1)}
        for kind_of, said in (course.seen or {}).items():
            named = said[i].argmax(axis=1)
            row |= number.columns(f"{kind_of}-right", number.share(named == labels))
            fairly = recognition.calibrated(said[i : i + 1], labels)[0]
            row |= number.columns(f"{kind_of}-calibrated", number.share(fairly == labels))
            row[f"{kind_of}-favourite"] = np.bincount(named).max() / len(named)
        rows.append({**row, "n": len(labels)})
    return pd.DataFrame(rows)


def when_recognised(course: Course, seeds: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """Return a row per seed: seed, label, and what `recognised` says of it."""
    return pd.DataFrame({"seed": seeds, "label": labels, **recognised(course, labels)})


def images(course: Course, seeds: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """Return a row per seed as `when_recognised` has it, with `band_1` (the coarsest) and so on, what `reached`
    says."""
    bands = {f"band_{i + 1}": shares for i, shares in enumerate(reached(course).T)}
    return when_recognised(course, seeds, labels).assign(**bands)


def branches(
    found: Branching, unrelated: np.ndarray, snr: dict[int, float], total: int, draws: np.ndarray
) -> pd.DataFrame:
    """Return a row per step from which images were continued: k, snr_db, done, ssim and likeness among siblings, and
    where a judge can say kept, each the mean with its interval; n counts images.

    unrelated: [N], of the untouched images (`similarity.unrelated`); total: the steps of the loop; draws: int [B, S].
    """
    rows = []
    for i, k in enumerate(found.starts):
        values = {"ssim": found.ssim[i], "likeness": similarity.calibrated(found.ssim[i], unrelated)}
        kinds: dict[str, number.Kind] = {"ssim": "correlation", "likeness": "likeness", "kept": "share"}
        if found.kept is not None:
            values["kept"] = found.kept[i]
        row: dict[str, Any] = {"k": k, "snr_db": snr[k], "done": (total - k) / total}
        for name, each in values.items():
            row |= number.columns(name, number.resampled(each.mean(), len(each), each[draws].mean(axis=1), kinds[name]))
        rows.append({**row, "n": len(found.ssim[i])})
    return pd.DataFrame(rows)


def decided(found: Branching, unrelated: np.ndarray, total: int, draws: np.ndarray) -> Number:
    """Return the share of the process after which half of an image is decided: where the mean likeness of siblings
    rises above `HALF` for good, read off between the steps that were tried. It is 1 where it never does."""
    likeness = similarity.calibrated(found.ssim, unrelated)
    done = np.array([(total - k) / total for k in found.starts])
    means = np.concatenate([likeness.mean(axis=1)[None], likeness[:, draws].mean(axis=2).T])
    places = np.array([_crossing(done, mean) for mean in means])
    return number.resampled(places[0], likeness.shape[1], places[1:], "share")


def _crossing(done: np.ndarray, likeness: np.ndarray) -> float:
    """Return where a curve rises above `HALF` for the last time, between its points; both [P]."""
    below = np.flatnonzero(likeness < HALF)
    if not len(below):
        return float(done[0])
    last = below[-1]
    if last == len(done) - 1:
        return 1.0
    rise = (HALF - likeness[last]) / (likeness[last + 1] - likeness[last])
    return float(done[last] + rise * (done[last + 1] - done[last]))


def schedules(own: torch.Tensor) -> pd.DataFrame:
    """Return a row per schedule (cosine, linear, and the subject's own) and timestep: schedule, t, share (of T), beta,
    and snr_db; own: alpha-bar, [T]."""
    pieces = []
    for name, levels in (
        ("cosine", alpha_bar("cosine", len(own))),
        ("linear", alpha_bar("linear", len(own))),
        ("own", own.double().cpu()),
    ):
        before = torch.cat([levels.new_ones(1), levels[:-1]])
        t = np.arange(len(own))
        columns = {"t": t, "share": t / max(len(own) - 1, 1), "beta": (1 - levels / before).numpy()}
        pieces.append(pd.DataFrame({"schedule": name, **columns, "snr_db": snr_db(levels).numpy()}))
    return pd.concat(pieces, ignore_index=True)


def findings(table: pd.DataFrame, draws: np.ndarray) -> dict[str, Number]:
    """Return the numbers of all seeds: `recognised.KIND` and `recognised.KIND.LABEL`, and `bands.N`; table: as `images`
    gives it; draws: int [B, S], resamples of its rows."""
    out: dict[str, Number] = {}
    for kind in (name for name in table.columns if name.startswith((NOISY, CLEAN))):
        shares = table[kind].to_numpy()
        out[f"recognised.{kind}"] = _mean(shares, draws)
        for label in sorted(table["label"].unique()):
            mine = shares[table["label"] == label]
            if len(mine) > 1:
                out[f"recognised.{kind}.{label}"] = _mean(mine, bootstrap.draws(np.zeros(len(mine)), len(draws), 0))
    bands = [name for name in table.columns if name.startswith("band_")]
    return out | {f"bands.{i + 1}": _mean(table[band].to_numpy(), draws) for i, band in enumerate(bands)}


def effects(course: Course, table: pd.DataFrame, names: list[str], draws: np.ndarray) -> dict[Trajectories, Number]:
    """Return what the images say of the sources' sentences, signed so that a positive effect speaks for them.

    table: as `images` gives it; names: of the classes, by label; draws: int [B, S], resamples of the table's rows. An
    effect that needs a judge, or classes that are not there, is missing.
    """
    out: dict[Trajectories, Number] = {}
    if SEEN in table:
        shares = table[SEEN].to_numpy()
        means = np.concatenate([[shares.mean()], shares[draws].mean(axis=1)])
        for effect, low in ((Trajectories.RECOGNISED_BY_60_TO_70, 0.6), (Trajectories.RECOGNISED_BY_50_TO_70, 0.5)):
            bounds = {f"{low:.0%}": means - low, "70%": 0.7 - means}
            gaps = {bound: number.resampled(gap[0], len(shares), gap[1:]) for bound, gap in bounds.items()}
            out[effect] = number.least(gaps)
        label = {name: i for i, name in enumerate(names)}
        if {*SIMPLE, *HARD} <= set(label):
            of = [[label[name] for name in group] for group in (HARD, SIMPLE)]
            seen = table["label"].to_numpy()
            hard, simple = ([np.flatnonzero(seen == one) for one in group] for group in of)
            if all(len(mine) for mine in (*hard, *simple)):
                apart = _class_means(shares, draws, hard) - _class_means(shares, draws, simple)
                out[Trajectories.SIMPLE_FIRST] = number.resampled(apart[0], len(shares), apart[1:])
    bands = [name for name in table.columns if name.startswith("band_")]
    if len(bands) > 1:
        gap = (table[bands[-1]] - table[bands[0]]).to_numpy()
        out[Trajectories.COARSE_FIRST] = number.resampled(gap.mean(), len(gap), gap[draws].mean(axis=1))
    rises = np.diff(course.psnr, axis=0)
    late = max(round(len(course.psnr) * SOURCE_END / SOURCE_STEPS), 1)
    if len(rises) > late:
        sharper = rises[-late:].mean(axis=0) - rises[:-late].mean(axis=0)
        out[Trajectories.NOISE_LEAVES_LATE] = number.resampled(
            sharper.mean(), len(sharper), sharper[draws].mean(axis=1)
        )
    return out


def _class_means(shares: np.ndarray, draws: np.ndarray, groups: list[np.ndarray]) -> np.ndarray:
    """Return the mean over classes of their mean shares, [1 + B]: that of all images first, then of each resample. A
    resample has an image of the same class in every place. shares: [S]; draws: int [B, S]; groups: the places of each
    class."""
    whole = np.mean([shares[mine].mean() for mine in groups])
    again = np.mean([shares[draws[:, mine]].mean(axis=1) for mine in groups], axis=0)
    return np.concatenate([[whole], again])


def _mean(shares: np.ndarray, draws: np.ndarray) -> Number:
    return number.resampled(shares.mean(), len(shares), shares[draws].mean(axis=1), "share")

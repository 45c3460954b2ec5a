"""Growth: what the variants draw from the same seeds, step by step, and how this changes over the baseline's
training."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.anatomy import grown
from pipeline.anatomy.grown import Grown, Network
from pipeline.judges import number
from pipeline.judges.evaluated import END
from pipeline.judges.number import Kind, Number, over_replicas, resampled, scaled
from pipeline.params import BASELINE
from pipeline.reporting.chapters.growth import figures
from pipeline.reporting.chapters.growth.claims import CLAIMS as CLAIMS
from pipeline.reporting.chapters.growth.claims import EARLIER, TRAINED
from pipeline.reporting.page import Finding, Picture, Pictures, fill, fold
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary
from pipeline.reporting.table import Cell, Column, Table, text, trainings, words

NAME, TITLE = "growth", "What the variants draw, step by step and over training"
SHARES = {"recognised": "x0-calibrated", "recognised_noisy": "x_k-calibrated"}  # number -> column of `Grown.images`


@dataclass(frozen=True)
class Found:
    """What the stages left, and what `growth` left of every network."""

    study: Study
    grown: dict[Network, Grown]

    @property
    def first(self) -> dict[str, Grown]:
        """Variant -> its end with the first training seed, whose seeds all variants share."""
        return {v: self.grown[Network(v, self.study.params.replicas[0], END)] for v in self.study.variants}

    @cached_property
    def over_training(self) -> dict[int, list[Grown]]:
        """Images seen -> the baseline then, with every training seed that it was followed of."""
        marks = self.study.baseline.marks
        replicas = [net.replica for net in self.grown if (net.variant, net.mark) == (BASELINE, END)]
        return {
            seen: [self.grown[Network(BASELINE, replica, mark)] for replica in sorted(replicas)]
            for mark, seen in marks.items()
        }

    @property
    def seeds(self) -> int:
        """How many images were followed of a network."""
        return len(self.first[BASELINE].images)


def read(study: Study) -> Found | None:
    """What `growth` left of every network; None where it left nothing."""
    folder = study.outputs / NAME
    return Found(study, grown.load(folder)) if grown.there(folder) else None


def numbers(found: Found) -> Summary:
    """When every variant's images are recognised, beside the baseline's; the same of the baseline over training, over
    its training seeds; when its images are decided; and the effects that decide claims."""
    out: Summary = {}
    first = found.first
    draws = found.study.draws(first[BASELINE].images["label"].to_numpy())
    for variant, each in first.items():
        of = f"{NAME}.{variant}.{END}"
        out |= {f"{of}.{name}": share for name, share in _shares(each.images, draws).items()}
        gap = (each.images[SHARES["recognised"]] - first[BASELINE].images[SHARES["recognised"]]).to_numpy()
        out[f"{of}.recognised_gap"] = resampled(gap.mean(), len(gap), gap[draws].mean(axis=1))
    for seen, networks in found.over_training.items():
        single = [_shares(each.images, draws) for each in networks]
        for name in single[0]:
            out[f"{NAME}.training.{seen}.{name}"] = over_replicas([shares[name] for shares in single])
        branched = networks[0].branched
        if branched:
            out[f"{NAME}.training.{seen}.half_decided"] = branched.half
            for row in branched.branches.to_dict("records"):
                out |= {f"{NAME}.training.{seen}.branches.{row['k']}.{name}": n for name, n in _of_row(row)}
    if len(found.over_training) > 1:
        out |= {f"{NAME}.effects.{name}": effect for name, effect in _effects(found, draws).items()}
    return out


def _shares(images: pd.DataFrame, draws: np.ndarray) -> Summary:
    """What the images of one network say: the shares of the process after which they are recognised, and the share of
    them that is recognised in the end (`right`)."""
    out: Summary = {}
    for name, column in SHARES.items():
        shares = images[column].to_numpy()
        out[name] = resampled(shares.mean(), len(shares), shares[draws].mean(axis=1), "share")
    return out | {"right": number.share(_right(images))}


def _right(images: pd.DataFrame) -> np.ndarray:
    """Which images are recognised in the end, bool [S]: those that are not have the whole process as their share."""
    return images[SHARES["recognised"]].to_numpy() < 1


def _of_row(row: dict) -> list[tuple[str, Number]]:
    """The numbers in a row of `Branched.branches`."""
    kinds: dict[str, Kind] = {"likeness": "likeness", "kept": "share"}
    return [
        (name, {"value": row[name], "n": row["n"], "ci95": [row[f"{name}_low"], row[f"{name}_high"]], "kind": kind})
        for name, kind in kinds.items()
        if name in row
    ]


def _effects(found: Found, draws: np.ndarray) -> Summary:
    """What the baseline's first snapshot and its end say of the claims, paired by seed, over its training seeds."""
    before, after = (found.over_training[seen] for seen in (min(found.over_training), max(found.over_training)))
    column = SHARES["recognised"]
    earlier = [(a.images[column] - b.images[column]).to_numpy() for a, b in zip(before, after, strict=True)]
    drawn = [1.0 * _right(b.images) - _right(a.images) for a, b in zip(before, after, strict=True)]
    return {
        name: scaled(over_replicas([resampled(gap.mean(), len(gap), gap[draws].mean(axis=1)) for gap in gaps]), 100)
        for name, gaps in ((EARLIER, earlier), (TRAINED, drawn))
    }


def draw(found: Found, summary: Summary, folder: Path) -> Pictures:
    """A strip of every shown seed over the variants, one over the baseline's training, and curves over training."""
    folder.mkdir(parents=True, exist_ok=True)
    labels = found.first[BASELINE].images["label"]
    classes = found.study.prepared.classes
    named = [classes[label] for label in labels[: len(found.first[BASELINE].pictures[figures.CLEAN])]]
    drawn = figures.strips(folder, found.first, named)
    marks = {seen: networks[0] for seen, networks in found.over_training.items()}
    if len(marks) > 1:
        drawn += figures.over_training(folder, marks, named, summary)
    return {file.removesuffix(".png"): Picture(f"{NAME}/{file}", caption) for file, caption in drawn}


def finding(found: Found, summary: Summary) -> Finding | None:
    """How the first snapshot and the end of the baseline's training differ."""
    marks = list(found.over_training)
    if len(marks) < 2:
        return None
    said = []
    for seen in (marks[0], marks[-1]):
        right, half = (summary[f"{NAME}.training.{seen}.{name}"] for name in ("right", "half_decided"))
        said.append(
            f"After {seen:,} images seen, {text(right, 0, 100)} % of the baseline's images are recognised in the end "
            f"(n = {right['n']} seeds, {_seeds(found)}), and half of an image is decided after {text(half, 0, 100)} % "
            f"of the steps (n = {half['n']} seeds, one training seed)."
        )
    return Finding(" ".join(said), "snapshots", 4)


def _seeds(found: Found) -> str:
    return trainings(len(next(iter(found.over_training.values()))))


def page(found: Found, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown."""
    marks = list(found.over_training)
    clean = [str(picture) for name, picture in pictures.items() if name.startswith("clean")]
    noisy = [str(picture) for name, picture in pictures.items() if name.startswith("noisy")]
    return fill(
        Path(__file__).with_suffix(".md"),
        strips=clean,
        noisy=fold("The noisy images at the same steps", "\n\n".join(noisy)),
        variants=_variants(found, summary),
        seeds=found.seeds,
        over_training=_over_training(marks, summary) if len(marks) > 1 else None,
        pictures=pictures,
        trainings=_seeds(found),
        continuations=found.study.params.growth.continuations,
        branched=summary[f"{NAME}.training.{marks[-1]}.half_decided"]["n"],
    )


def _variants(found: Found, summary: Summary) -> Table:
    columns = [
        words("variant"),
        Column("predicted clean image recognised after, %", 0, 100),
        Column("later than the baseline by, points", 0, 100, sign=True),
        Column("noisy image recognised after, %", 0, 100),
        Column("recognised in the end, %", 0, 100),
    ]
    rows: list[list[Cell]] = []
    for variant in found.first:
        of = f"{NAME}.{variant}.{END}"
        gap = None if variant == BASELINE else summary[f"{of}.recognised_gap"]
        shares = (summary[f"{of}.{name}"] for name in ("recognised", "recognised_noisy", "right"))
        recognised, noisy, right = shares
        rows.append([f"`{variant}`", recognised, gap, noisy, right])
    return Table(columns, rows)


def _over_training(marks: list[int], summary: Summary) -> Table:
    columns = [
        words("images seen"),
        Column("predicted clean image recognised after, %", 0, 100),
        Column("noisy image recognised after, %", 0, 100),
        Column("recognised in the end, %", 0, 100),
        Column("half decided after, %", 0, 100),
    ]
    names = ("recognised", "recognised_noisy", "right", "half_decided")
    rows: list[list[Cell]] = [
        [f"{seen:,}", *(summary[f"{NAME}.training.{seen}.{name}"] for name in names)] for seen in marks
    ]
    return Table(columns, rows)

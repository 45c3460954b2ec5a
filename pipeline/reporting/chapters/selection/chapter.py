"""Selection: the best of many images by the CLIP judge, beside as many drawn at random, as several judges see them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.judges import seeing, selected
from pipeline.judges.number import over_replicas
from pipeline.judges.selected import IN_PERCENT, METRICS, Selected
from pipeline.reporting.chapters.selection import figures
from pipeline.reporting.chapters.selection.claims import CLAIMS as CLAIMS
from pipeline.reporting.chapters.selection.claims import JUDGES
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary
from pipeline.reporting.table import Cell, Column, Table, listed, text, trainings, words

NAME, TITLE = "selection", "What selecting images by CLIP does"
CALLED = {  # what is measured of a selection, in words
    "quality": "good and clear less blurry",
    "clip_score": "CLIP score",
    "cmmd": "CMMD",
    "frechet": "",  # the study's name for its distance
    "accuracy": "classifier sees the class, %",
    "second_accuracy": "second judge sees it, %",
    "diversity": "diversity",
    "coverage": "coverage, %",
}


@dataclass(frozen=True)
class Found:
    """What the stages left, what `selection` left of every training seed, and whether the CLIP can judge."""

    study: Study
    selected: list[Selected]
    can_judge: bool


def read(study: Study) -> Found | None:
    """What `selection` left; None where it left nothing."""
    folder = study.outputs / NAME
    if not selected.there(folder):
        return None
    clip = seeing.load(study.outputs / seeing.STAGE)
    of = [selected.load(folder / str(replica)) for replica in study.params.replicas]
    return Found(study, of, clip.can_judge)


def numbers(found: Found) -> Summary:
    """What random selections have, what the selected have, and the difference, over the training seeds."""
    return {
        f"{NAME}.{by}.{metric}.{kind}": over_replicas([each.numbers[by][metric][kind] for each in found.selected])
        for by in found.study.params.selection.by
        for metric in METRICS
        for kind in ("random", "selected", "gap")
    }


def draw(found: Found, summary: Summary, folder: Path) -> Pictures:
    """The images before and after, and what the selection does to the set."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = found.study.params.selection
    images, first = found.study.samples(chosen.variant), found.selected[0].images
    names = found.study.prepared.classes[: chosen.shown]
    place = {seed: i for i, seed in enumerate(images.ids)}
    index = first["id"].map(place).to_numpy()
    drawn = [figures.before_and_after(folder, images.images[index], first, names, chosen)]
    drawn.append(figures.effects(folder, chosen.by, found.study.distance, summary))
    return {file.removesuffix(".png"): Picture(f"{NAME}/{file}", caption) for file, caption in drawn}


def finding(found: Found, summary: Summary) -> Finding | None:
    """What selecting by the last score does to the distance and the diversity."""
    if not found.can_judge:
        return None
    chosen = found.study.params.selection
    by = chosen.by[-1]
    far, wide = (summary[f"{NAME}.{by}.{name}.gap"] for name in ("frechet", "diversity"))
    return Finding(
        f"The {chosen.kept} of {chosen.candidates} images of each class of `{chosen.variant}` with the best "
        f"{figures.BY[by]} have a {found.study.distance} that differs by {text(far, 0, sign=True)} % from that of as "
        f"many drawn at random, and a diversity that differs by {text(wide, 0, sign=True)} % (n = {far['n']} images, "
        f"{_seeds(found)}).",
        "effects",
        3,
    )


def _seeds(found: Found) -> str:
    return trainings(len(found.study.params.replicas))


def page(found: Found, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown."""
    chosen = found.study.params.selection
    return fill(
        Path(__file__).with_suffix(".md"),
        variant=chosen.variant,
        candidates=chosen.candidates,
        kept=chosen.kept,
        draws=chosen.draws,
        seeds=_seeds(found),
        several=found.study.several,
        cannot_judge=not found.can_judge,
        judges=listed(list(JUDGES.values())),
        selections=[
            {"by": figures.BY[by], "table": _table(found, summary, by), "says": _says(found, summary, by)}
            for by in chosen.by
        ],
        pictures=pictures,
    )


def _says(found: Found, summary: Summary, by: str) -> str:
    """In words, what of a selection's effects is beyond chance: what pleases the judge, and what others see."""
    mine = {metric: summary[f"{NAME}.{by}.{metric}.gap"] for metric in METRICS}
    signs = {metric: int(np.sign(gap["value"])) if _beyond(gap["ci95"]) else 0 for metric, gap in mine.items()}
    words_of = {1: "rises", -1: "falls", 0: "is left open"}
    judge = {1: "It pleases the judge that selects", -1: "It does not please the judge that selects"}
    first = judge.get(signs[by], "Whether it pleases the judge that selects is left open")
    wide = {1: "It makes the set wider", -1: "It makes the set narrower", 0: "Whether the set is narrower is left open"}
    return (
        f"{first}. {wide[signs['diversity']]}. The distance to the real images "
        f"{words_of[signs['frechet']]}; the share that the classifier recognises {words_of[signs['accuracy']]}, and "
        f"that of the second judge {words_of[signs['second_accuracy']]}."
    )


def _beyond(ends: list[float]) -> bool:
    """Whether 0 lies outside of an interval."""
    return not ends[0] <= 0 <= ends[1]


def _table(found: Found, summary: Summary, by: str) -> Table:
    """A row per metric."""
    columns = [words(""), words("drawn at random"), words("selected"), words("difference")]
    rows: list[list[Cell]] = []
    for metric, kind in METRICS.items():
        times, digits = (100, 1) if kind == "share" else (1, 3)
        of = {kind: summary[f"{NAME}.{by}.{metric}.{kind}"] for kind in ("random", "selected", "gap")}
        unit = " %" if metric in IN_PERCENT else " points" if kind == "share" else ""
        shown = [Column("", digits, times).shown(of[each]) for each in ("random", "selected")]
        gap = Column("", 1 if unit else digits, sign=True).shown(of["gap"]) + unit
        rows.append([CALLED[metric] or found.study.distance, *shown, gap])
    return Table(columns, rows)

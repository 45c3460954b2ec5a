"""Scores: what a CLIP says of every variant's images, of classes and of snapshots, and how far it can be believed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.judges import scored, seeing
from pipeline.judges.evaluated import END
from pipeline.judges.number import Kind, Number, rank_correlation, resampled, scaled
from pipeline.judges.number import over_replicas as over
from pipeline.judges.replicated import Measured, Replicated, ScaleName
from pipeline.judges.scored import LOOKS, QUALITY, SCORE, Scored
from pipeline.judges.seeing import Seeing
from pipeline.params import BASELINE, FLOOR
from pipeline.reporting.chapters.scores import figures
from pipeline.reporting.chapters.scores.claims import CLAIMS as CLAIMS
from pipeline.reporting.chapters.scores.claims import CLOTHES, COMPLEX, DIGITS, LATER, WITH_ACCURACY, of_source
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary
from pipeline.reporting.table import Cell, Column, Table, listed, text, trainings, words

NAME, TITLE = "scores", "What CLIP says of the images"
METRICS: dict[str, tuple[Kind, ScaleName]] = {  # of an image -> what values it has, and where its errors are alike
    SCORE: ("size", "plain"),
    **dict.fromkeys(LOOKS, ("share", "share")),
    "seen": ("share", "share"),  # whether CLIP names the class
}


@dataclass(frozen=True)
class Found:
    """What the stages left. scored: variant -> what `scores` left of every training seed; floor: of the real test
    images."""

    study: Study
    seeing: Seeing
    scored: dict[str, list[Scored]]
    floor: Scored

    @property
    def marks(self) -> dict[str, int]:
        """The snapshots' names, the end last -> images seen."""
        return self.study.baseline.marks

    @property
    def main(self) -> str:
        """The variant that is shown: the baseline, or the first where it was not scored."""
        return BASELINE if BASELINE in self.scored else next(iter(self.scored))


def read(study: Study) -> Found | None:
    """What `scores` left of every variant that it looked at; None where it left nothing."""
    folder, replicas = study.outputs / NAME, study.params.replicas
    if not (scored.there(folder) and seeing.there(study.outputs / seeing.STAGE)):
        return None
    asked = study.params.scores.variants
    chosen = study.variants if asked == "all" else asked
    found = {variant: [scored.load(folder / variant / str(replica)) for replica in replicas] for variant in chosen}
    return Found(study, seeing.load(study.outputs / seeing.STAGE), found, scored.load(folder / FLOOR))


def numbers(found: Found) -> Summary:
    """How far the CLIP can be believed; every variant's scores at every mark, its distance, and its scores by class;
    the same of real test images; and the effects that decide claims."""
    required = found.seeing.required
    out: Summary = {
        f"clip.{name}": {**number, "required": required} for name, number in found.seeing.reliability.items()
    }
    out |= {f"{NAME}.{FLOOR}.{name}": each.number for name, each in _of_set(found, found.floor, END).items()}
    out[f"{NAME}.{FLOOR}.cmmd"] = found.floor.cmmd[END]
    for mark in found.marks:
        of = f"{mark}." if mark != END else ""
        single = {v: [_of_set(found, each, mark) for each in of_v] for v, of_v in found.scored.items()}
        for name, (_, scale) in METRICS.items():
            metric = _replicated(found, {v: [each[name] for each in of_v] for v, of_v in single.items()}, scale)
            out |= {f"{NAME}.{variant}.{of}{name}": metric.level(variant) for variant in found.scored}
        distances = {
            v: [Measured(each.cmmd[mark], each.replicates[mark].to_numpy()) for each in of_v]
            for v, of_v in found.scored.items()
        }
        metric = _replicated(found, distances, "plain")
        out |= {f"{NAME}.{variant}.{of}cmmd": metric.level(variant) for variant in found.scored}
    return out | _classes(found) | {f"{NAME}.effects.{name}": effect for name, effect in _effects(found).items()}


def _replicated(found: Found, each: dict[str, list[Measured]], scale: ScaleName) -> Replicated:
    return Replicated(each, scale, apart=found.study.failed & frozenset(each))


def _of_set(found: Found, each: Scored, mark: str, label: int | None = None) -> dict[str, Measured]:
    """The means over a set of images; label: of one class alone."""
    table = each.of(mark)
    table = table if label is None else table[table["label"] == label]
    labels = table["label"].to_numpy()
    draws, out = found.study.draws(labels), {}
    for name, (kind, _) in METRICS.items():
        of_images = (table["seen_as"] == table["label"]) if name == "seen" else table[name]
        values = of_images.to_numpy(dtype=float)
        replicates = values[draws].mean(axis=1)
        out[name] = Measured(resampled(values.mean(), len(values), replicates, kind), replicates)
    return out


def _classes(found: Found) -> Summary:
    """The CLIP score, and how good an image is, by class, of the variants that are told one and of real images."""
    out: Summary = {}
    told = [variant for variant in found.scored if variant in found.study.told_class]
    for label in np.unique(found.floor.of(END)["label"]):
        single = {v: [_of_set(found, each, END, label) for each in found.scored[v]] for v in told}
        floor = _of_set(found, found.floor, END, label)
        for name in (SCORE, "good", "blurry"):
            out[f"{NAME}.{FLOOR}.class.{label}.{name}"] = floor[name].number
            if told:
                metric = _replicated(found, {v: [each[name] for each in single[v]] for v in told}, METRICS[name][1])
                out |= {f"{NAME}.{v}.class.{label}.{name}": metric.level(v) for v in told}
    return out


def _effects(found: Found) -> Summary:
    """What decides the claims, of the baseline or over all variants, a number per training seed put together."""
    if BASELINE not in found.scored:
        return {}
    out: Summary = {}
    mine, marks = found.scored[BASELINE], list(found.marks)
    if len(marks) > 1:
        out[LATER] = scaled(over([_later(found, each, marks[0]) for each in mine]), 100)
        out[WITH_ACCURACY] = over([_with_accuracy(found, i) for i in range(len(mine))])
    if BASELINE in found.study.told_class:
        for name, groups in ((DIGITS, (("0", "1", "7"), ("5", "8"))), (CLOTHES, (SIMPLE_CLOTHES, HARD_CLOTHES))):
            if {*groups[0], *groups[1]} <= set(found.study.prepared.classes):
                out[name] = over([_between(found, each.of(END), *groups) for each in mine])
        out[COMPLEX] = scaled(over([_with_complexity(found, each.of(END)) for each in mine]), -1)
    return out


SIMPLE_CLOTHES, HARD_CLOTHES = ("T - shirt / top", "Trouser"), ("Sneaker",)  # as the data set names them


def _later(found: Found, each: Scored, first: str) -> Number:
    """By how much the sum of good and clear is larger at the end than at the first snapshot, for the same seeds."""
    before, after = each.of(first).set_index("id"), each.of(END).set_index("id")
    rise = (after["good"] + after["clear"] - before["good"] - before["clear"]).loc[before.index].to_numpy()
    draws = found.study.draws(before["label"].to_numpy())
    return resampled(rise.mean(), len(rise), rise[draws].mean(axis=1))


def _with_accuracy(found: Found, replica: int) -> Number:
    """The rank correlation of CLIP score and the classifier's accuracy, over the variants that are told the class and
    their snapshots, of the images that all of these have."""
    count, pairs = found.study.params.sample.snapshot_count, []
    for variant, of in found.scored.items():
        run = found.study.runs[variant][replica]
        if run.told_class:
            for mark in found.marks:
                score = of[replica].of(mark)[SCORE].iloc[:count].mean()
                pairs.append((score, run.evaluated.snapshots[mark]["accuracy"]["value"]))
    return rank_correlation(*np.array(pairs).T)


def _between(found: Found, table: pd.DataFrame, simple: tuple[str, ...], hard: tuple[str, ...]) -> Number:
    """The mean CLIP score of the simple classes less that of the hard ones."""
    names = np.array(found.study.prepared.classes)[table["label"]]
    scores, draws = table[SCORE].to_numpy(), found.study.draws(table["label"].to_numpy())
    groups = [[names == name for name in group] for group in (simple, hard)]

    def gap(drawn: np.ndarray) -> np.ndarray:
        """Return the gap of scores [..., N], whose places keep their class in every draw."""
        one, other = (np.mean([drawn[..., mine].mean(axis=-1) for mine in group], axis=0) for group in groups)
        return np.asarray(one - other)

    return resampled(float(gap(scores)), int(np.isin(names, [*simple, *hard]).sum()), gap(scores[draws]))


def _with_complexity(found: Found, table: pd.DataFrame) -> Number:
    """The rank correlation, over the classes, of CLIP score and the length of the real images' skeletons."""
    lengths = found.study.prepared.complexity.set_index("class")["stroke_length"]
    scores = table.groupby("label")[SCORE].mean()
    shared = [label for label in scores.index if label in lengths.index]
    return rank_correlation(scores.loc[shared].to_numpy(), lengths.loc[shared].to_numpy())


def draw(found: Found, summary: Summary, folder: Path) -> Pictures:
    """Scores over training and by class, and the best and the worst images."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {}
    places = {variant: found.study.variants.index(variant) for variant in found.scored}
    if len(found.marks) > 1:
        drawn = figures.training(found.main, places, found.marks, summary)
        pictures["training"] = figures.saved(folder, "training.png", drawn)
    if found.main in found.study.told_class:
        named = {str(label): found.study.prepared.classes[label] for label in _labels(found)}
        drawn = figures.classes(found.main, places[found.main], named, summary)
        pictures["classes"] = figures.saved(folder, "classes.png", drawn)
    images, table = found.study.samples(found.main), found.scored[found.main][0].of(END)
    names = found.study.prepared.classes
    pictures["best"] = figures.best(folder, images, table, names, found.main, found.study.params.scores.shown)
    return {name: Picture(f"{NAME}/{file}", caption) for name, (file, caption) in pictures.items()}


def _labels(found: Found) -> list[int]:
    return [int(label) for label in np.unique(found.floor.of(END)["label"])]


def finding(found: Found, summary: Summary) -> Finding | None:
    """What CLIP says of the shown variant's images early in training and at the end."""
    marks = list(found.marks)
    if len(marks) < 2 or not found.seeing.can_judge:
        return None
    first, last = (summary[f"{NAME}.{found.main}.{of}blurry"] for of in (f"{marks[0]}.", ""))
    right = summary["clip.clear_blurry"]
    return Finding(
        f"A CLIP that tells clear from blurry images with {text(right, 1, 100)} % (n = {right['n']} held-out images) "
        f"calls the images of `{found.main}` blurry with {text(first, 0, 100)} % after {found.marks[marks[0]]:,} "
        f"images seen, and with {text(last, 1, 100)} % at the end (n = {last['n']} images, {_seeds(found)}).",
        "training",
        3,
    )


def _seeds(found: Found) -> str:
    return trainings(len(found.study.params.replicas))


def page(found: Found, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown."""
    params = found.study.params
    short = [name for name, number in found.seeing.reliability.items() if number["value"] < found.seeing.required]
    return fill(
        Path(__file__).with_suffix(".md"),
        own=params.clip.is_own,
        model=found.seeing.model,
        parameters=f"{found.seeing.parameters:,}",
        tested=found.seeing.reliability["zero_shot"]["n"],
        short=listed([figures.CALLED[name] for name in short]),
        required=f"{100 * found.seeing.required:g}",
        reliability=_reliability(summary),
        sentences={key: getattr(params.clip, key) for key in ("plain", *LOOKS)},
        variants=_variants(found, summary),
        over_training=_over_training(found, summary) if len(found.marks) > 1 else None,
        printed=of_source(found.study.prepared.classes),
        classes=_by_class(found, summary) if found.main in found.study.told_class else None,
        ranks={name: summary.get(f"{NAME}.effects.{name}") for name in (WITH_ACCURACY, COMPLEX)},
        text=text,
        main=found.main,
        seeds=_seeds(found),
        quality=QUALITY,
        pictures=pictures,
    )


def _reliability(summary: Summary) -> Table:
    columns = [words("of held-out real images"), Column("%", 1, 100), Column("needed, %", 0, 100)]
    return Table(
        columns, [[called, (n := summary[f"clip.{name}"]), n["required"]] for name, called in figures.CALLED.items()]
    )


def _variants(found: Found, summary: Summary) -> Table:
    """A row per variant and one of real test images."""
    study = found.study
    columns = [words("variant"), Column("CLIP score"), Column("good, %", 1, 100), Column("clear, %", 1, 100)]
    columns += [Column("blurry, %", 1, 100), Column("CLIP sees the class, %", 1, 100)]
    columns += [Column("classifier sees it, %", 1, 100), Column("CMMD", 3), Column(study.distance)]
    rows: list[list[Cell]] = []
    for variant in (*found.scored, FLOOR):
        mine = [summary[f"{NAME}.{variant}.{name}"] for name in (SCORE, *LOOKS, "seen")]
        others = [summary.get(f"evaluate.{variant}.{name}") for name in ("accuracy", study.frechet)]
        called = "*floor: real test images*" if variant == FLOOR else f"`{variant}`"
        rows.append([called, *mine, others[0], summary[f"{NAME}.{variant}.cmmd"], others[1]])
    return Table(columns, rows)


def _over_training(found: Found, summary: Summary) -> Table:
    """A row per mark of the shown variant."""
    columns = [words("images seen"), Column("CLIP score"), Column("good, %", 1, 100), Column("clear, %", 1, 100)]
    columns += [Column("blurry, %", 1, 100), Column("CLIP sees the class, %", 1, 100), Column("CMMD", 3)]
    rows: list[list[Cell]] = []
    for mark, seen in found.marks.items():
        of = f"{NAME}.{found.main}." + (f"{mark}." if mark != END else "")
        rows.append([f"{seen:,}", *(summary[of + name] for name in (SCORE, *LOOKS, "seen", "cmmd"))])
    return Table(columns, rows)


def _by_class(found: Found, summary: Summary) -> Table:
    """A row per class: the shown variant's images beside real ones."""
    columns = [words("class"), Column("CLIP score"), Column("of real images"), Column("good, %", 1, 100)]
    printed = of_source(found.study.prepared.classes)
    columns += [Column("blurry, %", 1, 100), *([words("source")] if printed else [])]
    rows: list[list[Cell]] = []
    for label in _labels(found):
        mine = {name: summary[f"{NAME}.{found.main}.class.{label}.{name}"] for name in (SCORE, "good", "blurry")}
        real = summary[f"{NAME}.{FLOOR}.class.{label}.{SCORE}"]
        called = found.study.prepared.classes[label]
        beside = [printed.get(called)] if printed else []
        rows.append([called, mine[SCORE], real, mine["good"], mine["blurry"], *beside])
    return Table(columns, rows)

"""Guidance: what its scale changes, and at which steps class and guidance matter."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pipeline.anatomy import guided
from pipeline.anatomy.guided import MIDDLE, Guided
from pipeline.judges.evaluated import SECOND
from pipeline.judges.number import Number, counted, least, scaled
from pipeline.judges.replicated import Measured, Replicated, ScaleName
from pipeline.params import Guidance
from pipeline.reporting.chapters.guidance import figures
from pipeline.reporting.chapters.guidance.claims import CLAIMS as CLAIMS
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary
from pipeline.reporting.table import Cell, Column, Table, percent, text, trainings, words

NAME, TITLE = "guidance", "What guidance changes, and when the class matters"
SHARES = ("accuracy", SECOND, "confidence", "precision", "recall", "coverage")
SIZES = ("spread", "density")
SCORE = "clip_score"  # there where the stage `clip` has left a judge
NONE, UNTOLD = guided.scale(1), guided.scale(0)


@dataclass(frozen=True)
class Found:
    """What the stages left, and what `guidance` left of each training seed."""

    study: Study
    seeds: list[Guided]

    @property
    def chosen(self) -> Guidance:
        """How guidance was looked at."""
        return self.study.params.guidance

    @property
    def settings(self) -> list[str]:
        """The names of the settings, in order."""
        return list(self.seeds[0].settings["name"])

    @property
    def strong(self) -> str:
        """The setting with the scale of a part at all steps."""
        return guided.scale(self.chosen.part_scale)

    @property
    def parts(self) -> list[int]:
        """The parts of the loop, counted from 1."""
        return list(range(1, self.chosen.parts + 1))

    @cached_property
    def metrics(self) -> dict[str, Replicated]:
        """Metric -> its values under every setting, with an error of its own for every comparison, for settings that
        share most of their steps differ by little."""
        scales: dict[str, ScaleName] = dict.fromkeys((self.study.frechet, *SIZES), "log")
        shares: dict[str, ScaleName] = dict.fromkeys(SHARES, "share")
        scales |= shares
        if SCORE in self.seeds[0].numbers[NONE]:
            scales[SCORE] = "plain"
        return {metric: self._metric(metric, scale) for metric, scale in scales.items()}

    def _metric(self, metric: str, scale: ScaleName) -> Replicated:
        found = {
            name: [Measured(one.numbers[name][metric], one.replicates[name][metric].to_numpy()) for one in self.seeds]
            for name in self.settings
        }
        return Replicated(found, scale, apart=frozenset(self.settings))

    def levels(self, metric: str) -> Replicated:
        """The same, with one error for the levels of all settings that tell the class at every step."""
        of = self.metrics[metric]
        return replace(of, apart=frozenset({UNTOLD, *map(guided.told, self.parts)}))


def read(study: Study) -> Found | None:
    """What `guidance` left; None where it left nothing."""
    folder = study.outputs / NAME
    if not guided.there(folder):
        return None
    replicas = study.params.replicas[: study.params.guidance.replicas]
    return Found(study, [guided.load(folder / str(replica)) for replica in replicas])


def numbers(found: Found) -> Summary:
    """Every metric under every setting, its change against no guidance, what the settings cost, and the effects that
    decide claims."""
    out: Summary = {}
    costs = found.seeds[0].settings.set_index("name")
    for name in found.settings:
        of = f"{NAME}.{name}"
        for metric, each in found.metrics.items():
            out[f"{of}.{metric}"] = found.levels(metric).level(name)
            if name != NONE:
                out[f"{of}.{metric}_change"] = each.change(name, NONE)
        out[f"{of}.multiply_adds"] = counted(int(costs["multiply_adds"][name]))
        out[f"{of}.cost"] = counted(float(costs["multiply_adds"][name] / costs["multiply_adds"][NONE]))
    return out | {f"{NAME}.effects.{name}": effect for name, effect in _effects(found).items()}


def _effects(found: Found) -> Summary:
    """What decides the claims, over training seeds and paired by seed; shares in points."""
    accuracy, distance = found.metrics["accuracy"], found.metrics[found.study.frechet]
    first, *others = (guided.told(part) for part in found.parts)
    decides = least({str(part): accuracy.change(first, other) for part, other in enumerate(others, 2)})
    return {
        "class_steers": scaled(accuracy.change(NONE, UNTOLD), 100),
        "guidance_raises_fidelity": scaled(found.metrics["confidence"].change(found.strong, NONE), 100),
        "guidance_costs_diversity": found.metrics["spread"].change(NONE, found.strong),
        "strong_guidance_is_farther": distance.change(found.strong, NONE),
        "middle_beats_all_steps": distance.change(found.strong, MIDDLE),
        "guidance_in_noise_harms": distance.change(guided.guided(1), NONE),
        "guidance_in_the_middle_helps": distance.change(NONE, MIDDLE),
        "first_part_decides_the_class": scaled(decides, 100),
    }


def draw(found: Found, summary: Summary, folder: Path) -> Pictures:
    """Curves over the scale, over the parts of the loop, and the same seeds under every setting."""
    drawn = figures.draw(folder, found.seeds[0], found.chosen, summary, found.study)
    return {file.removesuffix(".png"): Picture(f"{NAME}/{file}", caption) for file, caption in drawn}


def finding(found: Found, summary: Summary) -> Finding:
    """What a strong guidance trades, and in which part of the loop the class matters most."""
    of = f"{NAME}.{found.strong}"
    spread, distance = (summary[f"{of}.{name}_change"] for name in ("spread", found.study.frechet))
    confidence = summary[f"{of}.confidence_change"]
    shares: dict[int, Number] = {part: summary[f"{NAME}.{guided.told(part)}.accuracy"] for part in found.parts}
    most = max(shares, key=lambda part: shares[part]["value"])
    return Finding(
        f"Guidance with a scale of {found.chosen.part_scale:g} changes the classifier's confidence in the class asked "
        f"for by {text(confidence, 1, 100, sign=True)} points, the spread within a class by "
        f"{text(spread, 0, sign=True)} %, and {found.study.distance} by {text(distance, 0, sign=True)} % "
        f"(n = {spread['n']} seeds, {_trainings(found)}). Told the class in part {most} of {found.chosen.parts} of the "
        f"loop alone, the network draws it in {text(shares[most], 0, 100)} % of the images.",
        "told",
        3,
    )


def _trainings(found: Found) -> str:
    return trainings(len(found.seeds))


def page(found: Found, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown."""
    chosen = found.chosen
    in_parts = figures.in_parts(chosen)
    distance = {said: summary[f"{NAME}.{name}.{found.study.frechet}"]["value"] for said, name in in_parts.items()}
    return fill(
        Path(__file__).with_suffix(".md"),
        variant=chosen.variant,
        trainings=_trainings(found),
        n=chosen.seeds,
        steps=chosen.steps,
        neighbours=found.study.params.evaluate.neighbours,
        dropout=percent(found.study.params.train.label_dropout),
        part_scale=f"{chosen.part_scale:g}",
        scales=_table(found, summary, "scale", {f"{each:g}": guided.scale(each) for each in chosen.scales}),
        parts=_table(found, summary, "guidance at", in_parts),
        told=_table(found, summary, "class told at", figures.told_in_parts(chosen)),
        best=min(distance, key=lambda said: distance[said]),
        clip=f"{NAME}.{NONE}.{SCORE}" in summary,
        pictures=pictures,
    )


def _table(found: Found, summary: Summary, heading: str, rows: dict[str, str]) -> Table:
    """A row per setting, by what it is called here."""
    metrics = {
        found.study.frechet: Column(found.study.distance),
        "accuracy": Column("class accuracy %", 1, 100),
        SECOND: Column("second judge %", 1, 100),
        "confidence": Column("confidence %", 1, 100),
        "precision": Column("precision %", 0, 100),
        "recall": Column("recall %", 0, 100),
        "coverage": Column("coverage %", 0, 100),
        "spread": Column("spread"),
        SCORE: Column("CLIP score"),
        "cost": Column("multiply-adds, times"),
    }
    metrics = {metric: column for metric, column in metrics.items() if f"{NAME}.{NONE}.{metric}" in summary}
    cells: list[list[Cell]] = [
        [said, *(summary[f"{NAME}.{name}.{metric}"] for metric in metrics)] for said, name in rows.items()
    ]
    return Table([words(heading), *metrics.values()], cells)

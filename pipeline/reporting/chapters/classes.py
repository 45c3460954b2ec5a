"""Classes: which classes are hard to draw, and whether the complex ones are."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.judges.evaluated import SECOND
from pipeline.judges.number import Number, rank_correlation
from pipeline.judges.replicated import Measured
from pipeline.params import BASELINE, FLOOR
from pipeline.reporting import plots
from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import by_all, easier
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.results import Run
from pipeline.reporting.sources import MNIST
from pipeline.reporting.study import Runs, Study
from pipeline.reporting.summary import Summary
from pipeline.reporting.table import Cell, Column, Table, text, words

NAME, TITLE = "classes", "Which classes are hard"
SHOWN = 20  # classes, at most, in the figure: those farthest from their real images
COMPLEXITIES = ("stroke_length", "variance")  # columns of `prepare`'s table of classes
CLAIMS = [
    Claim(
        "simple_digits_are_easier",
        MNIST,
        "sections 4.1 and 4.2, Figure 6",
        "The simple digits 0, 1 and 7 come out better than 5 and 8.",
        "CLIP 0.92 to 0.95, and 0.75 to 0.8",
        "the share of recognised images of 0, 1 and 7, minus that of 5 and 8, for the baseline, by the judge that "
        "finds less",
        "points",
        by_all(
            {
                "the classifier": easier(["0", "1", "7"], ["5", "8"]),
                "the support vector machine": easier(["0", "1", "7"], ["5", "8"], SECOND),
            }
        ),
        setting="differs",
        differs="The source scores images by CLIP, and here a classifier of the data set and a support vector machine "
        "recognise them.",
        figure="classes",
    )
]


class Found(NamedTuple):
    """study: what the stages left; shared: class indices with enough images in the baseline's samples and in the
    floor, as evaluations name them."""

    study: Study
    shared: list[str]


def read(study: Study) -> Found | None:
    """The evaluations; None where the baseline is not told a class, or no class has enough images."""
    if not (study.outputs / "evaluate" / BASELINE).is_dir() or BASELINE not in study.told_class:
        return None
    measured = {str(label) for label in study.prepared.complexity["class"]}
    found = study.baseline.evaluated.classes
    shared = [label for label in found if label in study.floor.classes and label in measured]
    return Found(study, shared) if shared else None


def numbers(found: Found) -> Summary:
    """Every class's numbers in every variant that is told one, its complexity, and rank correlations of the two."""
    study = found.study
    out: Summary = {}
    for row in study.prepared.complexity.to_dict("records"):
        for name in COMPLEXITIES:
            key, called = f"classes.{row['class']}.{name}", study.prepared.classes[row["class"]]
            out[key] = {"value": row[name], "n": row["n"], "class_name": called}

    for label, metrics in study.floor.classes.items():
        out |= {f"evaluate.{FLOOR}.class.{label}.{name}": number for name, number in metrics.items()}
    for label, metrics in study.baseline.evaluated.classes.items():
        for name in metrics:
            metric = study.replicated(_of_class(label, name), "log" if name == study.frechet else "share")
            out |= {f"evaluate.{variant}.class.{label}.{name}": metric.level(variant) for variant in metric.found}
    return out | _ranks(found)


def _of_class(label: str, name: str) -> Callable[[Run], Measured | None]:
    """A metric of one class in one training; None where the network is not told a class, or drew too few images."""

    def measure(run: Run) -> Measured | None:
        classes = run.evaluated.classes
        return Measured(classes[label][name]) if run.told_class and label in classes else None

    return measure


def _ranks(found: Found) -> Summary:
    """Rank correlations over the classes of the baseline's images: of how hard a class is (its distance less the
    floor's, its errors) with how complex its real images are."""
    study, frechet = found.study, found.study.frechet
    floor, table = study.floor.classes, study.prepared.complexity
    table = table.set_index(table["class"].astype(str))

    def hard(runs: Runs, name: str) -> list[float]:
        classes = runs[BASELINE].evaluated.classes
        if name == frechet:
            return [classes[c][frechet]["value"] - floor[c][frechet]["value"] for c in found.shared]
        return [1 - classes[c]["accuracy"]["value"] for c in found.shared]

    def rank(runs: Runs, name: str, complexity: str) -> Number:
        return rank_correlation(np.array(hard(runs, name)), table.loc[found.shared, complexity].to_numpy())

    return {
        f"ranks.classes.{name}.{complexity}": study.over_replicas(
            lambda runs, name=name, complexity=complexity: rank(runs, name, complexity)  # type: ignore[misc]
        )
        for name in (frechet, "errors")
        for complexity in COMPLEXITIES
    }


def draw(found: Found, summary: Summary, folder: Path) -> Pictures:
    """Distance and accuracy of the hardest classes."""
    study = found.study
    of = f"evaluate.{BASELINE}.class"
    farthest = sorted(found.shared, key=lambda c: -summary[f"{of}.{c}.{study.frechet}"]["value"])[:SHOWN]
    shown = sorted(farthest, key=int)
    names = [study.prepared.classes[int(c)] for c in shown]
    figure, axes = plots.panels(2, 1, plots.WIDTH, 6.6)
    above, below = axes[:, 0]
    places = np.arange(len(names))
    mine = {"color": plots.colour(study.variants.index(BASELINE)), "marker": "o", "label": "baseline"}
    real = {"color": plots.GREY, "marker": "s", "markersize": 5, "label": "real test images"}
    for ax, metric, times in ((above, study.frechet, 1), (below, "accuracy", 100)):
        for whose, x, look in ((BASELINE, places, mine), (FLOOR, places + 0.25, real)):
            numbers = [summary[f"evaluate.{whose}.class.{c}.{metric}"] for c in shown]
            low, high = plots.ends(numbers)
            ax.vlines(x, times * np.array(low), times * np.array(high), color=look["color"], linewidth=2)
            ax.plot(x, [times * number["value"] for number in numbers], linestyle="", **look)
        ax.set_xticks(places, names, rotation=90 if max(map(len, names)) > 3 else 0)
        ax.grid(alpha=0.25, axis="y")
    above.set_ylabel(f"{study.distance}, by class")
    below.set_ylabel("recognised, %")
    plots.legend(figure, above)
    plots.write(figure, folder / "classes.png")
    return {
        "classes": Picture(
            f"{NAME}/classes.png",
            "Distance (above) and share of recognised images (below) of the baseline by class, with 95 % intervals. A "
            "class is hard where the black point is far above the grey one, or far below it in the lower panel.",
        )
    }


def finding(found: Found, summary: Summary) -> Finding:
    """Whether complex classes are harder."""
    rank = summary["ranks.classes.errors.stroke_length"]
    return Finding(
        f"Over the {rank['n']} classes, the rank correlation of the baseline's errors and the length of the real "
        f"images' skeletons is {text(rank)}: 1 would mean that the class with the longer one is always the harder one.",
        "classes",
        3,
    )


def page(found: Found, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown."""
    frechet = found.study.frechet
    columns = [
        words(f"rank correlation over {len(found.shared)} classes, baseline"),
        Column("skeleton length of the real images"),
        Column("variance within the class"),
    ]
    rows: list[list[Cell]] = [
        [said, *(summary[f"ranks.classes.{name}.{complexity}"] for complexity in COMPLEXITIES)]
        for name, said in (
            (frechet, f"{found.study.distance} of the class, less the floor's"),
            ("errors", "errors (1 - accuracy)"),
        )
    ]
    return fill(
        Path(__file__).with_suffix(".md"),
        **pictures,
        by_class=_by_class(found, summary),
        table=Table(columns, rows),
        several=found.study.several,
        n=summary[f"evaluate.{BASELINE}.class.{found.shared[0]}.accuracy"]["n"],
    )


def _by_class(found: Found, summary: Summary) -> Table:
    """A row per class: the baseline's images beside real ones."""
    columns = [words("class"), Column(found.study.distance), Column("of real images")]
    columns += [
        Column("recognised, %", 1, 100),
        Column("of real images, %", 1, 100),
        Column("by the second judge, %", 1, 100),
    ]
    rows: list[list[Cell]] = []
    for c in found.shared:
        mine, real = (f"evaluate.{whose}.class.{c}" for whose in (BASELINE, FLOOR))
        keys = [f"{of}.{name}" for name in (found.study.frechet, "accuracy") for of in (mine, real)]
        called = found.study.prepared.classes[int(c)]
        rows.append([called, *(summary[key] for key in keys), summary.get(f"{mine}.{SECOND}")])
    return Table(columns, rows)

"""Ablation: what each part of the architecture is worth, as Lu and Li's Table 1 asks it."""

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.judges.number import Number, negative
from pipeline.judges.replicated import Replicated
from pipeline.params import BASELINE, FLOOR
from pipeline.reporting import plots
from pipeline.reporting.chapters.ablation.claims import CLAIMS as CLAIMS
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.pictures import sheet
from pipeline.reporting.results import Run
from pipeline.reporting.sources import PUBLISHED
from pipeline.reporting.study import FAILED, Study
from pipeline.reporting.summary import Summary
from pipeline.reporting.table import NOTHING, Column, Table, listed, text, words

NAME, TITLE = "ablation", "What each part is worth"


def read(study: Study) -> Study | None:
    """The trainings of every variant; None where there is none."""
    return study if (study.outputs / "evaluate" / BASELINE).is_dir() else None


def numbers(study: Study) -> Summary:
    """The distance's fall against the baseline and its change between every two variants, in percent, and how much less
    one residual block more gains than the one before it.

    What is compared is the logarithm of the distance: the errors of variants are alike on it, and the bias that a
    distance has at its n, which all variants share, can make a change smaller and not turn its sign.
    """
    distance = study.metric(study.frechet, "log")
    out = {f"evaluate.{v}.{study.frechet}_improvement": negative(distance.change(v, BASELINE)) for v in study.variants}
    for one, other in permutations(study.variants, 2):
        out[f"pairs.{one}.{other}.{study.frechet}_change"] = distance.change(one, other)
    return out | _depth(study, distance)


def _depth(study: Study, distance: Replicated) -> Summary:
    """Over variants that differ from the baseline in the number of residual blocks alone: by how many percent the
    factor by which one block more lowers the distance is smaller than that of the one before, at every number with a
    neighbour on either side."""
    shared = _without_blocks(study.baseline)
    ladder = {
        runs[0].architecture["res_blocks"]: variant
        for variant, runs in study.runs.items()
        if runs[0].architecture["res_blocks"] > 0  # without any, the encoder is narrower too
        and _without_blocks(runs[0]) == shared
    }
    out: Summary = {}
    for blocks in sorted(ladder):
        if {blocks - 1, blocks + 1} <= set(ladder):
            weights = {ladder[blocks - 1]: 1.0, ladder[blocks]: -2.0, ladder[blocks + 1]: 1.0}
            out[f"depth.{blocks}.diminishing"] = distance.contrast(weights, lambda d: 100 * np.expm1(d))
    return out


def _without_blocks(run: Run) -> dict[str, Any]:
    return {key: value for key, value in run.architecture.items() if key != "res_blocks"}


def draw(study: Study, summary: Summary, folder: Path) -> Pictures:
    """Samples of every variant, and the distances with their intervals."""
    distances = {v: summary[f"evaluate.{v}.{study.frechet}"] for v in study.variants}
    _draw_distances(folder / "distances.png", distances, summary[f"evaluate.{FLOOR}.{study.frechet}"], study.distance)
    sheet(
        folder / "samples.png",
        {variant: study.samples(variant) for variant in study.variants},
        study,
        "Samples: a column per seed and class asked for, a row per variant" + " (first replica)" * study.several,
    )
    return {
        "samples": Picture(
            f"{NAME}/samples.png",
            "Images that every variant draws, a row per variant and a column per seed. The same seed is the same noise "
            "in every row, and the same class in every row whose variant is told one: look down a column to see what a "
            "change of the architecture does to one image.",
        ),
        "distances": Picture(
            f"{NAME}/distances.png",
            f"{study.distance} of every variant with its 95 % interval. A variant further left draws images that are "
            "nearer to the real ones, and the grey band is what real test images themselves get. An arrow stands for a "
            "value that is too large for the axis.",
        ),
    }


def _draw_distances(path: Path, rows: dict[str, Number], floor: Number, label: str) -> None:
    """A dot with its 95 % interval per variant, the floor as a band."""
    figure, axes = plots.panels(1, 1, plots.WIDTH, 0.4 * len(rows) + 1.5)
    ax = axes[0, 0]
    side = ax.get_yaxis_transform()
    ax.axvspan(*floor["ci95"], color="#bbbbbb", alpha=0.5, linewidth=0, label="floor: real test images")
    far = plots.beyond(rows)
    for i, (variant, number) in enumerate(rows.items()):
        if variant in far:
            ax.text(
                0.99,
                i,
                f"{number['value']:,.4g} \u2192",
                color=plots.colour(i),
                ha="right",
                va="center",
                transform=side,
            )
            continue
        ax.plot(number["ci95"], [i, i], color=plots.colour(i), linewidth=2.5, solid_capstyle="round")
        ax.plot(number["value"], i, "o", color=plots.colour(i), markersize=7)
    ax.set(yticks=range(len(rows)), yticklabels=list(rows), xlabel=f"{label}, lower is better")
    ax.set_xlim(left=0)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(alpha=0.25, axis="x")
    figure.legend(*ax.get_legend_handles_labels(), frameon=False, loc="outside upper right")
    plots.write(figure, path)


def _verdicts(study: Study, summary: Summary) -> tuple[list[str], list[str]]:
    """The variants whose distance is smaller, and larger, than the baseline's by the whole of the interval."""
    ends = {v: summary[f"evaluate.{v}.{study.frechet}_improvement"]["ci95"] for v in study.variants if v != BASELINE}
    return [f"`{v}`" for v, e in ends.items() if e[0] > 0], [f"`{v}`" for v, e in ends.items() if e[1] < 0]


def finding(study: Study, summary: Summary) -> Finding:
    """Which variant is best, and which are better or worse than the baseline."""
    frechet = study.frechet
    best_of_all = min(study.variants, key=lambda v: summary[f"evaluate.{v}.{frechet}"]["value"])
    better, worse_ones = _verdicts(study, summary)
    return Finding(
        f"`{best_of_all}` draws the images that are nearest to the real ones: its {study.distance} is "
        f"{text(summary[f'evaluate.{best_of_all}.{frechet}'])}, and real test images themselves get "
        f"{text(summary[f'evaluate.{FLOOR}.{frechet}'])}. Against the baseline, with the whole 95 % interval of the "
        f"difference, {listed(better) if better else 'no variant'} {'are' if len(better) > 1 else 'is'} better and "
        f"{listed(worse_ones) if worse_ones else 'no variant'} {'are' if len(worse_ones) > 1 else 'is'} worse.",
        "samples",
        10,
    )


def page(study: Study, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown."""
    better, worse_ones = _verdicts(study, summary)
    return fill(
        Path(__file__).with_suffix(".md"),
        **pictures,
        table=_table(study, summary),
        distance=study.distance,
        n=summary[f"evaluate.{BASELINE}.{study.frechet}"]["n"],
        images=summary[f"train.{BASELINE}.loss"]["n"],
        replicas=len(study.params.replicas),
        several=study.several,
        failed=listed([f"`{v}`" for v in study.variants if v in study.failed]),
        have="has" if len(study.failed) == 1 else "have",
        times=FAILED,
        better=listed(better) if better else "none",
        worse=listed(worse_ones) if worse_ones else "none",
    )


def _table(study: Study, summary: Summary) -> Table:
    """A row per variant, with the source's row beside it."""
    columns = [
        words("variant"),
        Column("final loss", 4),
        Column("loss reduction %", 1),
        Column(study.distance),
        Column("improvement %", 1, sign=True),
        Column("parameters"),
        Column("multiply-adds, M", 1, 1e-6),
        Column("source: loss", 5),
        Column("source: loss reduction %"),
        Column("source: FID"),
        Column("source: improvement %", 1, sign=True),
    ]
    rows = []
    for v in study.variants:
        printed = PUBLISHED.get(v)
        theirs = (printed.loss, printed.loss_reduction, printed.fid, printed.improvement) if printed else (None,) * 4
        rows.append(
            [
                f"`{v}`",
                summary[f"train.{v}.loss"],
                summary[f"train.{v}.loss_reduction"],
                summary[f"evaluate.{v}.{study.frechet}"],
                "0" if v == BASELINE else summary[f"evaluate.{v}.{study.frechet}_improvement"],
                int(summary[f"train.{v}.parameters"]["value"]),
                summary[f"train.{v}.multiply_adds"],
                *("0" if each == 0 else each for each in theirs),
            ]
        )
    floor = summary[f"evaluate.{FLOOR}.{study.frechet}"]
    rows.append(["*floor: real test images*", NOTHING, NOTHING, floor, *[NOTHING] * 7])
    return Table(columns, rows)

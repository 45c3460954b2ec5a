"""Training: how good the images are after more and more training, from snapshots sampled with the same seeds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.ticker import NullLocator

from pipeline.judges.number import Number, centred, in_percent, negative, resampled, scaled
from pipeline.judges.replicated import Measured
from pipeline.params import BASELINE, FLOOR
from pipeline.reporting import plots
from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import best_throughout, plateaus_earlier
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.pictures import sheet
from pipeline.reporting.results import Run
from pipeline.reporting.sources import ABLATION
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary
from pipeline.reporting.table import Cell, Column, Table, listed, text, words

NAME, TITLE = "training", "Quality over training"
SETTING = "Training is far shorter than the source's, and the images and the measure of distance are others."
LAST = (
    "The source reads the plateaus off its curves, after tens of thousands of updates; here the falls after the last "
    "snapshot are compared, once one of the two networks hardly gets better any more."
)
STILL_FALLS = (
    "by how many percent the factor by which the baseline's distance falls after the last snapshot is larger than the "
    "factor of {}"
)


def _plateau(name: str, variant: str, says: str) -> Claim:
    """Return the claim that a variant stops getting better before the baseline."""
    where, measured_by = "Figure 5, section 2.3", STILL_FALLS.format(f"`{variant}`")
    effect = plateaus_earlier(variant)
    return Claim(
        name, ABLATION, where, says, None, measured_by, "%", effect, False, None, None, "differs", LAST, "curves"
    )


CLAIMS = [
    Claim(
        "width_helps_throughout",
        ABLATION,
        "Figure 5, section 2.3",
        "Twice the width is ahead throughout training.",
        None,
        "by how many percent the distance of `wide` is smaller than the baseline's, where it leads least",
        "%",
        best_throughout("wide"),
        differs=SETTING,
        figure="curves",
    ),
    _plateau(
        "fewer_blocks_plateau_earlier",
        "res_blocks_1",
        "With one residual block a level the images stop getting better earlier.",
    ),
    _plateau(
        "no_blocks_plateau_earlier",
        "res_blocks_0",
        "With no residual block the images stop getting better earlier.",
    ),
]
BAND = " The band of a line reaches from the lowest of the replicas to the highest."
Point = tuple[int, Number]  # a place on the x axis, and the number there


def read(study: Study) -> Study | None:
    """The trainings of every variant; None where no snapshots were kept."""
    return study if study.params.train.snapshots and (study.outputs / "evaluate" / BASELINE).is_dir() else None


def numbers(study: Study) -> Summary:
    """Distance and accuracy at every mark, their change against the baseline, and the late fall of the distance."""
    frechet = study.frechet
    out: Summary = {f"snapshots.{FLOOR}.{frechet}": study.floor.snapshots["end"][frechet]}
    for mark, images in study.baseline.marks.items():
        distance = study.replicated(_at(mark, frechet), "log")
        accuracy = study.replicated(_at(mark, "accuracy"), "share")
        for variant in study.variants:
            key = f"snapshots.{variant}.{images}"
            out[f"{key}.{frechet}"] = distance.level(variant)
            out[f"{key}.{frechet}_change"] = distance.change(variant, BASELINE)
            if variant in study.told_class:
                out[f"{key}.accuracy"] = accuracy.level(variant)
    falls = study.replicated(lambda run: _late_fall(run, frechet), "plain")
    for variant in study.variants:
        out[f"snapshots.{variant}.late_fall"] = negative(in_percent(negative(falls.level(variant))))
        weights = {variant: 1.0, BASELINE: -1.0} if variant != BASELINE else {BASELINE: 0.0}
        out[f"snapshots.{variant}.late_fall_gap"] = falls.contrast(weights, lambda d: 100 * np.expm1(d))
    return out


def _at(mark: str, name: str) -> Callable[[Run], Measured]:
    """A metric of a snapshot, in one training."""

    def measure(run: Run) -> Measured:
        found = run.evaluated
        return Measured(found.snapshots[mark][name], found.snapshot_replicates[mark][name].to_numpy())

    return measure


def _late_fall(run: Run, frechet: str) -> Measured:
    """The logarithm of the factor by which the distance still falls from the last snapshot to the end. It is a factor,
    for the same fall is less to a variant that is further behind."""
    values, replicates = [], []
    for mark in list(run.marks)[-2:]:
        value = run.evaluated.snapshots[mark][frechet]["value"]
        inside = centred(value, run.evaluated.snapshot_replicates[mark][frechet].to_numpy())
        values.append(np.log(value))
        replicates.append(np.log(np.maximum(inside, value / 100)))
    n = run.evaluated.snapshots["end"][frechet]["n"]
    fall = replicates[0] - replicates[1]
    return Measured(resampled(values[0] - values[1], n, fall), fall)


def _marks(study: Study) -> list[int]:
    """Images seen at the snapshots, the end of training last."""
    return list(study.baseline.marks.values())


def draw(study: Study, summary: Summary, folder: Path) -> Pictures:
    """The curves, and a sheet of samples for every variant."""
    at = {v: [(m, f"snapshots.{v}.{m}") for m in _marks(study)] for v in study.variants}
    distances = {v: [(m, summary[f"{key}.{study.frechet}"]) for m, key in of] for v, of in at.items()}
    shares = {v: [(m, scaled(summary[f"{key}.accuracy"], 100)) for m, key in at[v]] for v in study.told_class}
    floor = summary[f"snapshots.{FLOOR}.{study.frechet}"]
    curves: list[tuple[str, dict[str, list[Point]], Number | None]]
    curves = [(f"{study.distance}, lower is better", distances, floor)]
    _draw_curves(folder / "curves.png", [*curves, *([("recognised as asked for, %", shares, None)] if shares else [])])
    drawn = {
        "curves": Picture(
            f"{NAME}/curves.png",
            f"{study.distance}{' and the share of recognised images' if shares else ''} after more and more training "
            "images, with 95 % intervals. A line that still falls at the right end would "
            f"gain from more training.{BAND * study.several}",
        )
    }
    for variant in study.variants:
        marks = {f"{images:,} seen": study.samples(variant, mark) for mark, images in study.baseline.marks.items()}
        title = f"{variant}: the same seeds after more and more training images"
        sheet(folder / f"{variant}.png", marks, study, title)
        drawn[variant] = Picture(
            f"{NAME}/{variant}.png",
            f"What `{variant}` draws from the same seeds, a row per snapshot. Look down a column to see after how many "
            "training images a class appears, and when its shape becomes clean.",
            variant,
        )
    return drawn


def _draw_curves(path: Path, panels: list[tuple[str, dict[str, list[Point]], Number | None]]) -> None:
    """Numbers against images seen, a panel each: (label of y, variant -> points, the floor)."""
    figure, axes = plots.panels(len(panels), 1, plots.WIDTH, 3.2 * len(panels) + 0.8)
    for ax, (label, lines, floor) in zip(axes[:, 0], panels, strict=True):
        for i, (variant, points) in enumerate(lines.items()):
            images = np.array([x for x, _ in points]) / 1000 * (1 + 0.012 * (i - len(lines) / 2))  # side by side
            low, high = plots.ends([number for _, number in points])
            numbers = [number for _, number in points]
            plots.line(ax, i, variant, images, [number["value"] for number in numbers], marker="o", markersize=3)
            if "replicas" in numbers[0]:
                single = plots.replicas(numbers)
                colour = plots.colour(i)
                ax.fill_between(images, single.min(axis=0), single.max(axis=0), color=colour, alpha=0.15, linewidth=0)
            ax.vlines(images, low, high, color=plots.colour(i), linewidth=0.9, alpha=0.6)
        if floor is not None:
            ax.axhspan(*floor["ci95"], color="#bbbbbb", alpha=0.5, linewidth=0, label="floor: real test images")
        ax.set(xlabel="thousand images seen", ylabel=label, xscale="log")
        shown = sorted({x / 1000 for points in lines.values() for x, _ in points})
        ax.set_xticks(shown, [f"{x:g}" for x in shown])
        ax.xaxis.set_minor_locator(NullLocator())
        plots.grid(ax)
    plots.log(axes[0, 0], "y")
    plots.legend(figure, axes[0, 0])
    plots.write(figure, path)


def finding(study: Study, summary: Summary) -> Finding:
    """How far the baseline has come, and whether it was still getting better."""
    late = summary[f"snapshots.{BASELINE}.late_fall"]
    before, end = _marks(study)[-2:]
    still = "were still getting better" if late["ci95"][0] > 0 else "did not clearly get better any more"
    return Finding(
        f"Between {before:,} and {end:,} images seen, the baseline's images {still}: their distance to the real images "
        f"fell by {text(late, 1)} % (n = {late['n']} images at either point).",
        "curves",
        5,
    )


def page(study: Study, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown."""
    marks, frechet = _marks(study), study.frechet
    columns = [words("variant"), *(Column(f"{mark:,} images") for mark in marks), Column("late fall, %", 1)]
    rows: list[list[Cell]] = [
        [
            f"`{v}`",
            *(summary[f"snapshots.{v}.{mark}.{frechet}"] for mark in marks),
            summary[f"snapshots.{v}.late_fall"],
        ]
        for v in study.variants
    ]
    return fill(
        Path(__file__).with_suffix(".md"),
        curves=pictures["curves"],
        table=Table(columns, rows),
        baseline=pictures[BASELINE],
        others=[pictures[v] for v in study.variants if v != BASELINE],
        distance=study.distance,
        n=summary[f"snapshots.{BASELINE}.{marks[-1]}.{frechet}"]["n"],
        floor=text(summary[f"snapshots.{FLOOR}.{frechet}"]),
        marks=listed([f"{mark:,}" for mark in marks[:-1]]),
    )

"""Training: how good the images are after more and more training, from snapshots sampled with the same seeds."""

from pathlib import Path

import numpy as np
from matplotlib.ticker import NullLocator

from pipeline.judges.number import Number, difference, resampled, scaled
from pipeline.params import BASELINE, FLOOR
from pipeline.reporting import plots
from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import best_throughout, plateaus_earlier
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.pictures import sheet
from pipeline.reporting.results import Run
from pipeline.reporting.sources import ABLATION
from pipeline.reporting.study import Runs, Study
from pipeline.reporting.summary import Summary
from pipeline.reporting.table import Cell, Column, Table, listed, text, words

NAME, TITLE = "training", "Quality over training"
CLAIMS = [
    Claim(
        "width_helps_throughout",
        ABLATION,
        "Figure 5, section 2.3",
        "Twice the width is ahead throughout training.",
        None,
        "the distance of the baseline, minus that of `wide`, at the snapshot where this difference is smallest",
        "",
        best_throughout("wide"),
    ),
    Claim(
        "fewer_blocks_plateau_earlier",
        ABLATION,
        "Figure 5, section 2.3",
        "With one residual block a level the images stop getting better earlier.",
        None,
        "the fall of the baseline's distance after the last snapshot, minus the same fall of `res_blocks_1`",
        "",
        plateaus_earlier("res_blocks_1"),
    ),
    Claim(
        "no_blocks_plateau_earlier",
        ABLATION,
        "Figure 5, section 2.3",
        "With no residual block the images stop getting better earlier.",
        None,
        "the fall of the baseline's distance after the last snapshot, minus the same fall of `res_blocks_0`",
        "",
        plateaus_earlier("res_blocks_0"),
    ),
]
Point = tuple[int, Number]  # a place on the x axis, and the number there


def read(study: Study) -> Study | None:
    """The trainings of every variant; None where no snapshots were kept."""
    return study if study.params.train.snapshots and (study.outputs / "evaluate" / BASELINE).is_dir() else None


def numbers(study: Study) -> Summary:
    """Distance and accuracy at every mark, their gap to the baseline, and the late fall of the distance."""

    def of_one_seed(runs: Runs) -> Summary:
        out: Summary = {}
        for variant, run in runs.items():
            out |= _of_variant(variant, run, runs[BASELINE], study.frechet)
        return out

    floor = study.floor.snapshots["end"][study.frechet]
    return {f"snapshots.{FLOOR}.{study.frechet}": floor} | study.over_replicas(of_one_seed)


def _of_variant(variant: str, run: Run, baseline: Run, frechet: str) -> Summary:
    """The numbers of a variant. The late fall is by how much the distance still falls from the last snapshot to the
    end. It is a difference and not a ratio: a distance is too large by some amount that depends on n alone, and the
    difference is free of it."""
    out: Summary = {}
    found, base = run.evaluated, baseline.evaluated
    for mark, images in run.marks.items():
        key = f"snapshots.{variant}.{images}"
        out |= {f"{key}.{n}": each for n, each in found.snapshots[mark].items() if run.told or n != "accuracy"}
        out[f"{key}.{frechet}_gap"] = difference(
            found.snapshots[mark][frechet]["value"],
            base.snapshots[mark][frechet]["value"],
            found.snapshot_replicates[mark][frechet].to_numpy(),
            base.snapshot_replicates[mark][frechet].to_numpy(),
            found.snapshots[mark][frechet]["n"],
        )
    falls = []
    for each in (found, base):
        before, after = (each.snapshots[mark][frechet]["value"] for mark in list(run.marks)[-2:])
        then, now = (each.snapshot_replicates[mark][frechet].to_numpy() for mark in list(run.marks)[-2:])
        falls.append((before - after, then - now))
    (fall, replicates), (base_fall, base_replicates) = falls
    n = found.snapshots["end"][frechet]["n"]
    out[f"snapshots.{variant}.late_fall"] = resampled(fall, n, replicates)
    out[f"snapshots.{variant}.late_fall_gap"] = difference(fall, base_fall, replicates, base_replicates, n)
    return out


def _marks(study: Study) -> list[int]:
    """Images seen at the snapshots, the end of training last."""
    return list(study.baseline.marks.values())


def draw(study: Study, summary: Summary, folder: Path) -> Pictures:
    """The curves, and a sheet of samples for every variant."""
    at = {v: [(m, f"snapshots.{v}.{m}") for m in _marks(study)] for v in study.variants}
    distances = {v: [(m, summary[f"{key}.{study.frechet}"]) for m, key in of] for v, of in at.items()}
    shares = {v: [(m, scaled(summary[f"{key}.accuracy"], 100)) for m, key in at[v]] for v in study.told}
    floor = summary[f"snapshots.{FLOOR}.{study.frechet}"]
    curves: list[tuple[str, dict[str, list[Point]], Number | None]]
    curves = [(f"{study.distance}, lower is better", distances, floor)]
    _draw_curves(folder / "curves.png", [*curves, *([("recognised as asked for, %", shares, None)] if shares else [])])
    drawn = {
        "curves": Picture(
            f"{NAME}/curves.png",
            f"{study.distance}{' and the share of recognised images' if shares else ''} after more and more training "
            "images, with 95 % intervals. A line that still falls at the right end would "
            "gain from more training.",
        )
    }
    for variant in study.variants:
        marks = {f"{images:,} seen": study.samples(variant, mark) for mark, images in study.baseline.marks.items()}
        title = f"{variant}: the same seeds after more and more training images"
        sheet(folder / f"{variant}.png", marks, study, title)
        drawn[variant] = Picture(
            f"{NAME}/{variant}.png",
            f"What `{variant}` draws from the same seeds, a row per snapshot. Look down a column to see after how many "
            "training images a class appears, and when its lines become clean.",
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
            plots.line(ax, i, variant, images, [n["value"] for _, n in points], marker="o", markersize=3)
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
        f"fell by {text(late)} (n = {late['n']} images at either point).",
        "curves",
        5,
    )


def page(study: Study, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown."""
    marks, frechet = _marks(study), study.frechet
    columns = [words("variant"), *(Column(f"{mark:,} images") for mark in marks), Column("late fall")]
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

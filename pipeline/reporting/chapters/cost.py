"""Cost: what each variant costs in multiply-adds, memory and time, beside what its images are worth."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.ticker import NullLocator

from pipeline.judges.number import Number, counted
from pipeline.judges.replicated import Measured
from pipeline.params import BASELINE
from pipeline.reporting import plots
from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import doubled
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.results import Run
from pipeline.reporting.sources import MNIST
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary
from pipeline.reporting.table import Cell, Column, Table, listed, words

NAME, TITLE = "cost", "Cost beside worth"
MEBI = 1 / 1048576
COUNTED = ("parameters", "multiply_adds", "weight_bytes", "training_bytes_per_image")
COMPARED = ("train.{}.seconds", "train.{}.training_bytes", "train.{}.parameters")  # with the baseline's
SETTING = "The network is another, and its width is doubled on every level, which the source does not say."


def _doubles(name: str, says: str, cost: str, what: str) -> Claim:
    """Return the claim that a cost doubles with the width."""
    measured_by = f"by how many percent of the baseline's {what} its own is larger than twice that"
    where, effect = "bonus experiment 1", doubled("wide", cost)
    return Claim(
        name, MNIST, where, says, "twice", measured_by, "%", effect, False, None, "cost", "differs", SETTING, "pareto"
    )


CLAIMS = [
    _doubles("width_doubles_time", "Twice the width takes twice the training time.", "seconds", "training time"),
    _doubles(
        "width_doubles_memory",
        "Twice the width takes twice the memory in training.",
        "training_bytes",
        "counted training memory",
    ),
]


def read(study: Study) -> Study | None:
    """The trainings of every variant; None where there is none."""
    return study if (study.outputs / "train" / BASELINE).is_dir() else None


def numbers(study: Study) -> Summary:
    """What was counted of every variant, and the times of this run."""
    out: Summary = {}
    measures: dict[str, Callable[[Run], float]] = {
        f"train.{{}}.{name}": lambda run, name=name: run.trained.costs[name]  # type: ignore[misc]
        for name in COUNTED
    }
    batch = study.params.train.batch_size
    measures |= {
        "train.{}.training_bytes": lambda run: _training_bytes(run, batch),
        "train.{}.seconds": lambda run: run.trained.timing["train_seconds"],
        "train.{}.peak_bytes": lambda run: run.trained.timing["peak_bytes"],
        "sample.{}.seconds_per_image": lambda run: run.sampled.timing["seconds"] / run.sampled.timing["images"],
        "sample.{}.peak_bytes": lambda run: run.sampled.timing["peak_bytes"],
    }
    for name, measure in measures.items():
        metric = study.replicated(lambda run, m=measure: Measured(_size(m(run))), "log")  # type: ignore[misc]
        for variant in study.variants:
            out[name.format(variant)] = metric.level(variant)
            if name in COMPARED:
                out[f"{name.format(variant)}_change"] = metric.change(variant, BASELINE)
    return out


def _training_bytes(run: Run, batch: int) -> float:
    """The memory that training takes: weights, their gradients, AdamW's two moments, and a batch's activations."""
    costs = run.trained.costs
    return float(4 * costs["weight_bytes"] + batch * costs["training_bytes_per_image"])


def _size(value: float) -> Number:
    return {**counted(value), "kind": "size"}


def draw(study: Study, summary: Summary, folder: Path) -> Pictures:
    """Distance against multiply-adds."""
    costs = {variant: summary[f"train.{variant}.multiply_adds"]["value"] for variant in study.variants}
    distances = {variant: summary[f"evaluate.{variant}.{study.frechet}"] for variant in study.variants}
    front = _front(costs, distances)
    figure, axes = plots.panels(1, 1, plots.WIDTH, 4.2)
    ax = axes[0, 0]
    line = [costs[v] / 1e6 for v in front], [distances[v]["value"] for v in front]
    ax.plot(*line, color=plots.GREY, linewidth=1, zorder=0, drawstyle="steps-post")
    far = plots.beyond(distances)
    for i, (variant, number) in enumerate(distances.items()):
        x = costs[variant] / 1e6
        if variant in far:
            top = ax.get_xaxis_transform()
            ax.plot(x, 0.96, "^", color=plots.colour(i), markersize=7, label=variant, transform=top)
            ax.annotate(f"{number['value']:,.4g}", (x, 0.96), (7, -4), top, "offset points", color=plots.colour(i))
            continue
        ax.vlines(x, *number["ci95"], color=plots.colour(i), linewidth=1.2, alpha=0.7)
        marker = "osD"[i // len(plots.COLOURS) % 3]
        ax.plot(x, number["value"], marker, color=plots.colour(i), markersize=6, label=variant)
    ax.set(xlabel="million multiply-adds per image and step", ylabel=f"{study.distance}, lower is better", xscale="log")
    ticks = [base * 10**power for power in range(-3, 6) for base in (1, 1.5, 2, 3, 5, 7)]
    low, high = ax.get_xlim()
    ax.set_xticks([tick for tick in ticks if low <= tick <= high], [f"{t:g}" for t in ticks if low <= t <= high])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_ylim(bottom=0)
    plots.grid(ax)
    plots.legend(figure, ax)
    plots.write(figure, folder / "pareto.png")
    return {
        "pareto": Picture(
            f"{NAME}/pareto.png",
            f"{study.distance} against multiply-adds, with 95 % intervals: a variant further to the lower left is "
            "better or cheaper. A triangle at the upper edge stands for a value that is too large for the axis. The "
            "grey steps pass through the variants that no other beats in both.",
        )
    }


def _front(costs: dict[str, float], distances: dict[str, Number]) -> list[str]:
    """The variants that no other beats in both cost and distance, the cheapest first."""
    best, front = np.inf, []
    for variant in sorted(distances, key=lambda each: (costs[each], distances[each]["value"])):
        if distances[variant]["value"] < best:
            best = distances[variant]["value"]
            front.append(variant)
    return front


def finding(study: Study, summary: Summary) -> Finding:
    """Which variants no other beats in both cost and distance."""
    costs = {variant: summary[f"train.{variant}.multiply_adds"]["value"] for variant in study.variants}
    front = _front(costs, {variant: summary[f"evaluate.{variant}.{study.frechet}"] for variant in study.variants})
    named = [f"`{v}` ({costs[v] / 1e6:.1f} M)" for v in front]
    return Finding(
        f"No other variant beats {listed(named, 'or')} in both distance and multiply-adds per image and step, which "
        "stand in brackets in millions. This compares the values alone, without their intervals.",
        "pareto",
        7,
    )


def page(study: Study, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown."""
    columns = [
        words("variant"),
        Column("multiply-adds per image and step, M", 1, 1e-6),
        Column("weights, MiB", 2, MEBI),
        Column("training memory per image, MiB", 2, MEBI),
        words("channels per level"),
        Column("training, s", 0),
        Column("sampling per image, ms", 1, 1000),
        Column("peak memory in training, MiB", 0, MEBI),
        Column("in sampling, MiB", 0, MEBI),
    ]
    names = ("multiply_adds", "weight_bytes", "training_bytes_per_image")
    rows: list[list[Cell]] = [
        [
            f"`{v}`",
            *(summary[f"train.{v}.{name}"] for name in names),
            ", ".join(map(str, runs[0].trained.costs["channels_per_level"])),
            summary[f"train.{v}.seconds"],
            summary[f"sample.{v}.seconds_per_image"],
            summary[f"train.{v}.peak_bytes"],
            summary[f"sample.{v}.peak_bytes"],
        ]
        for v, runs in study.runs.items()
    ]
    device = study.baseline.trained.timing["device"].upper()
    return fill(
        Path(__file__).with_suffix(".md"),
        **pictures,
        table=Table(columns, rows),
        device=device,
        on_cpu=device == "CPU",
        workers=study.params.flow.workers if study.params.flow.workers > 1 else 0,
        batch_size=study.params.sample.batch_size,
    )

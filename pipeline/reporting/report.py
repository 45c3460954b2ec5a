"""report.md from summary.json: tables rendered from the numbers in the summary, so that the two cannot disagree."""

from pathlib import Path
from typing import Any

from pipeline.params import BASELINE, FLOOR, Params
from pipeline.reporting import figures, markdown
from pipeline.reporting.claims import VERDICTS
from pipeline.reporting.ledger import CLAIMS
from pipeline.reporting.paired import Entry, scaled
from pipeline.reporting.sources import PUBLISHED
from pipeline.reporting.summary import NEAR

NAMES = {
    "fd_classifier": "FD (classifier)",
    "fid": "FID",
    "kd_classifier": "KD (classifier)",
    "kid": "KID",
}
SHOWN = 20  # classes, at most, in the figure of hard ones: those farthest from their real images
TEMPLATE = Path(__file__).with_name("report.md.j2")


def render(
    summary: dict[str, Entry],
    decided: dict[str, dict[str, Any]],
    params: Params,
    quality: dict[str, Any],
    dataset: dict[str, Any],
    costs: dict[str, dict[str, Any]],
    device: str,
    sections: list[str],
) -> str:
    """The report as Markdown; figures are linked as figures/NAME.png.

    decided: as `ledger` gives it; costs: variant -> its costs.json; device: that training ran on; sections: Markdown of
    every subject under the microscope.
    """
    frechet = quality["frechet"]
    variants = list(params.variants)
    return markdown.render(
        TEMPLATE,
        s=summary,
        sections=sections,
        claims=CLAIMS,
        decided=decided,
        tally={v: sum(each["verdict"] == v for each in decided.values()) for v in VERDICTS},
        params=params,
        quality=quality,
        dataset=dataset,
        costs=costs,
        device=device,
        variants=variants,
        replicas=params.replicas,
        baseline=BASELINE,
        marks=marks(summary, BASELINE),
        levels=levels(summary),
        hard=hard_classes(summary),
        baseline_told=BASELINE in told(summary, variants),
        near=NEAR,
        published=PUBLISHED,
        frechet=frechet,
        kernel=quality["kernel"],
        frechet_name=NAMES[frechet],
        kernel_name=NAMES[quality["kernel"]],
        best=min(variants, key=lambda v: summary[f"evaluate.{v}.{frechet}"]["value"]),
        surest=max(told(summary, variants), key=lambda v: summary[f"evaluate.{v}.accuracy"]["value"], default=None),
        better=[v for v in variants if v != BASELINE and summary[f"evaluate.{v}.{frechet}_improvement"]["ci95"][0] > 0],
        worse=[v for v in variants if v != BASELINE and summary[f"evaluate.{v}.{frechet}_improvement"]["ci95"][1] < 0],
        changed=changed_levels(summary, variants),
    )


def draw(folder: Path, summary: dict[str, Entry], params: Params, frechet: str, classes: list[str]) -> None:
    """The figures of numbers in the summary, into an existing folder; classes: their names."""
    variants, name = list(params.variants), NAMES[frechet]
    distances = {variant: summary[f"evaluate.{variant}.{frechet}"] for variant in variants}

    def at_marks(variant: str, metric: str) -> list[tuple[float, Entry]]:
        return [(mark, summary[f"snapshots.{variant}.{mark}.{metric}"]) for mark in marks(summary, variant)]

    def at_levels(variant: str, metric: str) -> list[Entry]:
        return [summary[f"train.{variant}.noise_level.{level}.{metric}"] for level in levels(summary)]

    figures.distances(folder / "distances.png", distances, summary[f"evaluate.floor.{frechet}"], name)
    multiply_adds = {variant: summary[f"train.{variant}.multiply_adds"]["value"] for variant in variants}
    figures.pareto(folder / "pareto.png", multiply_adds, distances, name)
    shares = {v: [(x, scaled(entry, 100)) for x, entry in at_marks(v, "accuracy")] for v in told(summary, variants)}
    figures.over_training(
        folder / "snapshots.png",
        [
            (
                f"{name}, lower is better",
                {v: at_marks(v, frechet) for v in variants},
                summary[f"snapshots.floor.{frechet}"],
            ),
            *([("recognised as the class asked for, %", shares, None)] if shares else []),
        ],
    )
    figures.noise_levels(
        folder / "noise_levels.png",
        [summary[f"noise_levels.{level}.snr_db"]["value"] for level in levels(summary)],
        {variant: at_levels(variant, "loss") for variant in variants},
        {variant: at_levels(variant, "loss_change") for variant in variants},
        BASELINE,
    )
    hardest = sorted(
        sorted(hard_classes(summary), key=lambda c: -summary[f"evaluate.{BASELINE}.class.{c}.{frechet}"]["value"])[
            :SHOWN
        ]
    )
    if hardest:
        figures.hard_classes(
            folder / "hard_classes.png",
            [classes[c] for c in hardest],
            [summary[f"evaluate.{BASELINE}.class.{c}.{frechet}"] for c in hardest],
            [summary[f"evaluate.{FLOOR}.class.{c}.{frechet}"] for c in hardest],
            [summary[f"evaluate.{BASELINE}.class.{c}.accuracy"] for c in hardest],
            name,
            variants.index(BASELINE),
        )


def told(summary: dict[str, Entry], variants: list[str]) -> list[str]:
    """The variants that are told the class that is asked for."""
    return [variant for variant in variants if f"evaluate.{variant}.accuracy" in summary]


def hard_classes(summary: dict[str, Entry]) -> list[int]:
    """The classes with enough images in the baseline's samples and in the floor."""
    of = [
        {int(name.split(".")[3]) for name in summary if name.startswith(f"evaluate.{variant}.class.")}
        for variant in (BASELINE, FLOOR)
    ]
    return sorted(of[0] & of[1])


def marks(summary: dict[str, Entry], variant: str) -> list[int]:
    """Images seen at the variant's snapshots, the end of training last."""
    begins = f"snapshots.{variant}."
    parts = [name.removeprefix(begins).split(".") for name in summary if name.startswith(begins)]
    return sorted({int(part[0]) for part in parts if part[0].isdigit()})


def levels(summary: dict[str, Entry]) -> list[int]:
    """The noise levels that the validation loss is parted into, cleanest first."""
    return sorted(int(name.split(".")[1]) for name in summary if name.startswith("noise_levels."))


def changed_levels(summary: dict[str, Entry], variants: list[str]) -> dict[str, dict[str, list[int]]]:
    """Variant -> the noise levels at which its loss is `lower` or `higher` than the baseline's, whole interval."""
    out = {}
    for variant in variants:
        if variant != BASELINE:
            ends = {i: summary[f"train.{variant}.noise_level.{i}.loss_change"]["ci95"] for i in levels(summary)}
            lower, higher = [i for i, e in ends.items() if e[1] < 0], [i for i, e in ends.items() if e[0] > 0]
            out[variant] = {"lower": lower, "higher": higher}
    return out

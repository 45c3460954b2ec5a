"""report.md from summary.json: tables rendered from the numbers in the summary, so that the two cannot disagree."""

from pathlib import Path
from typing import Any

import jinja2

from pipeline.params import BASELINE, Params
from pipeline.reporting.sources import ABLATION

NAMES = {
    "fd_classifier": "FD (classifier)",
    "fid": "FID",
    "kd_classifier": "KD (classifier)",
    "kid": "KID",
}
TEMPLATE = Path(__file__).with_name("report.md.j2")


def render(
    summary: dict[str, dict[str, Any]],
    params: Params,
    quality: dict[str, Any],
    dataset: dict[str, Any],
    architectures: dict[str, dict[str, Any]],
    device: str,
) -> str:
    """The report as Markdown; figures are linked as figures/NAME.png; architectures: variant -> its costs.json."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.globals |= {"number": number, "interval": interval, "count": count}
    frechet = quality["frechet"]
    variants = list(params.variants)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        s=summary,
        params=params,
        quality=quality,
        dataset=dataset,
        architectures=architectures,
        device=device,
        variants=variants,
        replicas=params.train.replicas,
        baseline=BASELINE,
        published=ABLATION,
        frechet=frechet,
        kernel=quality["kernel"],
        frechet_name=NAMES[frechet],
        kernel_name=NAMES[quality["kernel"]],
        best=min(variants, key=lambda v: summary[f"evaluate.{v}.{frechet}"]["value"]),
        surest=max(variants, key=lambda v: summary[f"evaluate.{v}.accuracy"]["value"]),
        better=[v for v in variants if v != BASELINE and summary[f"evaluate.{v}.{frechet}_improvement"]["ci95"][0] > 0],
        worse=[v for v in variants if v != BASELINE and summary[f"evaluate.{v}.{frechet}_improvement"]["ci95"][1] < 0],
    )


def number(entry: dict[str, Any], digits: int = 2, scale: float = 1, sign: bool = False) -> str:
    """A value with its interval: 1.23 [1.10, 1.35]."""
    value = f"{entry['value'] * scale:{'+' if sign else ''}.{digits}f}"
    return f"{value} {interval(entry, digits, scale, sign)}" if "ci95" in entry else value


def interval(entry: dict[str, Any], digits: int = 2, scale: float = 1, sign: bool = False) -> str:
    """The interval alone: [1.10, 1.35]."""
    low, high = (f"{end * scale:{'+' if sign else ''}.{digits}f}" for end in entry["ci95"])
    return f"[{low}, {high}]"


def count(entry: dict[str, Any]) -> str:
    """A count as people read it: 412,345."""
    return f"{entry['value']:,.0f}"

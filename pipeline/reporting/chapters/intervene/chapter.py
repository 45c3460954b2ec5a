"""Intervene: every subject without some steps, skips or blocks of its U-Net (Prasad et al. 2023)."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.anatomy import intervened, overall, phases
from pipeline.anatomy.intervened import KINDS, Intervened
from pipeline.anatomy.source import SOURCE_BLOCKS
from pipeline.judges.number import Number
from pipeline.params import Params
from pipeline.reporting.chapters.intervene import curves, sheets
from pipeline.reporting.chapters.intervene.claims import CLAIMS as CLAIMS
from pipeline.reporting.page import Finding, Picture, Pictures, fill, fold
from pipeline.reporting.sources import SOURCE_STARTS
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary, over_networks
from pipeline.reporting.table import NOTHING, Column, Table, listed, text, words

NAME, TITLE = "intervene", "Without some steps, skips or blocks"
LIMITS = ("redundant_from", "longest_cut", "shortest_rest")


@dataclass(frozen=True)
class Found:
    """What was found of every subject, and how it was asked for."""

    params: Params
    subjects: dict[str, Intervened]


def read(study: Study) -> Found | None:
    """What `intervene` left of every subject; None where it left nothing."""
    subjects = study.of_subjects(NAME, intervened.load, overall.intervened)
    return Found(study.params, subjects) if subjects else None


def numbers(found: Found) -> Summary:
    """The numbers of every cell, of the phases, of the limits, and the effects that claims are decided by."""
    out: Summary = {}
    for subject, swept in found.subjects.items():
        for row in swept.curves.to_dict("records"):
            for name, kind in KINDS.items():
                if pd.notna(row.get(name)):
                    ends = [row[f"{name}_low"], row[f"{name}_high"]]
                    number: Number = {"value": row[name], "n": row["n_seeds"], "ci95": ends, "kind": kind}
                    out[f"{NAME}.{subject}.{row['cell']}.{name}"] = number
        out |= {f"{NAME}.{subject}.{name}": number for name, number in swept.findings.items()}
    return out


def draw(found: Found, summary: Summary, folder: Path) -> Pictures:
    """Curves over the steps, and sheets of images, for every subject."""
    asked = found.params.intervene
    drawn: Pictures = {}
    for subject, swept in found.subjects.items():
        changed = swept.cells.assign(changed=swept.cells["likeness"] < found.params.likeness.threshold)
        made = curves.draw(
            folder / subject, swept.curves, swept.findings, found.params.likeness.threshold, asked.length, asked.fills
        )
        made += sheets.draw(folder / subject, swept, changed, asked.length, asked.fills[0])
        for file, caption in made:
            drawn[f"{subject}/{file}"] = Picture(f"{NAME}/{subject}/{file}", caption, subject)
    return drawn


def finding(found: Found, summary: Summary) -> Finding | None:
    """Whether generation has phases, and how alike images stay, for the first subject."""
    subject = next(iter(found.subjects))
    phases = _phases(subject, summary)
    if phases is None:
        return None
    unrelated = summary[f"{NAME}.{subject}.{curves.UNRELATED}"]
    steps = found.params.sampler.steps
    return Finding(
        f"How much an image changes when {found.params.intervene.length} of the {steps} sampling steps of `{subject}` "
        f"are done in one depends on which steps these are; step {steps} is the first and noisiest. {phases} Likeness "
        f"begins at images of the same class that have nothing to do with each other, which have a mean SSIM of "
        f"{text(unrelated)} here (n = {unrelated['n']} seeds).",
        f"{subject}/jumps.png",
        9,
    )


def _phases(subject: str, summary: Summary) -> str | None:
    """What the test of three phases says, in sentences; None where there were too few starts for it."""
    of = f"{NAME}.{subject}"
    effect = summary.get(f"{of}.{curves.PHASED}")
    if effect is None:
        return None
    first, second = (summary[f"{of}.{name}"] for name in curves.BOUNDARIES)
    where = f"step {limit(first)} ({first['snr_db']:+.1f} dB) and step {limit(second)} ({second['snr_db']:+.1f} dB)"
    where += ", with the least and the greatest network in brackets" * first.get("ranged", False)
    gain = f"{text(effect, sign=True)} against {effect['against']}; n = {effect['n']} seeds"
    if curves.phased(effect):
        return (
            f"The curves fall into three levels, which meet at {where}: composition, transition and denoising, in the "
            f"source's words. Three levels fit better than two, than a straight line and than a smooth curve ({gain})."
        )
    said = "do not fit better than" if effect["ci95"][1] < 0 else "are not shown to fit better than"
    return (
        f"The source reads three phases off such curves, but here three levels {said} a curve without phases ({gain}). "
        f"If there were three, they would meet at {where}."
    )


def page(found: Found, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown, a part per subject."""
    drawn = found.params.sampler.name == "ddpm"  # whether a step draws noise at all
    return fill(
        Path(__file__).with_suffix(".md"),
        sampler=found.params.sampler.name.upper(),
        threshold=found.params.likeness.threshold,
        drawn=drawn,
        noisy=drawn and found.params.intervene.jump_noise == "whole",
        steps=found.params.sampler.steps,
        subjects=[_of_subject(name, swept, found, summary, pictures) for name, swept in found.subjects.items()],
    )


def _of_subject(
    subject: str, swept: Intervened, found: Found, summary: Summary, pictures: Pictures
) -> dict[str, object]:
    """What the template says of one subject."""
    asked, blocks = found.params.intervene, swept.blocks
    return {
        "name": subject,
        "networks": over_networks(summary, f"{NAME}.{subject}"),
        "blocks": blocks,
        "seeds": int(swept.curves["n_seeds"].iloc[0]),
        "parts": fold("The parts of its network", str(_parts(swept))),
        "unrelated": text(summary[f"{NAME}.{subject}.{curves.UNRELATED}"]),
        "phases": _phases(subject, summary),
        "starts": phases.FEWEST,
        "length": asked.length,
        "resamples": f"{found.params.bootstrap.resamples:,}",
        "limits": _limits(subject, swept, summary),
        "threshold": found.params.likeness.threshold,
        "cuts": listed(asked.durations),
        "rests": listed(asked.relaxations),
        "untried": [
            _untried(swept, "duration", "n", asked.durations),
            _untried(swept, "relax", "r", asked.relaxations),
        ],
        "pictures": [picture for picture in pictures.values() if picture.of == subject],
    }


def _parts(swept: Intervened) -> Table:
    columns = [words("part"), words("address"), Column("resolution"), Column("channels"), Column("multiply-adds")]
    rows = [
        [part["name"], f"`{part['address']}`", part["resolution"], part["channels"], part["multiply_adds"]]
        for part in swept.parts.to_dict("records")
    ]
    return Table(columns, rows)


def _limits(subject: str, swept: Intervened, summary: Summary) -> Table:
    """Make the table of from when, for how long and after what rest blocks may be left out."""
    blocks = swept.blocks
    columns = [
        Column(f"blocks left out, of {blocks}"),
        words("in their place"),
        Column("redundant from step"),
        Column("signal-to-noise ratio there"),
        Column("longest cut"),
        Column("shortest rest"),
        words("source: cuts from step, of 100"),
    ]
    rows = []
    for nb, fill_ in sorted({(number["nb"], number["fill"]) for number in swept.limits}):
        address = f"{NAME}.{subject}.limits.{nb}.{fill_}"
        start, cut, rest = (summary.get(f"{address}.{name}") for name in LIMITS)
        level = f"{start['snr_db']:+.1f} dB" if start and "snr_db" in start else NOTHING
        row = [f"{nb} ({100 * nb / blocks:.0f}\u00a0%)", fill_, limit(start, 0, "never"), level]
        rows.append([*row, limit(cut, 0, "none"), limit(rest), source_starts(nb, blocks)])
    return Table(columns, rows)


def _untried(swept: Intervened, sweep: str, column: str, asked: list[int]) -> str:
    """Say how many of a sweep's cells were asked for and not tried, and which. The cells are those of every number of
    blocks in the sweep over starting steps, with each of the numbers of steps that were asked for."""
    table = swept.curves
    numbers = sorted(table.loc[table["sweep"] == "blocks", "parts"].unique())
    tried = table[table["sweep"] == sweep].groupby("parts")[column].agg(set)
    missing = {int(nb): [n for n in asked if n not in tried.get(nb, set())] for nb in numbers}
    count = sum(map(len, missing.values()))
    which = "; ".join(f"{listed(of)} with nb = {nb}" for nb, of in missing.items() if of)
    return f"{count} of {len(asked) * len(numbers)}{f' ({which})' if which else ''}"


def source_starts(nb: int, blocks: int) -> str:
    """Say where the source begins to cut about this share of the blocks."""
    scaled = nb * SOURCE_BLOCKS / blocks
    near = min(SOURCE_STARTS, key=lambda each: abs(each - scaled))
    return f"{SOURCE_STARTS[near]} (nb = {near} of {SOURCE_BLOCKS})" if abs(near - scaled) <= 1 else NOTHING


def limit(number: Number | None, never: float | None = None, said: str = "") -> str:
    """A limit with its interval or its range over networks, in words where it is `never`. Its `tried` is the largest
    that could be found."""
    if number is None:
        return NOTHING
    tried = number.get("tried", float("inf"))

    def shown(value: float) -> str:
        return said if value == never else f"{round(value, 1):g}" if value <= tried else f"more than {tried:g}"

    value, (low, high) = shown(number["value"]), map(shown, number["ci95"])
    if number["value"] == tried and never == 0:
        value = f"at least {value}"
    return value if low == high else f"{value} [{low}, {high}]"

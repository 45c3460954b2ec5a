"""Shortcut: ways to save time in a subject's sampling loop, side by side (Prasad et al. 2023, and what users do)."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.anatomy import compared, overall
from pipeline.anatomy.compared import Compared
from pipeline.anatomy.interventions import plan
from pipeline.anatomy.policy import Policy
from pipeline.judges.number import Number, counted, negative, scaled, shifted
from pipeline.params import Params, Shortcut
from pipeline.reporting.chapters.shortcut import tradeoffs
from pipeline.reporting.chapters.shortcut.claims import CLAIMS as CLAIMS
from pipeline.reporting.chapters.shortcut.tradeoffs import AGAIN, SAMPLERS, UNTOUCHED
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary, networks
from pipeline.reporting.table import TOGETHER, Cell, Column, Table, text, words

NAME, TITLE = "shortcut", "What may be left out to save time"


@dataclass(frozen=True)
class Found:
    """What was found of every subject, and how it was asked for; distance: what the Frechet distance is called."""

    params: Params
    distance: str
    subjects: dict[str, Compared]


def read(study: Study) -> Found | None:
    """What `shortcut` left of every subject; None where it left nothing."""
    subjects = study.of_subjects(NAME, compared.load, overall.compared)
    return Found(study.params, study.distance, subjects) if subjects else None


def numbers(found: Found) -> Summary:
    """Likeness, distance, time and counted cost of every way to save time, what the source's strategy saves by which of
    its two means, the distance of real images, and the effects that claims are decided by."""
    out: Summary = {}
    for subject, ways in found.subjects.items():
        for row in ways.methods.to_dict("records"):
            out |= {f"{NAME}.{subject}.{slug(row['method'])}.{name}": n for name, n in _of_method(row).items()}
        if ways.real:
            out[f"{NAME}.{subject}.real.frechet"] = ways.real
        for name, share in _saved(ways).items():
            out[f"{NAME}.{subject}.source_zeros.saved_{name}"] = counted(share)
        out |= {f"{NAME}.{subject}.effects.{name}": number for name, number in ways.effects.items()}
    return out


def _of_method(row: dict[Any, Any]) -> Summary:
    out: Summary = {}
    for name in ("ssim", "likeness", "kept", "frechet"):
        if pd.notna(row.get(name)):
            out[name] = {"value": row[name], "n": row["n"], "ci95": [row[f"{name}_low"], row[f"{name}_high"]]}
    out |= {name: counted(row[name], row["n"]) for name in ("ssim_mad", "under") if pd.notna(row[name])}
    out["time"] = counted(row["time"], row["n_times"])
    if pd.notna(row["time_low"]):
        out["time"]["ci95"] = [row["time_low"], row["time_high"]]
    return out | {"multiply_adds": counted(row["cost"]), "calls": counted(row["calls"])}


def _saved(ways: Compared) -> dict[str, float]:
    """The share of the multiply-adds that the source's strategy saves by ending early, and by leaving out blocks."""
    source = ways.methods[ways.methods["method"] == ways.planned("source")[0]].iloc[0]
    end = 1 - source["calls"] / ways.steps
    return {"end": end, "blocks": 1 - source["cost"] - end}


def slug(method: str) -> str:
    """A method's name as part of a dotted name: found_ssim_0_795."""
    return re.sub(r"\W+", "_", method.lower()).strip("_")


def draw(found: Found, summary: Summary, folder: Path) -> Pictures:
    """Time saved against likeness and distance, the schedules, and images, for every subject."""
    drawn: Pictures = {}
    for subject, ways in found.subjects.items():
        made = tradeoffs.draw(folder / subject, ways, found.distance)
        for file, caption in made:
            drawn[f"{subject}/{file}"] = Picture(f"{NAME}/{subject}/{file}", caption, subject)
    return drawn


def finding(found: Found, summary: Summary) -> Finding:
    """What the source's shortcut saves on the first subject, what a schedule that was searched for saves at no less
    likeness, and what simply fewer steps of the same sampler save."""
    subject, ways = next(iter(found.subjects.items()))
    methods = ways.methods
    source = methods[methods["family"] == "source"].iloc[0]
    searched = methods[(methods["family"] == "found") & (methods["ssim"] >= source["ssim"])]
    fewer = methods[methods["ssim"].notna() & methods["family"].isin(SAMPLERS)]
    count = networks(summary, f"{NAME}.{subject}")
    where = f"`{subject}`" + (f", the first of {count} networks," if count > 1 else "")
    said = [f"The source's shortcut on {where} saves {_said(subject, source, found, summary)}."]
    if len(searched):
        best = searched.sort_values("cost").iloc[0]
        said.append(f"A schedule that was searched for saves {_said(subject, best, found, summary)}.")
        fewer = fewer[fewer["cost"] <= best["cost"] + 0.5 / ways.steps]
    if len(fewer):
        rival = fewer.sort_values("cost").iloc[-1]
        said.append(f"Fewer steps alone ({rival['method']}) save {_said(subject, rival, found, summary)}.")
    if ways.real:
        untouched = text(summary[f"{NAME}.{subject}.{UNTOUCHED}.frechet"])
        said.append(
            f"All steps come to {found.distance} {untouched}, and as many real images to {text(ways.real)} "
            f"(n = {ways.real['n']})."
        )
    said.append("Likeness is 1 where nothing has changed, and 0 for images of a class that are not related.")
    return Finding(" ".join(said), f"{subject}/pareto.png", 8)


def _said(subject: str, row: Any, found: Found, summary: Summary) -> str:
    """What a way to sample saves and keeps, in words."""
    of = f"{NAME}.{subject}.{slug(row['method'])}"
    likeness = text(summary[f"{of}.likeness"])
    distance = f", with {found.distance} {text(summary[f'{of}.frechet'])}" if f"{of}.frechet" in summary else ""
    return f"{100 * (1 - row['cost']):.0f} % of the multiply-adds, at a likeness of {likeness}{distance}"


def page(found: Found, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown, a part per subject."""
    asked = found.params.shortcut
    return fill(
        Path(__file__).with_suffix(".md"),
        batch_size=asked.batch_size,
        search=asked.search,
        learn=asked.learn,
        growth=asked.distance,
        distance=found.distance,
        subjects=[
            {
                "name": subject,
                "networks": networks(summary, f"{NAME}.{subject}"),
                "table": _table(subject, ways, found.distance, summary),
                "seeds": summary[f"{NAME}.{subject}.{UNTOUCHED}.ssim"]["n"],
                "repeats": summary[f"{NAME}.{subject}.{UNTOUCHED}.time"]["n"],
                "again": _time_saved(summary[f"{NAME}.{subject}.{slug(AGAIN)}.time"]),
                "judged": "frechet" in ways.methods,
                "forms": _forms(ways, asked),
                **{name: f"{100 * share:.0f}" for name, share in _saved(ways).items()},
                "pictures": [picture for picture in pictures.values() if picture.of == subject],
            }
            for subject, ways in found.subjects.items()
        ],
    )


def _forms(ways: Compared, asked: Shortcut) -> list[str]:
    """What is to be said of schedules that were found or were not."""
    wanted = [
        *(f"ssim-{quality:g}" for quality in asked.qualities),
        *(["distance"] if "frechet" in ways.methods else []),
    ]
    missing = [
        f"Nothing that was tried is good enough for `found, {each}`." for each in wanted if each not in ways.policies
    ]
    found = [_form(name, policy) for name, policy in ways.policies.items()]
    return [*missing, *(sentence for sentence in found if sentence)]


def _form(name: str, found: Policy) -> str | None:
    """A sentence where a schedule that was found is one of the rivals by another name."""
    steps = len(found.timesteps)
    done = plan(found.intervention, steps, found.blocks or 1)
    end = f", which ends at step {done[-1].k} of {steps}" if done[-1].ends and done[-1].k > 1 else ""
    if found.interval:
        kept = max(action.blocks for action in done)
        return (
            f"`found, {name}` is DeepCache: {kept} of {found.blocks} blocks come from the last whole call at all steps "
            f"but one in {found.interval}{end}."
        )
    if all(action.whole or action.fill == "cache" for action in done) and not all(action.whole for action in done):
        return f"`found, {name}` leaves out blocks as DeepCache does, whose last output stands in, at other steps{end}."
    if all(action.whole for action in done) and len(done) < steps:
        return f"`found, {name}` only jumps over steps: it is the same sampler in {len(done)} uneven steps{end}."
    return None


def _table(subject: str, ways: Compared, distance: str, summary: Summary) -> Table:
    """A row per method, with the source's own figures and the real images last."""
    judged = "frechet" in ways.methods
    columns = [
        words("way to sample"),
        Column("calls"),
        Column("multiply-adds saved %", 0),
        Column("time saved %", 0),
        Column("SSIM", 3),
        Column("mean absolute deviation of SSIM", 3),
        Column("likeness"),
        Column("images changed %", 0, 100),
        *([Column("class kept %", 0, 100), Column(distance)] if judged else []),
    ]
    rows: list[list[Cell]] = []
    for method in ways.methods["method"]:
        of = {name: summary.get(f"{NAME}.{subject}.{slug(method)}.{name}") for name in _NAMES}
        calls, cost, time = (of[name] or counted(0) for name in ("calls", "multiply_adds", "time"))
        row = [method, int(calls["value"]), 100 * (1 - cost["value"]), _time_saved(time)]
        row += [of["ssim"], of["ssim_mad"], of["likeness"], of["under"]]
        rows.append([*row, *([of["kept"], of["frechet"]] if judged else [])])
    unknown: list[Cell] = [None] * (len(columns) - 6)
    rows.append(["*source, on GLIDE*", "*83*", None, "*27*", "*0.795*", "*0.044*", *unknown])
    if ways.real:
        rows.append(["real test images, as many", *([None] * (len(columns) - 2)), ways.real])
    return Table(columns, rows)


_NAMES = ("calls", "multiply_adds", "time", "ssim", "ssim_mad", "likeness", "under", "kept", "frechet")


def _time_saved(time: Number) -> str:
    """The share of time that is saved, in percent, with its interval where it has one: 25 [23, 26]."""
    saved = shifted(negative(scaled(time, 100)), 100)
    return text(saved, 0).replace(", ", TOGETHER)

"""Trajectory: what happens to every subject's images at each step of the sampling loop."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.anatomy import followed, intervened, overall
from pipeline.anatomy.followed import CLEAN, KINDS, NOISY, Followed
from pipeline.judges.number import Number
from pipeline.reporting.chapters.trajectory import figures
from pipeline.reporting.chapters.trajectory.claims import CLAIMS as CLAIMS
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary, over_networks
from pipeline.reporting.table import Cell, Column, Table, text, words

NAME, TITLE = "trajectory", "What happens at each step"
SEEN = f"{CLEAN}-calibrated"
BORDERS = {"composition_ends": "the first phase ends", "denoising_begins": "the last phase begins"}


@dataclass(frozen=True)
class Found:
    """What the stages left, and what `trajectory` left of every subject."""

    study: Study
    subjects: dict[str, Followed]

    @property
    def classes(self) -> list[str]:
        """The names of the data set's classes."""
        return self.study.prepared.classes

    def borders(self, subject: str) -> dict[str, float]:
        """The borders between the phases of `intervene`, by their names there, as shares of the process; none where it
        has told no phases of the subject."""
        total = self.study.params.sampler.steps
        swept = [intervened.findings(folder) for folder in self.study.networks(intervened.STAGE, subject)]
        found = overall.over_findings(swept) if swept else {}
        ends = {name: found.get(f"phases.{name}") for name in BORDERS}
        return {name: (total - end["value"]) / total for name, end in ends.items() if end}


def read(study: Study) -> Found | None:
    """What `trajectory` left of every subject; None where it left nothing."""
    subjects = study.of_subjects(NAME, followed.load, overall.followed)
    return Found(study, subjects) if subjects else None


def numbers(found: Found) -> Summary:
    """The numbers of every step, of continuations, of recognition and bands, and the effects that decide claims."""
    out: Summary = {}
    for subject, way in found.subjects.items():
        of = f"{NAME}.{subject}"
        for table, where in ((way.steps, "steps"), (way.branches, "branches")):
            for row in table.to_dict("records"):
                out |= {f"{of}.{where}.{row['k']}.{name}": number for name, number in _of_row(row).items()}
        out |= {f"{of}.{name}": number for name, number in way.findings.items()}
        for border, done in found.borders(subject).items():
            out |= {f"{of}.at.{border}.{name}": number for name, number in _between(way.branches, done).items()}
    return out


def _between(branches: pd.DataFrame, done: float) -> dict[str, Number]:
    """The numbers of siblings that share so much of the process, read off between the steps that they part at; so are
    the ends of their intervals."""
    columns = branches.select_dtypes("number").columns
    row = {name: float(np.interp(done, branches["done"], branches[name])) for name in columns}
    return _of_row({**row, "n": _n(branches)})


def _n(branches: pd.DataFrame) -> int:
    """How many images were continued."""
    return int(branches["n"].iloc[0])


def _of_row(row: dict) -> dict[str, Number]:
    """The numbers in a row of a table."""
    return {
        name: {"value": row[name], "n": row["n"], "ci95": [row[f"{name}_low"], row[f"{name}_high"]], "kind": kind}
        for name, kind in KINDS.items()
        if name in row and pd.notna(row[name])
    }


def draw(found: Found, summary: Summary, folder: Path) -> Pictures:
    """Strips, a film and curves of every subject."""
    drawn: Pictures = {}
    for subject, way in found.subjects.items():
        borders = {BORDERS[name]: done for name, done in found.borders(subject).items()}
        for file, caption in figures.draw(folder / subject, way, found.classes, _octaves(way), borders):
            drawn[f"{subject}/{file}"] = Picture(f"{NAME}/{subject}/{file}", caption, subject)
    return drawn


def _octaves(way: Followed) -> list[str]:
    """The bands of a subject's images, as words."""
    count = sum(str(name).startswith("band_") for name in way.images)
    return [f"{2**i} to {2 ** (i + 1)}" for i in range(count)]


def finding(found: Found, summary: Summary) -> Finding | None:
    """When the first subject's images are recognised, and when they are decided."""
    subject = next(iter(found.subjects))
    of = f"{NAME}.{subject}"
    decided, seen = summary[f"{of}.half_decided"], summary.get(f"{of}.recognised.{SEEN}")
    noisy = summary.get(f"{of}.recognised.{NOISY}-calibrated")
    last = summary.get(f"{of}.steps.1.{NOISY}-calibrated")
    ended = f"{text(last, 0, 100)} % are recognised in the end, and the others count as 100 %. " if last else ""
    said = (
        f"A classifier recognises the noisy image of `{subject}` for good after {text(noisy, 0, 100)} % of the steps, "
        f"and the clean image that is predicted from it after {text(seen, 0, 100)} % (n = {seen['n']} seeds). {ended}"
        if seen and noisy
        else ""
    )
    return Finding(
        f"{said}Half of an image is decided after {text(decided, 0, 100)} % of the steps: images that share these "
        f"steps, and have fresh noise after them, have a likeness of 0.5 (n = {decided['n']} seeds).",
        f"{subject}/x0.png",
        8,
    )


def page(found: Found, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown, a part per subject."""
    return fill(
        Path(__file__).with_suffix(".md"),
        steps=found.study.params.sampler.steps,
        subjects=[_of_subject(name, way, found, summary, pictures) for name, way in found.subjects.items()],
    )


def _of_subject(subject: str, way: Followed, found: Found, summary: Summary, pictures: Pictures) -> dict[str, object]:
    """What the template says of one subject."""
    of = f"{NAME}.{subject}"
    asked = found.study.params.trajectory
    return {
        "name": subject,
        "networks": over_networks(summary, of),
        "seeds": len(way.images),
        "branched": _n(way.branches),
        "continuations": asked.continuations,
        "recognised": _recognised(of, found.classes, summary) if f"{of}.recognised.{SEEN}" in summary else None,
        "favourite": _favourite(way),
        "bands": _bands(of, way, summary),
        "decided": text(summary[f"{of}.half_decided"], 0, 100),
        "phases": " and ".join(f"{100 * done:.0f} %" for done in found.borders(subject).values()),
        "borders": _borders(subject, found, summary),
        "pictures": {
            file.split("/")[1].split(".")[0]: picture for file, picture in pictures.items() if picture.of == subject
        },
    }


def _recognised(of: str, classes: list[str], summary: Summary) -> Table:
    columns = [
        words("images of"),
        Column("the predicted clean image, %", 0, 100),
        Column("the noisy image, %", 0, 100),
        Column("the predicted clean image, answers as they are, %", 0, 100),
        Column("images"),
    ]
    names = (SEEN, f"{NOISY}-calibrated", CLEAN)
    rows: list[list[Cell]] = []
    for ending, shown in [("", "all classes"), *((f".{i}", name) for i, name in enumerate(classes))]:
        found = [summary.get(f"{of}.recognised.{name}{ending}") for name in names]
        if found[0]:
            rows.append([shown, *found, found[0]["n"]])
    return Table(columns, rows)


def _favourite(way: Followed) -> str:
    """The share of noise that the judge gives to its favourite class, in percent."""
    name = f"{NOISY}-favourite"
    return f"{100 * way.steps[name].iloc[0]:.0f}" if name in way.steps else ""


def _bands(of: str, way: Followed, summary: Summary) -> Table:
    columns = [words("cycles per image"), Column("there after so much of the process, %", 0, 100)]
    octaves = _octaves(way)
    return Table(columns, [[octave, summary[f"{of}.bands.{i + 1}"]] for i, octave in enumerate(octaves)])


def _borders(subject: str, found: Found, summary: Summary) -> Table | None:
    """How much is decided where the phases of `intervene` meet; None where there are none."""
    columns = [
        words("where"),
        Column("share of the process, %", 0, 100),
        Column("likeness of siblings"),
        Column("siblings of the same class, %", 0, 100),
    ]
    rows: list[list[Cell]] = []
    for border, done in found.borders(subject).items():
        at = f"{NAME}.{subject}.at.{border}"
        rows.append([BORDERS[border], done, summary[f"{at}.likeness"], summary.get(f"{at}.kept")])
    return Table(columns, rows) if rows else None

"""One page over several reports: a row per claim, a column per report, and which claims hold everywhere."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UserError
from pipeline.files import read_text, write_text
from pipeline.params import BASELINE, FLOOR
from pipeline.reporting.claims import CONTRADICTED, ONE_SEED, SAME, SUPPORTED, Claim
from pipeline.reporting.ledger import CLAIMS
from pipeline.reporting.page import fill
from pipeline.reporting.sources import ASKED
from pipeline.reporting.summary import Summary, children, load
from pipeline.reporting.table import Cell, Column, Table, effect, listed, words

FILE, STORY = "README.md", "report.md"
DECIDED = (SUPPORTED, CONTRADICTED, SAME)
NOT_YET = "not yet"
DATA = re.compile(r"images of the `(.+?)` set")  # in the opening of a report


@dataclass(frozen=True)
class Report:
    """A report in a folder. name: what its column is called; place: its folder, as the page links it; title: its
    heading; data: the name of its data set; made: the day on which it was committed, as year-month-day; summary: its
    summary.json."""

    name: str
    place: str
    title: str
    data: str
    made: str
    summary: Summary

    @property
    def variants(self) -> list[str]:
        """Return the variants that it trained."""
        return [name for name in children(self.summary, "train") if f"train.{name}.seconds" in self.summary]

    @property
    def seeds(self) -> int:
        """Return with how many training seeds the baseline was trained; a report of one seed gives no replicas."""
        loss = self.summary.get(f"train.{BASELINE}.loss")
        return len(loss.get("replicas", [0])) if loss else 1

    @property
    def minutes(self) -> float:
        """Return how long all its trainings took, one after the other, in minutes."""
        each = self.summary
        seconds = [each[f"train.{name}.seconds"] for name in self.variants]
        return sum(number["value"] for number in seconds) * self.seeds / 60

    @property
    def row(self) -> list[Cell]:
        """Return what the table of reports says of it."""
        frechet = next((m for m in ("fid", "fd_classifier") if f"evaluate.{BASELINE}.{m}" in self.summary), "")
        distance = [self.summary.get(f"evaluate.{name}.{frechet}") for name in (BASELINE, FLOOR)]
        seen = self.summary.get(f"train.{BASELINE}.images")
        link = f"[{self.name}]({self.place}{STORY})"
        counted: list[Cell] = [len(self.variants), self.seeds, int(seen["value"]) if seen else None]
        return [link, self.title, *counted, *distance, self.minutes, self.made]


HEADINGS = [
    *(words("report"), words("its title"), Column("variants"), Column("training seeds"), Column("images seen")),
    *(
        Column("baseline's distance"),
        Column("of real images"),
        Column("all trainings, summed, minutes", 0),
        words("committed"),
    ),
]


def write(folder: Path) -> Path:
    """Write README.md into a folder, over the report in it and those in its subfolders, and give its path. A folder
    without any report is a `UserError`."""
    found = [each for each in (folder, *sorted(folder.iterdir())) if (each / "summary.json").is_file()]
    if not found:
        raise UserError(f"{folder} holds no report; `uv run dvc repro` makes one.")
    reports = [read(each, folder) for each in found]
    write_text(folder / FILE, page(reports))
    return folder / FILE


def read(folder: Path, under: Path) -> Report:
    """Read a report; under: the folder that the page lies in."""
    place = folder.relative_to(under).as_posix()
    name, place = ("default", "") if place == "." else (place, f"{place}/")
    story = read_text(folder / STORY)
    title, data = story.splitlines()[0].removeprefix("# "), DATA.search(story)
    return Report(name, place, title, data[1] if data else name, committed(folder / "summary.json"), load(folder))


def committed(file: Path) -> str:
    """Give the day of the last commit that changed a file, or that there is none."""
    asked = ["git", "log", "-1", "--format=%cs", "--", file.name]
    done = subprocess.run(asked, cwd=file.parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or NOT_YET


def page(reports: Sequence[Report]) -> str:
    """Give the page over some reports, as Markdown."""
    named, there = {claim.name for claim in CLAIMS}, _of_all(reports)
    unnamed = [first for first in _firsts(reports) if first not in named]
    gone = [first for first in unnamed if f"claims.{first}" in there]
    subjects = [first for first in unnamed if first not in gone]
    own = [claim for claim in CLAIMS if not claim.of_subjects and f"claims.{claim.name}" in there]
    loops = {subject: _of_subject(subject, reports) for subject in subjects}
    rows = {claim.name: claim for claim in own}
    rows |= {f"{subject}.{claim.name}": claim for subject, claims in loops.items() for claim in claims}
    return fill(
        Path(__file__).with_suffix(".md"),
        gone=listed([f"`{name}`" for name in gone]),
        opening=_opening(reports, rows),
        reports=Table(HEADINGS, [each.row for each in reports]),
        agreed=_agreed(reports, rows),
        turned=_turned(reports, rows),
        architecture=_table(reports, {claim.name: claim for claim in own}),
        loops=[
            {"subject": subject, "table": _table(reports, {f"{subject}.{claim.name}": claim for claim in claims})}
            for subject, claims in loops.items()
            if claims
        ],
    )


def _firsts(reports: Sequence[Report]) -> list[str]:
    """What the names of claims begin with: a claim's own name, or the subject that it was decided for."""
    return list(dict.fromkeys(first for each in reports for first in children(each.summary, "claims")))


def _of_all(reports: Sequence[Report]) -> set[str]:
    return {name for each in reports for name in each.summary}


def _of_subject(subject: str, reports: Sequence[Report]) -> list[Claim]:
    """The claims about a subject's loop that a report has decided."""
    there = _of_all(reports)
    return [claim for claim in CLAIMS if claim.of_subjects and f"claims.{subject}.{claim.name}" in there]


def verdict(report: Report, name: str, claim: Claim) -> str | None:
    """Give the verdict of a report on a claim, by its name in the ledger; None where there is none. Of an architecture
    that was trained once a report says "one seed only", also one that was made before reports said so."""
    entry = report.summary.get(f"claims.{name}")
    if entry is None or "verdict" not in entry:
        return None
    alone = report.seeds < 2 and not claim.of_subjects and "ci95" in entry
    return ONE_SEED if alone else str(entry["verdict"])


def _table(reports: Sequence[Report], claims: dict[str, Claim]) -> Table:
    """A row per claim, by its name in the ledger, and a column per report with the verdict and the effect."""
    rows: list[list[Cell]] = []
    for name, claim in claims.items():
        cells: list[Cell] = [f"{claim.says} *({claim.source.split(',')[0]})*"]
        for report in reports:
            entry = report.summary.get(f"claims.{name}")
            cells.append(f"**{verdict(report, name, claim)}**<br>{effect(entry, claim.unit)}" if entry else None)
        rows.append(cells)
    return Table([words("claim"), *(words(report.name) for report in reports)], rows)


def _shared(reports: Sequence[Report], claims: dict[str, Claim]) -> dict[str, dict[str, str]]:
    """The claims that at least two reports have decided, with their verdicts."""
    decided = {
        name: {report.name: each for report in reports if (each := verdict(report, name, claim) or "") in DECIDED}
        for name, claim in claims.items()
    }
    return {name: each for name, each in decided.items() if len(each) > 1}


def _agreed(reports: Sequence[Report], claims: dict[str, Claim]) -> str:
    """The claims that have one verdict wherever they are decided."""
    same = {name: each for name, each in _shared(reports, claims).items() if len(set(each.values())) == 1}
    if not same:
        return "No claim is decided in two of these reports with the same verdict."
    lines = [
        f"- **{next(iter(each.values()))}** in {listed(list(each))}: {_said(name, claims)}"
        for name, each in same.items()
    ]
    return "\n".join(["Decided in more than one report, and alike in all of them:", "", *lines])


def _turned(reports: Sequence[Report], claims: dict[str, Claim]) -> str:
    """The claims whose verdict turns with the data."""
    apart = {name: each for name, each in _shared(reports, claims).items() if len(set(each.values())) > 1}
    if not apart:
        return "No claim is decided in one way by one report and in another by the next."
    lines = [
        f"- {_said(name, claims)} {'; '.join(f'**{said}** in {report}' for report, said in each.items())}."
        for name, each in apart.items()
    ]
    return "\n".join(["Decided differently, so that they turn with the data or the scale:", "", *lines])


def _said(name: str, claims: dict[str, Claim]) -> str:
    """A claim by its name in the ledger, in words, and of which subject."""
    return claims[name].says + (f" (`{name.split('.')[0]}`)" if claims[name].of_subjects else "")


def _opening(reports: Sequence[Report], claims: dict[str, Claim]) -> str:
    """What was looked at, in sentences with their numbers."""
    held = [{verdict(report, name, claim) for report in reports} for name, claim in claims.items()]
    counts = [sum(wanted in each for each in held) for wanted in (SUPPORTED, CONTRADICTED)]
    data = {report.name: report.data for report in reports}
    shared = _shared(reports, claims).values()
    apart = [each for each in shared if len({data[name] for name in each}) > 1]
    alike, alike_apart = (sum(len(set(each.values())) == 1 for each in some) for some in (shared, apart))
    asked = {claim.name: claim.source == ASKED for claim in claims.values()}
    return (
        f"{len(asked)} claims were looked at in {len(reports)} reports: {len(asked) - sum(asked.values())} of the "
        f"literature, and {sum(asked.values())} that this project asks. A claim about the sampling loop counts once "
        f"for each network that was looked into, which makes {len(claims)} rows. In at least one report {counts[0]} "
        f"rows are supported, and {counts[1]} contradicted. {len(shared)} are decided in more than one report, and "
        f"{alike} of these alike in all; {len(apart)} are decided on more than one data set, and {alike_apart} of "
        "these alike on all."
    )

"""The report: summary.json from every chapter's numbers, its figures, a page a chapter, and the story on one page."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.files import replacing, write_text
from pipeline.params import BASELINE, FLOOR
from pipeline.reporting import ledger
from pipeline.reporting.chapters import CHAPTERS, Chapter
from pipeline.reporting.claims import Decided, entries
from pipeline.reporting.page import Finding, Pictures, fill
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary, as_json
from pipeline.reporting.table import listed, percent, text

AT_MOST = 6  # findings on the first page, which is read in three minutes
STORY = "report"


@dataclass(frozen=True)
class Opened:
    """A chapter and what it found; None where it is absent."""

    chapter: Chapter
    found: Any | None


def write(study: Study, folder: Path) -> None:
    """Write report.md, a page a chapter, summary.json and figures/ into a folder."""
    chapters = [Opened(chapter, chapter.read(study)) for chapter in CHAPTERS]
    there = [each for each in chapters if each.found is not None]
    summary: Summary = {}
    for each in there:
        summary |= each.chapter.numbers(each.found)
    decided = ledger.ledger(summary, study.params.claims)
    summary |= entries(decided)

    pictures: dict[str, Pictures] = {}
    with replacing(folder / "figures") as figures:
        figures.mkdir()
        for each in there:
            (figures / each.chapter.NAME).mkdir()
            pictures[each.chapter.NAME] = each.chapter.draw(each.found, summary, figures / each.chapter.NAME)
    for each in chapters:
        write_text(folder / f"{each.chapter.NAME}.md", _page(each, summary, pictures.get(each.chapter.NAME, {})))
    write_text(folder / f"{STORY}.md", _story(study, chapters, summary, decided, pictures))
    write_text(folder / "summary.json", as_json(summary))


def _page(each: Opened, summary: Summary, pictures: Pictures) -> str:
    """A chapter's page, linked with the first page; of an absent chapter it says so."""
    absent = "This chapter is absent: its stage is switched off, or has left no outputs."
    body = absent if each.found is None else each.chapter.page(each.found, summary, pictures).strip()
    return f"# {each.chapter.TITLE}\n\n[Back to the report]({STORY}.md)\n\n{body}\n"


def _story(
    study: Study, chapters: list[Opened], summary: Summary, decided: list[Decided], pictures: dict[str, Pictures]
) -> str:
    """The first page."""
    quality, prepared = study.quality, study.prepared
    ledgers = ledger.by_subject(decided)
    return fill(
        Path(__file__).with_suffix(".md"),
        title=study.params.report.title,
        variants=len(study.variants),
        training=f"{prepared.count['train']:,}",
        data=prepared.name,
        size=prepared.image_size,
        classes=len(prepared.classes),
        seen=f"{study.baseline.images_seen:,}",
        replicas=len(study.params.replicas) if study.several else 0,
        cannot_judge=not quality.can_judge,
        judged=text(quality.accuracy, 1, 100),
        required=f"{100 * quality.min_accuracy:g}",
        distance=study.distance,
        inception=study.frechet == "fid",
        threshold=study.params.likeness.threshold,
        sentences=_sentences(study, summary, decided),
        findings=[_shown(*each, pictures) for each in _findings(chapters, summary)],
        claims=len(decided),
        tally=ledger.tally(decided),
        rate=percent(study.params.claims.false_discovery_rate),
        architecture=ledger.shown(ledgers.pop(None, []), pictures),
        subjects=[
            {"name": name, "networks": ledger.networks(of), "ledger": ledger.shown(of, pictures)}
            for name, of in ledgers.items()
        ],
        chapters=[f"[{each.chapter.TITLE}]({each.chapter.NAME}.md)" for each in chapters if each.found is not None],
        absent=listed([each.chapter.TITLE for each in chapters if each.found is None]),
        baseline=BASELINE,
    )


def _sentences(study: Study, summary: Summary, decided: list[Decided]) -> list[str]:
    """The report in five sentences: which variant is best, what differs from the baseline, what training seeds say of
    it, what came of the sources' claims, and how far their setting is from ours."""
    frechet = study.frechet
    best = min(study.variants, key=lambda v: summary[f"evaluate.{v}.{frechet}"]["value"])
    shown = {v: text(summary[f"evaluate.{v}.{frechet}"]) for v in (best, BASELINE, FLOOR)}
    ends = {v: summary[f"evaluate.{v}.{frechet}_improvement"]["ci95"] for v in study.variants if v != BASELINE}
    better, worse = [f"`{v}`" for v, e in ends.items() if e[0] > 0], [f"`{v}`" for v, e in ends.items() if e[1] < 0]
    seeds = len(study.params.replicas)
    over = f"{seeds} training seeds" if study.several else "one training seed, which decides nothing about architecture"
    counts = {
        of_subjects: ledger.tally([each for each in decided if each.claim.of_subjects == of_subjects and each.number])
        for of_subjects in (False, True)
    }
    architecture, loops = (counts[of] or "none could be decided" for of in (False, True))
    differs = sum(each.claim.setting == "differs" for each in decided)
    beside = "" if best == BASELINE else f"the baseline has {shown[BASELINE]} and "
    return [
        f"`{best}` draws the images nearest to the real ones, with {study.distance} {shown[best]} where {beside}real "
        f"test images have {shown[FLOOR]}.",
        f"With the whole 95 % interval of the difference, better than the baseline: {listed(better) or 'none'}; worse: "
        f"{listed(worse) or 'none'}. The ledger asks for more, since it decides many claims at once.",
        f"This rests on {over}.",
        f"Of the claims about architecture and training, {architecture}; of those about the sampling loop, {loops}.",
        f"In {differs} of the {len(decided)} claims the setting differs from the source's in kind, and in most others "
        "it is the source's made smaller.",
    ]


def _findings(chapters: list[Opened], summary: Summary) -> list[tuple[Chapter, Finding]]:
    """The weightiest findings, at most so many, in the order of the chapters."""
    found = [(each.chapter, each.chapter.finding(each.found, summary)) for each in chapters if each.found is not None]
    some = [(chapter, finding) for chapter, finding in found if finding is not None]
    chosen = sorted(some, key=lambda each: -each[1].weight)[:AT_MOST]
    return [each for each in some if each in chosen]


def _shown(chapter: Chapter, finding: Finding, pictures: dict[str, Pictures]) -> dict[str, Any]:
    """A finding as the template has it."""
    picture = pictures[chapter.NAME][finding.picture].brief
    return {"title": chapter.TITLE, "page": f"{chapter.NAME}.md", "says": finding.says, "picture": picture}

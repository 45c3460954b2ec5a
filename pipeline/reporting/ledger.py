"""The claims ledger: every chapter's claims put to summary.json, and how the report shows what came out."""

from collections.abc import Sequence

from pipeline.reporting.chapters import CHAPTERS
from pipeline.reporting.claims import NO_DATA, VERDICTS, Decided, decide
from pipeline.reporting.page import fold
from pipeline.reporting.summary import Summary, children
from pipeline.reporting.table import effect, listed

CLAIMS = [claim for chapter in CHAPTERS for claim in chapter.CLAIMS]
PAGE_OF = {claim.name: chapter.NAME for chapter in CHAPTERS for claim in chapter.CLAIMS}


def ledger(summary: Summary) -> list[Decided]:
    """Every claim decided from the summary alone; those about a sampling loop for every subject that has numbers."""
    subjects = dict.fromkeys(subject for stage in ("intervene", "shortcut") for subject in children(summary, stage))
    return decide(CLAIMS, summary, list(subjects))


def tally(decided: Sequence[Decided]) -> str:
    """How many claims came out how, in words: 13 supported, 11 contradicted and 4 without data."""
    counts = {verdict: sum(each.verdict == verdict for each in decided) for verdict in VERDICTS}
    words = {NO_DATA: "without data"}
    return listed([f"{count} {words.get(verdict, verdict)}" for verdict, count in counts.items() if count])


def shown(decided: Sequence[Decided]) -> str:
    """A line per claim with its verdict first, and what was measured behind a fold."""
    order = {verdict: i for i, verdict in enumerate(VERDICTS)}
    ordered = sorted(decided, key=lambda each: order[each.verdict])
    return "\n\n".join(fold(f"<b>{each.verdict}</b>: {each.claim.says}", _measured(each)) for each in ordered)


def by_subject(decided: Sequence[Decided]) -> dict[str | None, list[Decided]]:
    """The claims about architectures under None, and those about each subject's sampling loop under its name."""
    subjects = dict.fromkeys(each.subject for each in decided)
    return {subject: [each for each in decided if each.subject == subject] for subject in subjects}


def _measured(each: Decided) -> str:
    """What stands behind a verdict, as a list."""
    claim = each.claim
    lines = [f"**The source:** {claim.source}, {claim.where}.{f' It prints {claim.printed}.' if claim.printed else ''}"]
    if each.number is None:
        lines.append(f"**Here:** {NO_DATA}; it needs {each.needs}.")
    else:
        against = f", against `{each.number['against']}`" if "against" in each.number else ""
        lines.append(f"**Here:** {effect(each.number, claim.unit)}{against} (n = {each.number['n']}).")
        lines.append(f"**What was measured:** {claim.measured_by}.")
    lines.append(f"**More:** [{PAGE_OF[claim.name]}]({PAGE_OF[claim.name]}.md).")
    return "\n".join(f"- {line}" for line in lines)

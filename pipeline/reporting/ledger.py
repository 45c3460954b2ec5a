"""The claims ledger: every chapter's claims put to summary.json, and how the report shows what came out."""

from collections.abc import Sequence

from pipeline.params import SUBJECT_STAGES, Claims
from pipeline.reporting.chapters import CHAPTERS
from pipeline.reporting.claims import NO_DATA, ONE_SEED, VERDICTS, Decided, decide
from pipeline.reporting.page import Pictures, fold
from pipeline.reporting.summary import Summary, children
from pipeline.reporting.table import chance, effect, listed

CLAIMS = [claim for chapter in CHAPTERS for claim in chapter.CLAIMS]
PAGE_OF = {claim.name: chapter.NAME for chapter in CHAPTERS for claim in chapter.CLAIMS}


def ledger(summary: Summary, params: Claims) -> list[Decided]:
    """Every claim decided from the summary; those about a sampling loop for every subject that has numbers. params: the
    section `claims`, how they are decided."""
    subjects = dict.fromkeys(subject for stage in SUBJECT_STAGES for subject in children(summary, stage))
    return decide(CLAIMS, summary, list(subjects), params)


def tally(decided: Sequence[Decided]) -> str:
    """How many claims came out how, in words: 13 supported, 11 contradicted and 4 without data."""
    counts = {verdict: sum(each.verdict == verdict for each in decided) for verdict in VERDICTS}
    words = {NO_DATA: "without data", ONE_SEED: "with one training seed only"}
    return listed([f"{count} {words.get(verdict, verdict)}" for verdict, count in counts.items() if count])


def shown(decided: Sequence[Decided], pictures: dict[str, Pictures]) -> str:
    """A line per claim with its verdict first, and what was measured behind a fold; pictures: of every chapter."""
    order = {verdict: i for i, verdict in enumerate(VERDICTS)}
    ordered = sorted(decided, key=lambda each: order[each.verdict])
    return "\n\n".join(fold(f"<b>{each.verdict}</b>: {each.claim.says}", _measured(each, pictures)) for each in ordered)


def by_subject(decided: Sequence[Decided]) -> dict[str | None, list[Decided]]:
    """The claims about architectures under None, and those about each subject's sampling loop under its name."""
    subjects = dict.fromkeys(each.subject for each in decided)
    return {subject: [each for each in decided if each.subject == subject] for subject in subjects}


def networks(decided: Sequence[Decided]) -> int:
    """How many networks the claims about a subject are decided over, at most."""
    return max((len(each.number.get("replicas", [])) for each in decided if each.number), default=0) or 1


def _measured(each: Decided, pictures: dict[str, Pictures]) -> str:
    """What stands behind a verdict, as a list."""
    claim, number = each.claim, each.number
    where = claim.where if claim.where.endswith("?") else f"{claim.where}."
    lines = [f"**The source:** {claim.source}, {where}{f' It prints {claim.printed}.' if claim.printed else ''}"]
    lines.append(f"**Setting:** {claim.setting}. {claim.differs}".rstrip())
    if number is None:
        lines.append(f"**Here:** {NO_DATA}; it needs {each.needs}.")
    else:
        against = f", against `{number['against']}`" if "against" in number else ""
        decides = f"; {chance(each.adjusted)} over the whole ledger" if each.adjusted is not None else ""
        count = len(number.get("replicas", []))
        over = f" over {count} {'networks' if each.subject else 'training seeds'}" if count else ""
        lines.append(f"**Here:** {effect(number, claim.unit)}{against} (n = {number['n']}{over}{decides}).")
        if each.remark:
            lines[-1] += f" {each.remark}"
        lines.append(f"**What was measured:** {claim.measured_by}.")
        if each.margin is not None:
            lines.append(f"**Margin:** {each.margin:g} {claim.unit} count as equal.")
    page = PAGE_OF[claim.name]
    drawn, figure = pictures.get(page, {}), claim.figure or ""
    picture = drawn.get(f"{each.subject}/{figure}.png", drawn.get(figure))
    lines.append(f"**More:** [{page}]({page}.md){f', [figure](figures/{picture.file})' if picture else ''}.")
    return "\n".join(f"- {line}" for line in lines)

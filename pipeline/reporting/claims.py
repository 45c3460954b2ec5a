"""Claims of the sources, each decided by its effect's interval alone.

Every effect is signed so that a positive one speaks for the claim. The verdict is its 95 % interval's: supported when
all of it is above 0, contradicted when all of it is below, inconclusive otherwise. A claim looks up variants by the
names that they have in the shipped params.yaml and profiles. One whose variants are not there is not decided, nor is
one about images where the judge cannot judge.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.judges.number import Number
from pipeline.reporting.effects import MissingError
from pipeline.reporting.summary import Summary

SUPPORTED, CONTRADICTED, INCONCLUSIVE, NO_DATA = "supported", "contradicted", "inconclusive", "no data"
VERDICTS = (SUPPORTED, CONTRADICTED, INCONCLUSIVE, NO_DATA)


@dataclass(frozen=True)
class Claim:
    """name: the last part of its dotted name; source: author and title; where: its figure, table or section; says: the
    claim in our words; printed: the source's own figure, if it gives one; measured_by: what the effect is; unit: of the
    effect; effect: the number, signed, from the summary, and from a subject's name where the claim is about a sampling
    loop, or `MissingError`; of_subjects: whether it is decided for every subject."""

    name: str
    source: str
    where: str
    says: str
    printed: str | None
    measured_by: str
    unit: str
    effect: Callable[..., Number]
    of_subjects: bool = False


@dataclass(frozen=True)
class Decided:
    """A claim and what was found. subject: whose loop it is about, None for a claim about architectures; number: its
    effect, None where it could not be had; needs: what is missing then."""

    claim: Claim
    subject: str | None
    verdict: str
    number: Number | None = None
    needs: str = ""

    @property
    def name(self) -> str:
        """Its dotted name, without the `claims.` that it begins with in the summary."""
        return f"{self.subject}.{self.claim.name}" if self.subject else self.claim.name


def verdict(effect: Number) -> str:
    """What the interval says of a claim."""
    low, high = effect["ci95"]
    return SUPPORTED if low > 0 else CONTRADICTED if high < 0 else INCONCLUSIVE


def decide(claims: Sequence[Claim], summary: Summary, subjects: Sequence[str]) -> list[Decided]:
    """Every claim decided, those about a sampling loop for every subject."""
    out = []
    for claim in claims:
        for subject in (subjects or [""]) if claim.of_subjects else [None]:
            try:
                effect = claim.effect(summary, subject) if claim.of_subjects else claim.effect(summary)
            except MissingError as missing:
                out.append(Decided(claim, subject or None, NO_DATA, needs=str(missing)))
            else:
                out.append(Decided(claim, subject, verdict(effect), effect))
    return out


def entries(decided: Sequence[Decided]) -> Summary:
    """The decided claims' numbers with their verdicts, as they go into the summary."""
    kept = ("value", "n", "ci95", "replicas", "against")
    out: Summary = {}
    for each in decided:
        if each.number is not None:
            number = {key: value for key, value in each.number.items() if key in kept}
            out[f"claims.{each.name}"] = {**number, "verdict": each.verdict}  # type: ignore[typeddict-item]
    return out

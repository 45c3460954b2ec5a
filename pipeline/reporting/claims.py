"""Claims of the sources, each decided by its effect's p-value, with the false discoveries of the ledger controlled.

Every effect is signed so that a positive one speaks for the claim. Its two-sided p-value belongs to its 95 % interval,
and is adjusted over all decided claims by the procedure of Benjamini and Hochberg (1995). A claim that two things are
equal is decided by two one-sided tests against a margin of params.yaml (Schuirmann 1987). A claim about architecture is
decided over training seeds alone, and one about a subject's loop over the subject's networks, where it has several. A
claim looks up variants by the names that they have in the shipped params.yaml and profiles. One whose variants are not
there is not decided, nor is one about images where the judge cannot judge.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.judges.number import Number, p_value
from pipeline.params import Claims
from pipeline.reporting.effects import MissingError
from pipeline.reporting.summary import Summary

SUPPORTED, CONTRADICTED, SAME = "supported", "contradicted", "the same within the margin"
INCONCLUSIVE, ONE_SEED, NO_DATA = "inconclusive", "one seed only", "no data"
VERDICTS = (SUPPORTED, CONTRADICTED, SAME, INCONCLUSIVE, ONE_SEED, NO_DATA)
Setting = Literal["same", "scaled", "differs"]
Margin = Literal["loss", "cost"]  # a field of the section `claims`


@dataclass(frozen=True)
class Claim:
    """name: the last part of its dotted name; source: author and title; where: its figure, table or section; says: the
    claim in our words; printed: the source's own figure, if it gives one; measured_by: what the effect is; unit: of the
    effect; effect: the number, signed, from the summary, and from a subject's name where the claim is about a sampling
    loop, or `MissingError`; of_subjects: whether it is decided for every subject; size: the source's figure in the unit
    of the effect; equal: for a claim that the effect is 0, which margin it may have; setting, differs: how the setting
    differs from the source's, and a sentence on it; figure: the picture of its chapter that shows it, without the
    subject's name where every subject has one."""

    name: str
    source: str
    where: str
    says: str
    printed: str | None
    measured_by: str
    unit: str
    effect: Callable[..., Number]
    of_subjects: bool = False
    size: float | None = None
    equal: Margin | None = None
    setting: Setting = "scaled"
    differs: str = ""
    figure: str | None = None


@dataclass(frozen=True)
class Decided:
    """A claim and what was found. subject: whose loop it is about, None for a claim about architectures; number: its
    effect, None where it could not be had; needs: what is missing then; adjusted: its p-value over the whole ledger;
    margin: what counts as equal, where the claim is that."""

    claim: Claim
    subject: str | None
    verdict: str
    number: Number | None = None
    needs: str = ""
    adjusted: float | None = None
    margin: float | None = None

    @property
    def name(self) -> str:
        """Its dotted name, without the `claims.` that it begins with in the summary."""
        return f"{self.subject}.{self.claim.name}" if self.subject else self.claim.name

    @property
    def p(self) -> float | None:
        """The p-value of what the estimate says, before it is adjusted; None where nothing was sampled, or one training
        seed decides nothing."""
        if self.number is None or "ci95" not in self.number or self.verdict == ONE_SEED:
            return None
        if self.margin is None:
            return self.number.get("p", p_value(self.number))
        return max(p_value(self.number, self.margin), p_value(self.number, -self.margin))

    @property
    def remark(self) -> str:
        """What else is known where the claim was not supported, as sentences."""
        said = []
        if self.number is not None and "ci95" in self.number and self.verdict not in (SUPPORTED, ONE_SEED):
            low, high = self.number["ci95"]
            if low == high == 0:
                said.append("This cannot be decided here: the measure is at its limit in every case.")
            if self.claim.size is not None:
                inside = "inside" if low <= self.claim.size <= high else "outside"
                size = f"{self.claim.size:+g} {self.claim.unit}".strip()
                said.append(f"The source's size, {size}, lies {inside} the interval.")
        return " ".join(said)


def verdict(number: Number, adjusted: float | None, level: float, margin: float | None = None) -> str:
    """What an effect says of its claim. adjusted: its p-value, None for an effect that was counted and has no error;
    level: the largest p-value that decides; margin: what counts as equal, where the claim is that."""
    if adjusted is not None and adjusted > level:
        return INCONCLUSIVE
    if margin is not None:
        return SAME if abs(number["value"]) <= margin else CONTRADICTED
    return SUPPORTED if number["value"] > 0 else CONTRADICTED if number["value"] < 0 else INCONCLUSIVE


def decide(claims: Sequence[Claim], summary: Summary, subjects: Sequence[str], params: Claims) -> list[Decided]:
    """Every claim decided, those about a sampling loop for every subject."""
    from scipy.stats import false_discovery_control  # takes seconds to import, and other programs import this file

    looked_up = [
        _look_up(claim, summary, subject, params)
        for claim in claims
        for subject in ((subjects or [""]) if claim.of_subjects else [None])
    ]
    tested = [each for each in looked_up if each.p is not None]
    adjusted = false_discovery_control([each.p for each in tested]) if tested else []
    after = {each.name: float(p) for each, p in zip(tested, adjusted, strict=True)}
    return [_judged(each, after.get(each.name), params.false_discovery_rate) for each in looked_up]


def _look_up(claim: Claim, summary: Summary, subject: str | None, params: Claims) -> Decided:
    """The claim with its effect, not decided yet unless there is nothing to decide by."""
    margin = getattr(params.margins, claim.equal) if claim.equal else None
    try:
        effect = claim.effect(summary, subject) if claim.of_subjects else claim.effect(summary)
    except MissingError as missing:
        return Decided(claim, subject or None, NO_DATA, needs=str(missing))
    one_seed = not claim.of_subjects and "ci95" in effect and len(effect.get("replicas", [])) < 2
    return Decided(claim, subject, ONE_SEED if one_seed else INCONCLUSIVE, effect, margin=margin)


def _judged(each: Decided, adjusted: float | None, level: float) -> Decided:
    """The claim with its verdict."""
    if each.number is None or each.verdict == ONE_SEED:
        return each
    return replace(each, verdict=verdict(each.number, adjusted, level, each.margin), adjusted=adjusted)


def entries(decided: Sequence[Decided]) -> Summary:
    """The decided claims' numbers with their verdicts, as they go into the summary."""
    kept = ("value", "n", "ci95", "replicas", "dof", "against")
    out: Summary = {}
    for each in decided:
        if each.number is not None:
            number = {key: value for key, value in each.number.items() if key in kept}
            if each.p is not None and each.adjusted is not None:
                number |= {"p": each.p, "adjusted_p": each.adjusted}
            out[f"claims.{each.name}"] = {**number, "verdict": each.verdict}  # type: ignore[typeddict-item]
    return out

"""The claims ledger: what the sources said, each as a function of summary.json.

Every effect is signed so that a positive one speaks for the claim. The verdict is its 95 % interval's: supported when
all of it is above 0, contradicted when all of it is below, inconclusive otherwise. A claim looks up variants by the
names that they have in the shipped params.yaml and profiles. One whose variants are not there is not decided, nor is
one about images where the judge cannot judge.
"""

from dataclasses import dataclass
from typing import Any

from pipeline.reporting.effects import Effect, MissingError, Summary
from pipeline.reporting.paired import Entry

SUPPORTED, CONTRADICTED, INCONCLUSIVE, NO_DATA = "supported", "contradicted", "inconclusive", "no data"
KEPT = ("value", "n", "ci95", "replicas", "against")  # of an effect's entry
VERDICTS = (SUPPORTED, CONTRADICTED, INCONCLUSIVE, NO_DATA)


@dataclass(frozen=True)
class Claim:
    """name: the dotted name's last part; source: author and title; where: its figure, table or section; says: the claim
    in our words; printed: the source's own figure, if it gives one; measured_by: what the effect is; unit: of the
    effect; effect: the entry, signed, or `MissingError`."""

    name: str
    source: str
    where: str
    says: str
    printed: str | None
    measured_by: str
    unit: str
    effect: Effect


def verdict(effect: Entry) -> str:
    """What the interval says of a claim."""
    low, high = effect["ci95"]
    return SUPPORTED if low > 0 else CONTRADICTED if high < 0 else INCONCLUSIVE


def decide(claims: list[Claim], summary: Summary) -> dict[str, dict[str, Any]]:
    """Claim's name -> {verdict, and value, n, ci95 of its effect, or needs: what is missing}."""
    out: dict[str, dict[str, Any]] = {}
    for claim in claims:
        try:
            effect = claim.effect(summary)
        except MissingError as missing:
            out[claim.name] = {"verdict": NO_DATA, "needs": str(missing)}
        else:
            out[claim.name] = {"verdict": verdict(effect)}
            out[claim.name] |= {key: effect[key] for key in KEPT if key in effect}
    return out

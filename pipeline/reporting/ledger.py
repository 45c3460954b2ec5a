"""The claims ledger: every claim there is, put to summary.json."""

from typing import Any

from pipeline.reporting.architecture import ARCHITECTURE
from pipeline.reporting.claims import decide
from pipeline.reporting.dynamics import DYNAMICS
from pipeline.reporting.effects import Summary

CLAIMS = [*ARCHITECTURE, *DYNAMICS]


def ledger(summary: Summary) -> dict[str, dict[str, Any]]:
    """Claim's name -> {verdict, and value, n, ci95 of its effect, or needs: what is missing}."""
    return decide(CLAIMS, summary)

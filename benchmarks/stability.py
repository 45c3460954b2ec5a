"""How many verdicts two sets of training seeds would give differently, by how many seeds a set has.

Several reports of the same parameters, made with different training seeds, say of each claim what its effect was with
every seed. A made-up study draws the effects of its seeds from the normal distribution that has their mean and standard
deviation, and decides all claims about as the ledger does: Student's t, then Benjamini and Hochberg over all of them.
The share of pairs of such studies in which a verdict differs is about what `anatomy agree` would find with so many
seeds. Two things are left out: claims that ask whether something is equal, and the scales and rivals by which the
ledger tests some effects; here every effect is the mean of independent seeds.

    uv run python benchmarks/stability.py REPORTS REPORTS --out reports/benchmarks/stability-seeds.json
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import false_discovery_control, t

from pipeline import errors
from pipeline.errors import UserError
from pipeline.files import write_json
from pipeline.reporting import agree
from pipeline.reporting.ledger import CLAIMS
from pipeline.reporting.summary import Summary

SEEDS = (3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40)
LEVEL = 0.05  # the largest adjusted p-value that decides
PAIRS = 2000


@dataclass(frozen=True)
class Effects:
    """The effects of one claim with every training seed; pooled: how many degrees of freedom each seed beyond the first
    gives its error, 1 where no other variants' seeds help to tell it."""

    values: np.ndarray
    pooled: float


def read(reports: Sequence[Summary]) -> dict[str, Effects]:
    """The effects of every claim that all reports decide by a difference from nothing over several training seeds."""
    equal = {f"claims.{claim.name}" for claim in CLAIMS if claim.equal}
    named = [name for name in reports[0] if name.startswith("claims.") and name not in equal]
    names = [name for name in named if all(name in report for report in reports)]
    out = {}
    for name in names:
        each = [report[name] for report in reports]
        seeds = [number.get("replicas", []) for number in each]
        if min(map(len, seeds)) > 1 and all("dof" in number for number in each):
            pooled = each[0]["dof"] / (len(seeds[0]) - 1)
            out[name.removeprefix("claims.")] = Effects(np.array([x for values in seeds for x in values]), pooled)
    return out


def decide(effects: Mapping[str, Effects], seeds: int, studies: int, rng: np.random.Generator) -> np.ndarray:
    """The verdicts of made-up studies with so many seeds each, [studies, claims]: 1 supported, -1 contradicted, 0 left
    open."""
    means, p_values = [], []
    for each in effects.values():
        mean, spread = each.values.mean(), each.values.std(ddof=1)
        dof = each.pooled * (seeds - 1)
        found = mean + spread * rng.normal(size=studies) / np.sqrt(seeds)
        error = spread * np.sqrt(rng.chisquare(dof, studies) / dof / seeds)
        means.append(found)
        p_values.append(2 * t.sf(np.abs(found) / error, dof) if spread else np.full(studies, float(mean == 0)))
    adjusted = false_discovery_control(np.array(p_values), axis=0)
    return np.where(adjusted <= LEVEL, np.sign(means), 0).T


def differing(effects: Mapping[str, Effects], seeds: int, rng: np.random.Generator) -> np.ndarray:
    """How often the verdict of each claim differs between two studies with so many seeds each, [claims]."""
    one, other = (decide(effects, seeds, PAIRS, rng) for _ in range(2))
    return (one != other).mean(axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("reports", type=Path, nargs="+", help="folders of reports made with different training seeds")
    parser.add_argument("--seed", type=int, default=0, help="what the studies are drawn from")
    parser.add_argument("--out", type=Path, required=True, help="file for the numbers of verdicts that differ")
    args = parser.parse_args()
    effects = read([agree.read(folder) for folder in args.reports])
    if not effects:
        raise UserError("No claim is decided over several training seeds in all of these reports.")
    rng = np.random.default_rng(args.seed)
    found = {}
    for seeds in SEEDS:
        each = differing(effects, seeds, rng)
        found[seeds] = {"differing": float(each.sum()), "share": float(each.mean())}
        print(f"{seeds} training seeds: {each.sum():.1f} of {len(effects)} verdicts differ ({100 * each.mean():.1f} %)")
    known = len(next(iter(effects.values())).values)
    write_json(args.out, {"claims": len(effects), "training_seeds": known, "pairs": PAIRS, "by_seeds": found})


if __name__ == "__main__":
    errors.run(main)

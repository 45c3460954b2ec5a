"""How often the 95 % intervals over replicas hold the truth, in made-up studies whose truth is known.

A study has three replicas of six variants, of which one has failed: its distance is hundreds of times the others' and
has an error of its own. A replica shifts all its variants alike and each of them by something of its own; its images
are a sample of their own, which all its variants share in part. What is measured are Frechet-like distances, shares of
recognised images, and losses on validation images that all replicas share.

    uv run python benchmarks/coverage.py --out reports/benchmarks/coverage.json
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.special import stdtrit

from pipeline import errors
from pipeline.files import write_json
from pipeline.judges.number import Number
from pipeline.judges.replicated import SCALES, Measured, Replicated

VARIANTS = ("baseline", "wide", "no_attention", "res_blocks_1", "res_blocks_0", "no_skips")
FAILED = "no_skips"
REPLICAS, IMAGES, VALIDATION, RESAMPLES = 3, 450, 180, 200
DISTANCES = np.array([0.62, 0.5, 0.62, 0.7, 1.6, 350.0])
SHARES = np.array([0.96, 0.97, 0.96, 0.95, 0.93, 0.1])
LOSSES = np.array([0.040, 0.036, 0.040, 0.041, 0.047, 0.3])
Truths = tuple[Replicated, np.ndarray]  # a metric of a study, and the true levels of its variants on its scale


def distances(rng: np.random.Generator, spread: np.ndarray) -> Truths:
    """Distances whose logarithms have errors of training and of images; spread: of training, by variant."""
    truth = np.log(DISTANCES)
    training = 0.08 * rng.normal(size=REPLICAS) + spread[:, None] * rng.normal(size=(len(VARIANTS), REPLICAS))
    images = 0.06 * rng.normal(size=REPLICAS) + 0.06 * rng.normal(size=(len(VARIANTS), REPLICAS))
    return _metric(np.exp(truth[:, None] + training + images), "log"), truth


def shares(rng: np.random.Generator) -> Truths:
    """Shares of recognised images: a replica's own share, and its images drawn from it."""
    truth = SCALES["share"].to(SHARES)
    own = SCALES["share"].back(truth[:, None] + 0.015 * rng.normal(size=(len(VARIANTS), REPLICAS)))
    return _metric(rng.binomial(IMAGES, own) / IMAGES, "share"), truth


def losses(rng: np.random.Generator) -> Truths:
    """Losses on the same validation images in every replica, some of which are hard for all variants, and each a little
    harder for some."""
    hard = rng.normal(size=VALIDATION) + 0.3 * rng.normal(size=(len(VARIANTS), VALIDATION))
    of_images = np.exp(0.5 * hard - 0.125 * (1 + 0.09))
    training = 0.01 * rng.normal(size=REPLICAS) + 0.015 * rng.normal(size=(len(VARIANTS), REPLICAS))
    draws = rng.integers(VALIDATION, size=(RESAMPLES, VALIDATION))
    found = {}
    for i, variant in enumerate(VARIANTS):
        each = [LOSSES[i] * np.exp(training[i, r]) * of_images[i] for r in range(REPLICAS)]
        found[variant] = [Measured(_number(x.mean(), VALIDATION), x[draws].mean(axis=1)) for x in each]
    return Replicated(found, "log", True, frozenset({FAILED})), np.log(LOSSES)


def _metric(values: np.ndarray, scale: str) -> Replicated:
    found = {v: [Measured(_number(x, IMAGES)) for x in row] for v, row in zip(VARIANTS, values, strict=True)}
    return Replicated(found, scale, False, frozenset({FAILED}))  # type: ignore[arg-type]


def _number(value: float, n: int) -> Number:
    return {"value": float(value), "n": n, "ci95": [float(value)] * 2}


def intervals(metric: Replicated, truth: np.ndarray) -> Iterator[tuple[str, list[float], float]]:
    """Every interval of a study: what it is of, its ends, and the truth that it should hold."""
    scale = SCALES[metric.scale]
    for i, variant in enumerate(VARIANTS):
        kind = "failed variant" if variant == FAILED else "variants"
        yield f"level of the {kind}", metric.level(variant)["ci95"], float(scale.back(truth[i]))
        if i:
            found = metric.change(variant, VARIANTS[0])
            middle = (metric.on_scale(variant).mean() + metric.on_scale(VARIANTS[0]).mean()) / 2
            true = scale.gap(truth[i] - truth[0], middle if metric.scale != "share" else (truth[i] + truth[0]) / 2)
            yield f"change of the {kind}", found["ci95"], float(true)


def student(metric: Replicated, variant: str) -> tuple[float, float]:
    """The interval of a change by Student's t over the replicas of this change alone, on the scale: what pooling the
    variants is compared with."""
    gaps = metric.on_scale(variant) - metric.on_scale(VARIANTS[0])
    half = float(stdtrit(REPLICAS - 1, 0.975) * gaps.std(ddof=1) / np.sqrt(REPLICAS))
    return float(gaps.mean()) - half, float(gaps.mean()) + half


def simulate(studies: int, seed: int) -> dict[str, dict[str, float]]:
    """Of every kind of interval, how often it held the truth (`held`), over how many intervals (`n`). `width` is, for
    changes of the distance, the median width in logarithms, beside that of Student's t without pooling."""
    rng = np.random.default_rng(seed)
    alike, unlike = np.full(6, 0.1), np.array([0.08, 0.08, 0.1, 0.1, 0.14, 0.03])
    held: dict[str, list[bool]] = defaultdict(list)
    widths: dict[str, list[float]] = defaultdict(list)
    for _ in range(studies):
        metrics = {
            "distance": distances(rng, alike),
            "distance, unlike errors": distances(rng, unlike),
            "share": shares(rng),
            "loss": losses(rng),
        }
        for name, (metric, truth) in metrics.items():
            for kind, (low, high), true in intervals(metric, truth):
                held[f"{name}: {kind}"].append(low <= true <= high)
                if name == "distance" and kind == "change of the variants":
                    widths[f"{name}: {kind}"].append(float(np.log1p(high / 100) - np.log1p(low / 100)))
        metric, truth = metrics["distance"]
        for i, variant in enumerate(VARIANTS[1:-1], 1):
            low, high = student(metric, variant)
            held["distance: change of the variants, Student's t alone"].append(low <= truth[i] - truth[0] <= high)
            widths["distance: change of the variants, Student's t alone"].append(high - low)
    found = {name: {"held": float(np.mean(each)), "n": len(each)} for name, each in held.items()}
    for name, each in widths.items():
        found[name]["width"] = float(np.median(each))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--studies", type=int, default=1000, help="how many studies are made up")
    parser.add_argument("--seed", type=int, default=0, help="what they are drawn from")
    parser.add_argument("--out", type=Path, required=True, help="file for the shares of intervals that held the truth")
    args = parser.parse_args()
    found = simulate(args.studies, args.seed)
    write_json(args.out, {"studies": args.studies, "replicas": REPLICAS, "variants": len(VARIANTS), "intervals": found})
    for name, each in found.items():
        print(f"{100 * each['held']:.1f} % of {each['n']}: {name}")


if __name__ == "__main__":
    errors.run(main)

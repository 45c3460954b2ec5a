"""What every way to save time gave: how alike its images are, how far from the real ones, and what that says of the
source's sentences.

Nothing here is decided by measured time: rivals are those that cost no more in counted multiply-adds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.anatomy.compared import Compared
from pipeline.anatomy.comparison import FEWER, UNTOUCHED, Method
from pipeline.anatomy.effects import Shortcuts
from pipeline.anatomy.policy import Policy
from pipeline.anatomy.shortcuts import Candidate
from pipeline.anatomy.source import SOURCE_SSIM
from pipeline.anatomy.sweep import Loop
from pipeline.data.images import in_turn
from pipeline.judges import frechet, number, similarity
from pipeline.judges.number import Number

SETS = 200  # sets of real images that the floor is the mean of


@dataclass(frozen=True)
class Judging:
    """The judges of images uint8 [N, H, W, C]. features: gives their features, float64 [N, F]; recognised: gives the
    class that the classifier sees in each, int64 [N]; real: the Gaussian of the real training images' features."""

    features: Callable[[np.ndarray], np.ndarray]
    recognised: Callable[[np.ndarray], np.ndarray]
    real: frechet.Gaussian


@dataclass(frozen=True)
class Judged:
    """What the judges say of a method's images. seen: int [N], the class that each shows; distance: to the real images,
    with the resamples' distances [B]."""

    seen: np.ndarray
    distance: float
    distances: np.ndarray


@dataclass(frozen=True)
class Outcome:
    """An outcome is what a method gave. ssim: [N], to the untouched loop's images; unrelated: [N], of those to others
    of their class; ratios: [R], of time to the untouched loop's, one per batch; judged: None where no judge can say."""

    method: Method
    ssim: np.ndarray
    unrelated: np.ndarray
    ratios: np.ndarray
    judged: Judged | None = None

    @property
    def likeness(self) -> np.ndarray:
        """SSIM on a scale from 0, for images of a class that have nothing to do with each other, to 1, [N]."""
        return similarity.calibrated(self.ssim, self.unrelated)


def outcomes(
    all_methods: list[Method],
    images: dict[str, np.ndarray],
    labels: np.ndarray,
    times: pd.DataFrame,
    draws: np.ndarray,
    judging: Judging | None,
) -> dict[str, Outcome]:
    """Return method's name -> outcome. images: each method's, uint8 [N, H, W, C], of seeds with these labels, int [N];
    draws: int [B, N], resamples of the seeds; judging: None where no judge can say."""
    untouched, out = images[UNTOUCHED], {}
    unrelated = similarity.unrelated(untouched, labels)
    for method in all_methods:
        own, judged = images[method.name], None
        if judging:
            features = judging.features(own)
            judged = Judged(
                judging.recognised(own),
                frechet.distance(features, judging.real),
                frechet.resampled_distances(features, judging.real, draws),
            )
        ratios = times[times["method"] == method.name]["ratio"].to_numpy()
        out[method.name] = Outcome(method, similarity.ssim(own, untouched), unrelated, ratios, judged)
    return out


def floor(features: np.ndarray, labels: np.ndarray, real: frechet.Gaussian, n: int, seed: int) -> Number:
    """Return what real images score: the mean distance of sets of n of them to the real training images, and the middle
    95 % of the sets.

    features: [M, F], of real test images with labels, int [M]; seed: what the sets are drawn from. In a set the classes
    take turns. Where there are fewer than n images, a set is all of them.
    """
    sets = [in_turn(labels, int(each))[:n] for each in np.random.SeedSequence(seed).generate_state(SETS)]
    found = frechet.resampled_distances(features, real, np.stack(sets))
    low, high = np.quantile(found, [0.025, 0.975])
    return {"value": float(found.mean()), "n": min(n, len(labels)), "ci95": [float(low), float(high)], "kind": "size"}


def table(found: dict[str, Outcome], draws: np.ndarray, threshold: float) -> pd.DataFrame:
    """Return a row per method: name, family, calls, cost (multiply-adds over the untouched loop's), time (the median
    ratio, with its interval where there are six repeats); where a judge can say, frechet with its interval; and for
    what should give the untouched loop's images, ssim and likeness (mean, interval), ssim_spread and ssim_mad (standard
    and mean absolute deviation), unrelated (the mean SSIM of images that have nothing to do with each other), under
    (the share of images whose likeness is below the threshold) and, where a judge can say, kept (the share that shows
    the same class, with its interval). n counts seeds, n_times repeats."""
    rows, untouched = [], found[UNTOUCHED]
    for name, outcome in found.items():
        ssim, method, n = outcome.ssim, outcome.method, len(outcome.ssim)
        row: dict[str, Any] = {
            "method": name,
            "family": method.family,
            "calls": method.calls,
            "cost": method.multiply_adds / untouched.method.multiply_adds,
            **number.columns("time", number.median(outcome.ratios)),
            "n_times": len(outcome.ratios),
        }
        if outcome.judged:
            distance = number.resampled(outcome.judged.distance, n, outcome.judged.distances, "size")
            row |= number.columns("frechet", distance)
        if method.alike:
            row |= number.columns("ssim", number.resampled(ssim.mean(), n, ssim[draws].mean(axis=1), "correlation"))
            row |= number.columns(
                "likeness", number.resampled(outcome.likeness.mean(), n, outcome.likeness[draws].mean(axis=1))
            )
            row |= {
                "ssim_spread": ssim.std(ddof=1),
                "ssim_mad": abs(ssim - ssim.mean()).mean(),
                "unrelated": outcome.unrelated.mean(),
                "under": (outcome.likeness < threshold).mean(),
            }
            if outcome.judged and untouched.judged:
                row |= number.columns("kept", number.share(outcome.judged.seen == untouched.judged.seen))
        rows.append({**row, "n": n})
    return pd.DataFrame(rows)


def compared(
    loop: Loop,
    found: dict[str, Outcome],
    images: dict[str, np.ndarray],
    times: pd.DataFrame,
    seeds: np.ndarray,
    draws: np.ndarray,
    threshold: float,
    growth: float,
    real: Number | None,
    front: list[Candidate],
    learnt: dict[str, Candidate],
    learnt_on: int,
) -> Compared:
    """Put together what `shortcut` leaves of a subject.

    found: as `outcomes` gives it; images, times: as `comparison.measure` gives them; seeds: int [N], of the images;
    draws: int [B, N], their resamples; threshold: of likeness; growth: of the distance, that which still counts as
    little; real: the distance of real images, or None; front, learnt: as `shortcuts.find` gives them, from so many
    seeds.
    """
    plans = {name: outcome.method.intervention for name, outcome in found.items()}
    kept = {name: intervention for name, intervention in plans.items() if intervention is not None}
    policies = {
        name: Policy(
            timesteps=loop.timesteps,
            sampler=loop.sampler,
            clip=loop.clip,
            blocks=loop.blocks,
            intervention=each.intervention,
            learnt={"cost": each.cost, "ssim": each.ssim, "seeds": learnt_on},
        )
        for name, each in learnt.items()
    }
    return Compared(
        table(found, draws, threshold),
        times,
        {str(name): effect for name, effect in effects(found, draws, threshold, growth).items()},
        real,
        pd.DataFrame({"seed": seeds, **{name: each.ssim for name, each in found.items() if each.method.alike}}),
        pd.DataFrame([{"cost": each.cost, "ssim": each.ssim} for each in front]),
        {name: [each.model_dump() for each in of] for name, of in kept.items()},
        policies,
        {name: images[name] for name in kept},
        loop.steps,
        loop.blocks,
    )


def effects(found: dict[str, Outcome], draws: np.ndarray, threshold: float, growth: float) -> dict[Shortcuts, Number]:
    """What the comparison says of the source's sentences, signed so that a positive effect speaks for them.

    draws: int [B, N], resamples of the seeds; threshold: of likeness; growth: of the distance, that which still counts
    as little. An effect that needs a schedule, a rival or a judge is missing where there is none.
    """
    strategy, cached = found["source, zeros"], found["source, cache"]
    over = strategy.likeness - threshold
    out = {Shortcuts.STRATEGY_KEEPS_LIKENESS: number.resampled(over.mean(), len(over), over[draws].mean(axis=1))}
    untouched = found[UNTOUCHED].judged
    if untouched and strategy.judged and cached.judged:
        out[Shortcuts.STRATEGY_KEEPS_QUALITY] = number.difference(
            growth * untouched.distance,
            strategy.judged.distance,
            growth * untouched.distances,
            strategy.judged.distances,
            len(over),
        )
        out[Shortcuts.CACHE_BEATS_ZEROS] = _further(strategy.judged, cached.judged)
    for effect, schedule in (
        (Shortcuts.LIKENESS_BEATS_FEWER_STEPS, f"ssim-{SOURCE_SSIM:g}"),
        (Shortcuts.DISTANCE_BEATS_FEWER_STEPS, "distance"),
    ):
        mine = found.get(f"found, {schedule}")
        if mine and mine.judged:
            others = {other.method.name: other.judged for other in no_dearer(found, mine) if other.judged}
            if others:
                out[effect] = number.least({name: _further(other, mine.judged) for name, other in others.items()})
    return out


def _further(rival: Judged, mine: Judged) -> Number:
    """Return by how much further the rival's images are from the real ones."""
    return number.difference(rival.distance, mine.distance, rival.distances, mine.distances, len(mine.seen))


def no_dearer(found: dict[str, Outcome], mine: Outcome) -> list[Outcome]:
    """Return the samplers with fewer steps that cost no more multiply-adds than `mine`, to the nearest step."""
    untouched = found[UNTOUCHED].method
    limit = mine.method.multiply_adds + untouched.multiply_adds / untouched.calls / 2
    return [each for each in found.values() if each.method.family in FEWER and each.method.multiply_adds <= limit]

"""Every way to save time side by side: the same seeds, the same run, times as ratios to the untouched loop."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch

from pipeline.anatomy import rivals
from pipeline.anatomy.compared import Compared
from pipeline.anatomy.effects import Shortcuts
from pipeline.anatomy.interventions import Intervention, plan
from pipeline.anatomy.policy import Policy
from pipeline.anatomy.shortcuts import Candidate
from pipeline.anatomy.source import SOURCE_SAVED, SOURCE_SSIM
from pipeline.anatomy.sweep import Loop
from pipeline.diffusion.sampling import batches
from pipeline.judges import frechet, number, similarity
from pipeline.judges.number import Number
from pipeline.params import Shortcut

UNTOUCHED = "untouched"
SAMPLERS: dict[str, rivals.Sampler] = {"DDPM": "ddpm", "DDIM": "ddim", "DPM-Solver++": "dpm_solver"}
FEWER = tuple(SAMPLERS)

Run = Callable[[np.ndarray, np.ndarray], torch.Tensor]  # seeds, labels -> x [N, C, H, W]


@dataclass(frozen=True)
class Method:
    """A method is a way to sample. family: untouched, source, found, one of FEWER, DeepCache uniform or non-uniform;
    like: the method whose images it should give, its own sampler's untouched loop; calls: of the network for an image,
    whole or not; multiply_adds: for an image; intervention: what it leaves out, None where it is no intervention."""

    name: str
    family: str
    like: str
    calls: int
    multiply_adds: int
    run: Run
    intervention: Intervention | None = None


def methods(loop: Loop, params: Shortcut, found: dict[str, Candidate]) -> list[Method]:
    """Return all methods: the untouched loop, the source's strategy, what was found, and the rivals. Samplers with
    fewer steps are also tried with as many steps as cost what each found schedule costs."""
    steps, blocks = loop.steps, loop.blocks
    whole = loop.multiply_adds(loop.untouched[0])

    def intervened(name: str, family: str, intervention: Intervention) -> Method:
        planned = plan(intervention, steps, blocks)
        costs = sum(loop.multiply_adds(action) for action in planned)
        return Method(
            name,
            family,
            UNTOUCHED,
            len(planned),
            costs,
            lambda seeds, labels: loop.final(planned, seeds, labels),
            intervention,
        )

    out = [intervened(UNTOUCHED, "untouched", [])]
    for fill in ("zeros", "cache"):
        strategy = rivals.source_strategy(steps, blocks, fill)
        out.append(intervened(f"source, {fill}", "source", strategy))
    out += [intervened(f"found, {name}", "found", candidate.intervention) for name, candidate in found.items()]
    matched = {max(round(candidate.cost * steps), 2) for candidate in found.values()}
    for family, sampler in SAMPLERS.items():
        like = UNTOUCHED if sampler == loop.sampler else f"{family}, {steps} steps"
        counts = {count for count in (*params.fewer, *matched) if count < steps}
        for count in sorted(counts | ({steps} if like != UNTOUCHED else set()), reverse=True):
            name = f"{family}, {count} steps"
            run = rivals.fewer(loop.subject, count, sampler, loop.clip, lambda images: loop.called(images))
            out.append(Method(name, family, like, count, count * whole, run))
    for family, uniform in (("DeepCache uniform", True), ("DeepCache non-uniform", False)):
        for interval in dict.fromkeys(params.intervals):
            if interval <= steps:
                cached = rivals.deepcache(steps, blocks, interval, uniform)
                out.append(intervened(f"{family}, 1 in {interval}", family, cached))
    return out


def measure(
    loop: Loop, all_methods: list[Method], seeds: np.ndarray, labels: np.ndarray
) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
    """Sample by every method in turn. Returns each method's images uint8 [N, H, W, C], and a row per batch and method:
    seconds of sampling and decoding, and their ratio to the untouched loop's on the same batch. A batch is what the
    loop takes at a time.

    Each batch begins with another method. A first call of every network comes before the first batch and is not timed.
    """
    images: dict[str, list[np.ndarray]] = {method.name: [] for method in all_methods}
    rows: list[dict[str, Any]] = []
    rounds = list(batches(seeds, labels, loop.batch_size))
    warmed = [method for method in all_methods if method.family in ("untouched", "source", "found")]
    with loop.counting(lambda images: None):
        for method in [*warmed, all_methods[-1]]:
            loop.subject.images(method.run(seeds[:1], labels[:1]))
    for batch, (batch_seeds, batch_labels, kept) in enumerate(rounds):
        first = batch * len(all_methods) // len(rounds)
        for method in [*all_methods[first:], *all_methods[:first]]:
            start = time.perf_counter()
            drawn = loop.subject.images(method.run(batch_seeds, batch_labels))
            rows.append({"batch": batch, "method": method.name, "seconds": time.perf_counter() - start})
            images[method.name].append(drawn[:kept])
    table = pd.DataFrame(rows)
    untouched = table[table["method"] == UNTOUCHED].set_index("batch")["seconds"]
    table["ratio"] = table["seconds"] / table["batch"].map(untouched)
    return {name: np.concatenate(pieces) for name, pieces in images.items()}, table


@dataclass(frozen=True)
class Outcome:
    """An outcome is what a method gave. ssim: [N], to its own sampler's untouched loop; ratios: [R], of time to the
    untouched loop's, one per batch; distance: to the real images, with the resamples' distances [B]; nan and none where
    no judge can say."""

    method: Method
    ssim: np.ndarray
    ratios: np.ndarray
    distance: float = float("nan")
    distances: np.ndarray = field(default_factory=lambda: np.empty(0))


def outcomes(
    all_methods: list[Method],
    images: dict[str, np.ndarray],
    times: pd.DataFrame,
    draws: np.ndarray,
    features: Callable[[np.ndarray], np.ndarray] | None,
    real: frechet.Gaussian | None,
) -> dict[str, Outcome]:
    """Return method's name -> outcome. draws: int [B, N], resamples of the seeds; features: gives the features of
    images uint8 [N, H, W, C], and real is the real images' distribution of them; both None where no judge can say."""
    out = {}
    for method in all_methods:
        distance, distances = float("nan"), np.empty(0)
        if features is not None and real is not None:
            seen = features(images[method.name])
            distance, distances = frechet.distance(seen, real), frechet.resampled_distances(seen, real, draws)
        ssim = similarity.ssim(images[method.name], images[method.like])
        ratios = times[times["method"] == method.name]["ratio"].to_numpy()
        out[method.name] = Outcome(method, ssim, ratios, distance, distances)
    return out


def table(found: dict[str, Outcome], draws: np.ndarray, threshold: float) -> pd.DataFrame:
    """Return a row per method: name, family, like, calls, cost (multiply-adds over the untouched loop's), time (the
    median ratio, with its quartiles), ssim (mean, interval, standard and mean absolute deviation), under (the share of
    images below the threshold) and, where a judge can say, frechet with its interval; n counts seeds, n_times repeats.
    """
    rows, whole = [], found[UNTOUCHED].method.multiply_adds
    for name, outcome in found.items():
        ssim, method = outcome.ssim, outcome.method
        low, high = number.resampled(ssim.mean(), len(ssim), ssim[draws].mean(axis=1), "correlation")["ci95"]
        quartiles = np.quantile(outcome.ratios, [0.25, 0.5, 0.75])
        row: dict[str, Any] = {
            "method": name,
            "family": method.family,
            "like": method.like,
            "calls": method.calls,
            "cost": method.multiply_adds / whole,
            "time": quartiles[1],
            "time_low": quartiles[0],
            "time_high": quartiles[2],
            "n_times": len(outcome.ratios),
            "ssim": ssim.mean(),
            "ssim_low": low,
            "ssim_high": high,
            "ssim_spread": ssim.std(ddof=1),
            "ssim_mad": abs(ssim - ssim.mean()).mean(),
            "under": (ssim < threshold).mean(),
        }
        if len(outcome.distances):
            ends = number.resampled(outcome.distance, len(ssim), outcome.distances, "size")["ci95"]
            row |= {"frechet": outcome.distance, "frechet_low": ends[0], "frechet_high": ends[1]}
        rows.append({**row, "n": len(ssim)})
    return pd.DataFrame(rows)


def compared(
    loop: Loop,
    found: dict[str, Outcome],
    images: dict[str, np.ndarray],
    times: pd.DataFrame,
    seeds: np.ndarray,
    draws: np.ndarray,
    threshold: float,
    front: list[Candidate],
    learnt: dict[str, Candidate],
    learnt_on: int,
) -> Compared:
    """Put together what `shortcut` leaves of a subject.

    found, images, times: as `outcomes` and `measure` give them; seeds: int [N], of the images; draws: int [B, N],
    their resamples; threshold: of SSIM; front, learnt: as `shortcuts.find` gives them, from so many seeds.
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
        {str(name): effect for name, effect in effects(found, draws).items()},
        pd.DataFrame({"seed": seeds, **{name: outcome.ssim for name, outcome in found.items()}}),
        pd.DataFrame([{"cost": each.cost, "ssim": each.ssim} for each in front]),
        {name: [each.model_dump() for each in of] for name, of in kept.items()},
        policies,
        {name: images[name] for name in kept},
        loop.steps,
        loop.blocks,
    )


def effects(found: dict[str, Outcome], draws: np.ndarray) -> dict[Shortcuts, Number]:
    """What the comparison says of the source's sentences, signed so that a positive effect speaks for them.

    draws: int [B, N], resamples of the seeds. An effect that needs a schedule, a rival or a judge is missing where
    there is none.
    """
    strategy, cached = found["source, zeros"], found["source, cache"]

    def of_seeds(gaps: np.ndarray) -> Number:
        return number.resampled(gaps.mean(), len(gaps), gaps[draws].mean(axis=1))

    def further(rival: Outcome, mine: Outcome) -> Number:
        return number.difference(rival.distance, mine.distance, rival.distances, mine.distances, len(mine.ssim))

    out = {
        Shortcuts.STRATEGY_KEEPS_LIKENESS: of_seeds(strategy.ssim - SOURCE_SSIM),
        Shortcuts.CACHE_BEATS_ZEROS: of_seeds(cached.ssim - strategy.ssim),
        Shortcuts.STRATEGY_SAVES: number.median(1 - strategy.ratios - SOURCE_SAVED),
    }
    as_like = [each for each in found.values() if each.method.family == "found"]
    as_like = [each for each in as_like if each.ssim.mean() >= strategy.ssim.mean()]
    if as_like:
        cheapest = min(as_like, key=lambda each: each.method.multiply_adds)
        saved = number.median(strategy.ratios - cheapest.ratios)
        out[Shortcuts.FOUND_SAVES_MORE] = {**saved, "against": cheapest.method.name}
    for effect, schedule in (
        (Shortcuts.LIKENESS_BEATS_FEWER_STEPS, f"ssim-{SOURCE_SSIM:g}"),
        (Shortcuts.DISTANCE_BEATS_FEWER_STEPS, "distance"),
    ):
        mine = found.get(f"found, {schedule}")
        others = no_slower(found, mine) if mine else []
        if mine and others and effect == Shortcuts.LIKENESS_BEATS_FEWER_STEPS:
            gaps = {other.method.name: of_seeds(mine.ssim - other.ssim) for other in others}
            out[Shortcuts.BEATS_FEWER_STEPS_IN_LIKENESS] = number.least(gaps)
        if mine and others and len(mine.distances):
            out[effect] = number.least({other.method.name: further(other, mine) for other in others})
    return out


def no_slower(found: dict[str, Outcome], mine: Outcome) -> list[Outcome]:
    """Return the samplers with fewer steps that take no more time than `mine`. They may take 5 % more, for two equal
    loops are never timed alike."""
    limit = np.median(mine.ratios) * 1.05
    fewer = [each for each in found.values() if each.method.family in FEWER and each.method.like != each.method.name]
    return [each for each in fewer if np.median(each.ratios) <= limit]

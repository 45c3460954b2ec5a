"""Every way to save time side by side: the same seeds, the same run, times as ratios to the untouched loop.

The untouched loop is timed twice, as if it were two ways: what a difference of nothing looks like.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch

from pipeline.anatomy import rivals
from pipeline.anatomy.interventions import Intervention, plan
from pipeline.anatomy.shortcuts import Candidate
from pipeline.anatomy.sweep import Loop
from pipeline.diffusion.sampling import batches
from pipeline.params import Shortcut

UNTOUCHED, AGAIN = "untouched", "untouched, again"
SAMPLERS: dict[str, rivals.Sampler] = {"DDPM": "ddpm", "DDIM": "ddim", "DPM-Solver++": "dpm_solver"}
FEWER = tuple(SAMPLERS)

Run = Callable[[np.ndarray, np.ndarray], torch.Tensor]  # seeds, labels -> x [N, C, H, W]


@dataclass(frozen=True)
class Method:
    """A method is a way to sample. family: untouched, source, found, one of FEWER, DeepCache uniform or non-uniform;
    alike: whether it should give the untouched loop's images, as another sampler should not; calls: of the network for
    an image, whole or not; multiply_adds: for an image; intervention: what it leaves out, None where it is none."""

    name: str
    family: str
    alike: bool
    calls: int
    multiply_adds: int
    run: Run
    intervention: Intervention | None = None


def methods(loop: Loop, params: Shortcut, found: dict[str, Candidate]) -> list[Method]:
    """Return all methods: the untouched loop twice, the source's strategy, what was found, and the rivals.

    Samplers with fewer steps are also tried with as many steps as cost what each found schedule costs, to the nearest
    step; another sampler than the loop's with less than half of the steps alone, which is what it is for. DeepCache
    keeps as many blocks as the paper does, and as many as the search tries.
    """
    steps, blocks = loop.steps, loop.blocks
    whole = loop.multiply_adds(loop.untouched[0])

    def intervened(name: str, family: str, intervention: Intervention) -> Method:
        planned = plan(intervention, steps, blocks)
        costs = sum(loop.multiply_adds(action) for action in planned)
        return Method(
            name,
            family,
            True,
            len(planned),
            costs,
            lambda seeds, labels: loop.final(planned, seeds, labels),
            intervention,
        )

    untouched = intervened(UNTOUCHED, "untouched", [])
    out = [untouched, replace(untouched, name=AGAIN, intervention=None)]
    for fill in ("zeros", "cache"):
        strategy = rivals.source_strategy(steps, blocks, fill)
        out.append(intervened(f"source, {fill}", "source", strategy))
    out += [intervened(f"found, {name}", "found", candidate.intervention) for name, candidate in found.items()]
    matched = {max(round(candidate.cost * steps), 2) for candidate in found.values()}
    for family, sampler in SAMPLERS.items():
        alike = sampler == loop.sampler
        few = {count for count in matched if alike or 2 * count < steps}
        for count in sorted({*params.fewer, *few}, reverse=True):
            if count < steps or (count == steps and not alike):
                run = rivals.fewer(loop, count, sampler)
                out.append(Method(f"{family}, {count} steps", family, alike, count, count * whole, run))
    for family, uniform in (("DeepCache uniform", True), ("DeepCache non-uniform", False)):
        for kept in sorted({rivals.cached_blocks(blocks), *params.blocks}):
            for interval in dict.fromkeys(params.intervals):
                if interval <= steps:
                    cached = rivals.deepcache(steps, interval, kept, uniform)
                    out.append(intervened(f"{family}, {kept} blocks, 1 in {interval}", family, cached))
    return out


def measure(
    loop: Loop, all_methods: list[Method], seeds: np.ndarray, labels: np.ndarray
) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
    """Sample by every method in turn. Returns each method's images uint8 [N, H, W, C], and a row per batch and method:
    seconds of sampling and decoding, and their ratio to the untouched loop's on the same batch. A batch is what the
    loop takes at a time.

    Each batch takes the methods in another order, drawn once and for all, so that none has the same neighbours in every
    batch. A first call of every network comes before the first batch and is not timed.
    """
    images: dict[str, list[np.ndarray]] = {method.name: [] for method in all_methods}
    rows: list[dict[str, Any]] = []
    rounds = list(batches(seeds, labels, loop.batch_size))
    _warm(loop, all_methods, seeds[:1], labels[:1])
    for batch, (batch_seeds, batch_labels, kept) in enumerate(rounds):
        for place in np.random.default_rng(batch).permutation(len(all_methods)):
            method = all_methods[place]
            start = time.perf_counter()
            drawn = loop.subject.images(method.run(batch_seeds, batch_labels))
            rows.append({"batch": batch, "method": method.name, "seconds": time.perf_counter() - start})
            images[method.name].append(drawn[:kept])
    table = pd.DataFrame(rows)
    untouched = table[table["method"] == UNTOUCHED].set_index("batch")["seconds"]
    table["ratio"] = table["seconds"] / table["batch"].map(untouched)
    return {name: np.concatenate(pieces) for name, pieces in images.items()}, table


def _warm(loop: Loop, all_methods: list[Method], seeds: np.ndarray, labels: np.ndarray) -> None:
    """Call once every network that an intervention needs, on one seed and label, and decode an image."""
    plans = [plan(each.intervention, loop.steps, loop.blocks) for each in all_methods if each.intervention is not None]
    networks = {(action.blocks, action.skips): action for steps in plans for action in steps}
    x = loop.initial(seeds)
    with loop.counting(lambda images: None):
        for action in networks.values():
            loop.call(replace(action, fill="zeros"), [(x, {})], labels, [])
    loop.subject.images(x)

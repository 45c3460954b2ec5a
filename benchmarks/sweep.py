"""The time that a sweep as one tree saves, compared with the plain way, which samples every cell from pure noise.

The plain way computes removed blocks and puts zeros in their place, as the source does. Both do the same cells on the
same seeds in one run and take turns, start by start; the SSIM of a cell must agree to 1e-5. The factor is predicted
first, from the number of steps and from their multiply-adds. The cells are those of params.yaml, or those of the
source's figures. Where there are fewer seeds than the network takes at a time, cells share batches in the tree; in the
plain way a batch holds one cell.

    uv run python benchmarks/sweep.py --out reports/benchmarks/sweep-cpu.json
    uv run python benchmarks/sweep.py --cells source --seeds 50 --out reports/benchmarks/sweep-source-cpu.json
"""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch  # after the pipeline has set it up

from pipeline import compute, errors, params
from pipeline.anatomy import cells, networks, parts
from pipeline.anatomy.cells import Cell
from pipeline.anatomy.interventions import Action, plan
from pipeline.anatomy.sweep import Cache, Loop, calls
from pipeline.anatomy.trials import Trials
from pipeline.diffusion import subject
from pipeline.diffusion.schedule import descend
from pipeline.files import write_json
from pipeline.judges import similarity
from pipeline.progress import bar

TOLERANCE = 1e-5
SOURCE = {  # Prasad et al. 2023, Figures 18 to 21, at fewer starts and fewer values between the same ends
    "starts": 10,
    "phase_starts": 10,
    "jumps": [1, 2, 5, 10],
    "length": 5,
    "durations": [5, 12],
    "relaxations": [0, 5, 10, 20],
}


class Zeroed(Loop):
    """A sampling loop that still computes removed blocks, and puts zeros in the place of the last one's output."""

    def call(
        self, action: Action, points: list[tuple[torch.Tensor, Cache]], labels: np.ndarray, wanted: Iterable[str]
    ) -> list[tuple[torch.Tensor, Cache]]:
        if not action.blocks:
            return super().call(action, points, labels, wanted)
        address = parts.blocks(self.subject.model)[action.blocks - 1].address
        module = self.subject.model.get_submodule(address)
        hook = module.register_forward_hook(lambda _module, _inputs, output: _zeros(output))
        try:
            return super().call(replace(action, blocks=0), points, labels, wanted)
        finally:
            hook.remove()


def _zeros(output: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor | tuple[torch.Tensor, ...]:
    return (torch.zeros_like(output[0]),) if isinstance(output, tuple) else torch.zeros_like(output)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--subject", default="baseline", help="a name under subjects")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--batch-size", type=int, help="batch size of the tree; not given: intervene.batch_size")
    parser.add_argument("--cells", choices=("params", "source"), default="params")
    parser.add_argument(
        "--start", type=int, help="step that the longer cuts start at; not given: six tenths of the steps"
    )
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    args = parser.parse_args()
    values = params.load(args.params)
    chosen, sampler = values.intervene.model_copy(update={"fills": ["zeros"]}), values.sampler
    device = compute.device(values.compute.device, values.compute.threads)
    under = subject.load(networks.of(values.subjects[args.subject])[0], values.diffusion).to(device)
    timesteps = descend(sampler.timesteps, len(under.alpha_bar))
    seeds = sampler.first_seed + np.arange(args.seeds)
    labels = seeds % under.conditions
    tree = Loop(under, timesteps, sampler.name, sampler.clip, args.batch_size or chosen.batch_size)
    plain = Zeroed(under, timesteps, sampler.name, sampler.clip, min(tree.batch_size, args.seeds))
    if args.cells == "source":
        numbers = sorted({max(round(share * tree.blocks), 1) for share in (0.25, 0.5, 0.75)})  # nb of 16: 4 to 12
        chosen = chosen.model_copy(update={**SOURCE, "blocks": numbers})
    cut_at = args.start or round(0.6 * tree.steps)
    own_start = dict.fromkeys(cells.numbers_of_blocks(chosen, tree.blocks), cut_at)
    longest = dict.fromkeys(own_start, max((n for n in chosen.durations if n <= cut_at // 3), default=1))
    wanted = [
        *cells.first(chosen, tree.steps, tree.blocks),
        *cells.durations(chosen, own_start),
        *cells.relaxations(chosen, own_start, longest, tree.steps),
    ]
    plans = {cell: plan(cell.intervention, tree.steps, tree.blocks) for cell in wanted}
    alone = sum(len(steps) for steps in plans.values())
    shared = calls([steps for cell, steps in plans.items() if cell.sweep != "end"], tree.untouched)
    whole = tree.multiply_adds(tree.untouched[0])
    weighed = sum(count * tree.multiply_adds(Action(1, 0, *config)) for config, count in shared.items()) / whole
    by_steps, by_work = alone / sum(shared.values()), alone / weighed
    print(f"{len(wanted)} cells, {args.seeds} seeds, each: {alone} calls in the plain way, {sum(shared.values())} as a")
    print(f"tree. Predicted: {by_steps:.2f} times faster by steps, {by_work:.2f} by multiply-adds")

    with tempfile.TemporaryDirectory() as store:
        trials = Trials(tree, seeds, labels, None, 1, Path(store))
        seconds = {"tree": 0.0, "plain": 0.0}
        likeness: dict[Cell, np.ndarray] = {}
        for loop in (tree, plain):  # warm-up
            loop.final(loop.untouched[:2], seeds[:2], labels[:2])
        start = time.perf_counter()
        trials.start(wanted)
        seconds["tree"] += time.perf_counter() - start
        groups = defaultdict(list)
        for cell in wanted:
            groups[cell.start].append(cell)
        with bar("sweep", (alone + sum(shared.values())) * args.seeds, "img") as progress:
            tree.called = plain.called = progress.update
            for group in groups.values():
                start = time.perf_counter()
                for _ in trials.run(group):
                    pass
                seconds["tree"] += time.perf_counter() - start
                start = time.perf_counter()
                for cell in group:
                    images = under.images(plain.final(plans[cell], seeds, labels))
                    likeness[cell] = similarity.ssim(images, trials.untouched)
                    similarity.psnr(images, trials.untouched)
                seconds["plain"] += time.perf_counter() - start
    apart = {cell: likeness[cell] - trials.found[cell]["ssim"] for cell in wanted}
    gap = max(float(abs(each.mean())) for each in apart.values())
    widest = max(float(abs(each).max()) for each in apart.values())
    factor = seconds["plain"] / seconds["tree"]
    print(f"Measured: {factor:.2f} times faster ({seconds['plain']:.0f} s and {seconds['tree']:.0f} s, batches of")
    print(f"{plain.batch_size} and {tree.batch_size}); SSIM differs by {gap:.1e} at most, an image's by {widest:.1e}")
    if args.out:
        result = {
            "device": device.type,
            "threads": values.compute.threads,
            "cells": len(wanted),
            "of": args.cells,
            "seeds": args.seeds,
            "steps": tree.steps,
            "batch_size": {"tree": tree.batch_size, "plain": plain.batch_size},
            "calls": {"tree": sum(shared.values()), "plain": alone},
            "predicted": {"by_steps": by_steps, "by_multiply_adds": by_work},
            "seconds": seconds,
            "measured": factor,
            "largest_ssim_gap": gap,
            "largest_ssim_gap_of_an_image": widest,
        }
        write_json(args.out, result)
    if gap > TOLERANCE:
        raise errors.UserError(f"the two ways differ by {gap:.1e} in SSIM, more than {TOLERANCE:g}.")


if __name__ == "__main__":
    errors.run(main)

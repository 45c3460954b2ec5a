"""How many maps of DF-RISE a second are made, and how much of the network's plain throughput that is.

    uv run python benchmarks/saliency.py --out saliency.json

Every map takes a call of the network for each of its masks. The plain throughput is that of the same network with the
same number of inputs at a time, and nothing else: no masks, no likeness. Both are measured in turn, and the share is of
rounds that follow each other, so that a machine that slows down slows both. Weights are fresh, for speed does not
depend on them.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from pipeline import arguments, compute, errors, params
from pipeline.anatomy import rise
from pipeline.anatomy.explained import explained
from pipeline.diffusion import unet
from pipeline.diffusion.schedule import alpha_bar
from pipeline.diffusion.subject import Subject
from pipeline.files import write_json
from pipeline.progress import bar

CHANNELS, CLASSES = 1, 10  # of the default data set


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--maps", type=arguments.count, default=4, help="maps of one round")
    parser.add_argument("--rounds", type=arguments.count, default=5)
    parser.add_argument("--out", type=Path, required=True, help="JSON file for the result")
    args = parser.parse_args()
    values = params.load(args.params)
    chosen, size = values.saliency, values.data.image_size
    chosen.check_size(size)
    device = compute.device(values.compute.device, values.compute.threads)
    model = unet.build(values.unet, size, CHANNELS, CLASSES, 0).eval().to(device)
    levels = alpha_bar(values.diffusion.schedule, values.diffusion.timesteps)
    subject = Subject(model, values.diffusion.prediction, levels, CLASSES)
    x = torch.randn(CHANNELS, size, size, generator=torch.Generator().manual_seed(0)).to(device)
    calls = -(-chosen.masks // chosen.batch_size)

    def maps(count: int) -> None:
        for seed in range(count):
            what = explained(subject, x, len(levels) // 2, 0, chosen.likeness, chosen.batch_size)
            kept = rise.masks(seed, what.t, chosen.masks, size, chosen.cells, chosen.threshold)
            rise.weighted(kept, rise.scores(what, kept), rise.expectation(chosen.threshold))

    def plain(count: int) -> None:
        inputs = x.expand(chosen.batch_size, -1, -1, -1).clone()
        labels = torch.zeros(chosen.batch_size, dtype=torch.long, device=device)
        with torch.inference_mode():
            for _ in range(count * calls):
                subject.predict(model, inputs, len(levels) // 2, labels)

    def seconds(work: Callable[[int], None]) -> float:
        start = time.perf_counter()
        work(args.maps)
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    maps(1)
    plain(1)
    rounds = []
    with bar("benchmark: saliency", args.rounds, "round") as progress:
        for _ in range(args.rounds):
            rounds.append((seconds(maps), seconds(plain)))
            progress.update()
    ours, theirs = np.array(rounds).T
    speed, reached = args.maps / ours, theirs / ours
    result = {
        "device": device.type,
        "threads": values.compute.threads,
        "masks": chosen.masks,
        "batch_size": chosen.batch_size,
        "maps_per_round": args.maps,
        "rounds": args.rounds,
        "maps_per_second": {"median": float(np.median(speed)), "rounds": speed.tolist()},
        "share_of_plain_throughput": {"median": float(np.median(reached)), "rounds": reached.tolist()},
    }
    write_json(args.out, result)
    print(
        f"{np.median(speed):.2f} maps a second of {chosen.masks} masks each, {100 * np.median(reached):.0f} % of "
        f"the plain throughput (medians of {args.rounds} rounds)."
    )


if __name__ == "__main__":
    errors.run(main)

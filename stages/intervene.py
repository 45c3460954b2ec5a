"""intervene: a subject without some steps, skips or blocks, against its untouched images, paired by seed."""

import argparse
import hashlib
import json
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np

from pipeline import errors, params
from pipeline.files import empty_folder, remove, replacing, write_json
from pipeline.progress import bar


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--subject", required=True, help="a name under subjects")
    parser.add_argument("--judges", type=Path, required=True, help="folder that judges wrote")
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder to go on from, and to save to")
    parser.add_argument("--out", type=Path, required=True, help="folder of parts, cells, curves, findings and pictures")
    args = parser.parse_args()
    values = params.load(args.params)
    chosen, sampler = values.intervene, values.sampler
    if not chosen.run:
        empty_folder(args.out)
        return
    # Seconds of torch, which a stage that is switched off need not wait for.
    from pipeline import compute
    from pipeline.anatomy import cells, parts
    from pipeline.anatomy.cells import Cell
    from pipeline.anatomy.curves import Curves
    from pipeline.anatomy.findings import findings
    from pipeline.anatomy.sweep import Loop
    from pipeline.anatomy.trials import Trials
    from pipeline.diffusion import subject
    from pipeline.diffusion.schedule import descend, snr_db
    from pipeline.judges import bootstrap, classifier, features

    device = compute.device(values.compute.device, values.compute.threads)
    judge = classifier.load(args.judges / "classifier").to(device)
    under = subject.load(values.subjects[args.subject], values.diffusion).to(device)
    loop = Loop(under, descend(sampler.timesteps, len(under.alpha_bar)), sampler.name, sampler.clip, chosen.batch_size)
    seeds = sampler.first_seed + np.arange(chosen.seeds)
    labels = seeds % under.conditions
    sees = partial(classifier.predict, judge) if judge.image_shape == under.image_shape else None

    determined_by = [
        under.sha256(),
        features.classifier_judge(judge).identity,
        sampler.model_dump(),
        [chosen.seeds, chosen.shown, chosen.batch_size],
        compute.fingerprint(device),
    ]
    key = hashlib.sha256(json.dumps(determined_by).encode()).hexdigest()
    store = args.checkpoints / f"intervene-{args.subject}-{key[:12]}"  # other parameters' are left alone
    trials = Trials(loop, seeds, labels, sees, chosen.shown, store)
    draws = bootstrap.draws(labels, values.bootstrap.resamples, values.bootstrap.seed)
    curves = Curves(trials.found, draws, values.likeness.threshold)

    def run(wanted: Iterable[Cell], what: str) -> None:
        wanted = list(wanted)
        with bar(f"intervene: {args.subject} {what}", trials.calls(wanted) * len(seeds), "img") as progress:
            loop.told = progress.update
            for cell in trials.run(wanted):
                progress.set_postfix_str(cell.name, refresh=False)

    first = list(cells.first(chosen, loop.steps, loop.blocks))
    with bar(f"intervene: {args.subject} untouched", loop.steps * len(seeds), "img") as progress:
        loop.told = progress.update
        trials.start(first)
    run(first, "starts")
    own_start = curves.own_starts(chosen.fills[0])
    run(cells.durations(chosen, own_start), "durations")
    run(cells.relaxations(chosen, own_start, curves.longest_cuts(chosen.fills[0]), loop.steps), "rests")

    levels = snr_db(under.alpha_bar)
    at = {k: float(levels[t]) for k, t in zip(range(loop.steps, 0, -1), loop.timesteps, strict=True)}
    with replacing(args.out) as folder:
        folder.mkdir()
        parts.table(under).to_csv(folder / "parts.csv", index=False)
        curves.per_seed(seeds).to_csv(folder / "cells.csv", index=False, float_format="%.6g")
        curves.table(at).to_csv(folder / "curves.csv", index=False, float_format="%.6g")
        write_json(folder / "findings.json", findings(curves, chosen, at))
        np.savez(
            folder / "pictures.npz",
            allow_pickle=False,
            untouched=trials.untouched[: chosen.shown],
            **{cell.name: found["images"] for cell, found in trials.found.items()},
        )
    remove(store)


if __name__ == "__main__":
    errors.run(main)

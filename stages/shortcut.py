"""shortcut: the cheapest schedule at a given quality, learnt on some seeds, beside its rivals on others."""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import errors, params
from pipeline.files import empty_folder, read_json, replacing, write_json
from pipeline.progress import bar


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--subject", required=True, help="a name under subjects")
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--judges", type=Path, required=True, help="folder that judges wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder of policies, methods, times and pictures")
    args = parser.parse_args()
    values = params.load(args.params)
    chosen, sampler = values.shortcut, values.sampler
    if not chosen.run:
        empty_folder(args.out)
        return
    # Seconds of torch, which a stage that is switched off need not wait for.
    from pipeline import compute
    from pipeline.anatomy import comparison, shortcuts
    from pipeline.anatomy.policy import Policy
    from pipeline.anatomy.sweep import Loop
    from pipeline.diffusion import subject
    from pipeline.diffusion.schedule import descend
    from pipeline.judges import bootstrap, classifier, frechet, reference
    from pipeline.judges.features import choose, extract

    device = compute.device(values.compute.device, values.compute.threads)
    under = subject.load(values.subjects[args.subject], values.diffusion).to(device)
    timesteps = descend(sampler.timesteps, len(under.alpha_bar))
    size = min(chosen.search_batch_size, chosen.learn)
    loop = Loop(under, timesteps, sampler.name, sampler.clip, size)
    seeds = sampler.first_seed + np.arange(chosen.learn + chosen.report)
    labels = seeds % under.conditions
    learn, report = slice(chosen.learn), slice(chosen.learn, None)

    trained = classifier.load(args.judges / "classifier").to(device)
    features = distance = real = None
    if trained.image_shape == under.image_shape:
        judge, sha256 = choose(values.judges, trained), read_json(args.data / "dataset.json")["sha256"]["train"]
        real = reference.load(args.judges / "reference", sha256, judge).statistics
        features = partial(extract, judge, device=device)
        distance = lambda images: frechet.distance(features(images), real)  # noqa: E731

    with bar(f"shortcut: {args.subject} search", chosen.learn * loop.steps, "img") as progress:
        loop.told = progress.update
        untouched = under.images(loop.final(loop.untouched, seeds[learn], labels[learn]))
        some = slice(max(chosen.learn // 3, 2))  # of the seeds: every schedule is tried on them
        front = shortcuts.search(
            loop,
            list(shortcuts.schedules(chosen, loop.steps)),
            seeds[some],
            labels[some],
            untouched[some],
            chosen.qualities,
        )
        found = shortcuts.learnt(loop, front, seeds[learn], labels[learn], untouched, chosen, distance)

    timed = Loop(under, timesteps, sampler.name, sampler.clip, chosen.batch_size)
    methods = comparison.methods(timed, chosen, found)
    rounds = -(-chosen.report // chosen.batch_size)
    total = sum(method.calls for method in methods) * rounds * chosen.batch_size
    with bar(f"shortcut: {args.subject} rivals", total, "img") as progress:
        timed.told = progress.update
        images, times = comparison.measure(timed, methods, seeds[report], labels[report])
    draws = bootstrap.draws(labels[report], values.bootstrap.resamples, values.bootstrap.seed)
    outcomes = comparison.outcomes(methods, images, times, draws, features, real)
    table = comparison.table(outcomes, draws, values.likeness.threshold, methods[0].multiply_adds)

    with replacing(args.out) as folder:
        folder.mkdir()
        table.to_csv(folder / "methods.csv", index=False, float_format="%.6g")
        times.to_csv(folder / "times.csv", index=False, float_format="%.6g")
        likeness = {name: outcome.ssim for name, outcome in outcomes.items()}
        pd.DataFrame({"seed": seeds[report], **likeness}).to_csv(folder / "ssim.csv", index=False, float_format="%.6g")
        pd.DataFrame([{"cost": each.cost, "ssim": each.ssim} for each in front]).to_csv(
            folder / "front.csv", index=False
        )
        write_json(folder / "effects.json", comparison.effects(outcomes, draws))
        plans = {method.name: method.intervention for method in methods if method.intervention is not None}
        write_json(folder / "plans.json", {name: [each.model_dump() for each in of] for name, of in plans.items()})
        for name, candidate in found.items():
            learnt: dict[str, float] = {"cost": candidate.cost, "ssim": candidate.ssim, "seeds": chosen.learn}
            policy = Policy(
                timesteps=timesteps,
                sampler=sampler.name,
                clip=sampler.clip,
                blocks=loop.blocks,
                intervention=candidate.intervention,
                learnt=learnt,
            )
            policy.save(folder / "policies" / f"{name}.json")
        np.savez(folder / "pictures.npz", allow_pickle=False, **{name: images[name] for name in plans})


if __name__ == "__main__":
    errors.run(main)

"""shortcut: learn the cheapest schedule at a given quality on some seeds, and compare it with rivals on others."""

import argparse
from functools import partial
from pathlib import Path

from pipeline import arguments, errors, params
from pipeline.files import empty_folder
from pipeline.progress import bar


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--subject", required=True, help="a name under subjects")
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--judges", type=Path, required=True, help="folder that judges wrote")
    parser.add_argument(
        "--out", type=arguments.out, required=True, help="folder for policies, methods, times and pictures"
    )
    args = parser.parse_args()
    values = params.load(args.params)
    chosen, sampler = values.shortcut, values.sampler
    if not chosen.run:
        empty_folder(args.out)
        return
    # Torch takes seconds to import, and a stage that is switched off does not need it.
    from pipeline import compute
    from pipeline.anatomy import comparison, shortcuts
    from pipeline.anatomy.sweep import Loop
    from pipeline.data import prepared
    from pipeline.diffusion import subject as subjects
    from pipeline.diffusion.noise import seeds_from
    from pipeline.diffusion.schedule import descend
    from pipeline.judges import bootstrap, classifier, frechet, reference
    from pipeline.judges.features import choose, extract

    device = compute.device(values.compute.device, values.compute.threads)
    subject = subjects.load(params.subject(values.subjects, args.subject), values.diffusion).to(device)
    timesteps = descend(sampler.timesteps, len(subject.alpha_bar))
    size = min(chosen.search_batch_size, chosen.learn)
    loop = Loop(subject, timesteps, sampler.name, sampler.clip, size)
    seeds = seeds_from(sampler.first_seed, chosen.learn + chosen.report)
    labels = subject.labels(seeds)
    learn, report = slice(chosen.learn), slice(chosen.learn, None)

    trained = classifier.load(args.judges / "classifier").to(device)
    features = distance = real = None
    if trained.image_shape == subject.image_shape:
        judge, sha256 = choose(values.judges, trained), prepared.dataset(args.data).sha256["train"]
        real = reference.load(args.judges / "reference", sha256, judge).statistics
        features = partial(extract, judge, device=device)
        distance = lambda images: frechet.distance(features(images), real)  # noqa: E731

    with (
        bar(f"shortcut: {args.subject} search", chosen.learn * loop.steps, "img") as progress,
        loop.counting(progress.update),
    ):
        front, found = shortcuts.find(loop, chosen, seeds[learn], labels[learn], distance)

    timed = Loop(subject, timesteps, sampler.name, sampler.clip, chosen.batch_size)
    methods = comparison.methods(timed, chosen, found)
    rounds = -(-chosen.report // chosen.batch_size)
    total = sum(method.calls for method in methods) * rounds * chosen.batch_size
    with bar(f"shortcut: {args.subject} rivals", total, "img") as progress, timed.counting(progress.update):
        images, times = comparison.measure(timed, methods, seeds[report], labels[report])
    draws = bootstrap.draws(labels[report], values.bootstrap.resamples, values.bootstrap.seed)
    outcomes = comparison.outcomes(methods, images, times, draws, features, real)
    comparison.compared(
        timed, outcomes, images, times, seeds[report], draws, values.likeness.threshold, front, found, chosen.learn
    ).save(args.out)


if __name__ == "__main__":
    errors.run(main)

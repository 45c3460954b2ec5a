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
        "--out",
        type=arguments.out,
        required=True,
        help="folder for policies, methods, times and pictures of each network",
    )
    args = parser.parse_args()
    values = params.load(args.params)
    chosen, sampler = values.shortcut, values.sampler
    if not values.looks("shortcut", args.subject):
        empty_folder(args.out)
        return
    # Torch takes seconds to import, and a stage that has nothing to do does not need it.
    from pipeline import compute
    from pipeline.anatomy import comparison, networks, outcomes, shortcuts
    from pipeline.anatomy.networks import Network
    from pipeline.anatomy.sweep import Loop
    from pipeline.data import prepared
    from pipeline.diffusion import subject as subjects
    from pipeline.diffusion.schedule import descend
    from pipeline.diffusion.seeds import seeds_from
    from pipeline.judges import bootstrap, classifier, frechet, reference
    from pipeline.judges.features import choose, extract

    def look(network: Network) -> None:
        device = compute.device(values.compute.device, network.threads)
        subject = subjects.load(network.asked, values.diffusion).to(device)
        timesteps = descend(sampler.timesteps, len(subject.alpha_bar))
        size = min(chosen.search_batch_size, chosen.learn)
        loop = Loop(subject, timesteps, sampler.name, sampler.clip, size)
        count = chosen.learn + chosen.report
        seeds = seeds_from(network.first_seed(sampler.first_seed, count), count)
        labels = subject.labels(seeds)
        learn, report = slice(chosen.learn), slice(chosen.learn, None)

        trained = classifier.load(args.judges / "classifier").to(device)
        judging = distance = floor = None
        if trained.image_shape == subject.image_shape:
            dataset = prepared.dataset(args.data)
            judge, test = choose(values.judges, trained), dataset.split("test")
            real = reference.load(args.judges / "reference", dataset.sha256["train"], judge).statistics
            features = partial(extract, judge, device=device)
            judging = outcomes.Judging(features, partial(classifier.predict, trained), real)
            distance = lambda images: frechet.distance(features(images), real)  # noqa: E731
            floor = outcomes.floor(features(test.images), test.labels, real, chosen.report, values.bootstrap.seed)

        with (
            bar(f"shortcut: {network.name} search", chosen.learn * loop.steps, "img") as progress,
            loop.counting(progress.update),
        ):
            front, found = shortcuts.find(loop, chosen, seeds[learn], labels[learn], distance)

        timed = Loop(subject, timesteps, sampler.name, sampler.clip, chosen.batch_size)
        methods = comparison.methods(timed, chosen, found)
        rounds = -(-chosen.report // chosen.batch_size)
        total = sum(method.calls for method in methods) * rounds * chosen.batch_size
        with bar(f"shortcut: {network.name} rivals", total, "img") as progress, timed.counting(progress.update):
            images, times = comparison.measure(timed, methods, seeds[report], labels[report])
        draws = bootstrap.draws(labels[report], values.bootstrap.resamples, values.bootstrap.seed)
        gave = outcomes.outcomes(methods, images, labels[report], times, draws, judging)
        outcomes.compared(
            timed,
            gave,
            images,
            times,
            seeds[report],
            draws,
            values.likeness.threshold,
            chosen.distance,
            floor,
            front,
            found,
            chosen.learn,
        ).save(network.folder)

    networks.look(look, args.subject, params.subject(values.subjects, args.subject), values, args.out)


if __name__ == "__main__":
    errors.run(main)

"""growth: follow what every variant draws from the same seeds, and what the baseline draws over its training."""

import argparse
from functools import partial
from pathlib import Path

from pipeline import arguments, errors, params
from pipeline.anatomy import grown
from pipeline.anatomy.grown import Network
from pipeline.files import empty_folder
from pipeline.params import BASELINE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--trained", type=Path, required=True, help="folder that train wrote, of all variants")
    parser.add_argument("--judges", type=Path, required=True, help="folder that judges wrote")
    parser.add_argument("--out", type=arguments.out, required=True, help="folder for tables and pictures")
    args = parser.parse_args()
    values = params.load(args.params)
    empty_folder(args.out)
    if not values.growth.run:
        return
    # Torch takes seconds to import, and a stage that has nothing to do does not need it.
    from pipeline import compute
    from pipeline.anatomy import ways  # noqa: F401  # here, and not in every network's process
    from pipeline.processes import side_by_side

    replicas = values.replicas[: values.growth.replicas]
    networks = grown.networks(args.trained, list(values.variants), replicas)
    start = compute.start(values.compute.device)
    side_by_side(partial(follow, args, values), networks, values.compute.side_by_side, start)


def follow(args: argparse.Namespace, values: params.Params, network: Network) -> None:
    """Follow the images of one network, and continue those of the baseline with the first training seed."""
    from pipeline import compute
    from pipeline.anatomy import trajectories, ways
    from pipeline.anatomy.followed import CLEAN, NOISY
    from pipeline.anatomy.grown import Branched, Grown
    from pipeline.anatomy.sweep import Loop
    from pipeline.diffusion import subject as subjects
    from pipeline.diffusion.schedule import descend
    from pipeline.diffusion.seeds import seeds_from
    from pipeline.judges import bootstrap, classifier, recognition, similarity
    from pipeline.progress import bar

    device = compute.device(values.compute.device, values.compute.replica_threads)
    chosen, sampler = values.growth, values.sampler
    judge = partial(recognition.log_probabilities, classifier.load(args.judges / "classifier").to(device))
    asked = params.Subject(model=str(network.weights(args.trained)), prompts=[], guidance=1.0)
    subject = subjects.load(asked, values.diffusion).to(device)
    timesteps = descend(sampler.timesteps, len(subject.alpha_bar))
    loop = Loop(subject, timesteps, sampler.name, sampler.clip, chosen.batch_size)
    fresh = Loop(subject, timesteps, "ddpm", sampler.clip, chosen.batch_size)

    seeds = seeds_from(sampler.first_seed, chosen.seeds, network.replica)
    labels = subject.labels(seeds)
    continued = (network.variant, network.replica) == (BASELINE, values.replicas[0])
    starts = trajectories.branch_starts(chosen.branch_starts, loop.steps) if continued else []
    first = slice(chosen.branch_seeds)
    total = loop.steps * len(seeds) + sum(starts) * chosen.continuations * chosen.branch_seeds
    with (
        bar(f"growth: {'-'.join(map(str, network))}", total, "img") as progress,
        loop.counting(progress.update),
        fresh.counting(progress.update),
    ):
        course = trajectories.follow(loop, seeds, labels, judge, chosen.shown, starts, chosen.branch_seeds)
        found = ways.branch(fresh, course, seeds[first], labels[first], chosen.continuations, judge) if starts else None
    branched = None
    if found:
        draws = bootstrap.draws(labels[first], values.bootstrap.resamples, values.bootstrap.seed)
        unrelated = similarity.unrelated(course.final, labels)
        branched = Branched(
            ways.branches(found, unrelated, loop.snr_db(), loop.steps, draws),
            ways.decided(found, unrelated, loop.steps, draws),
        )
    asked_for = ways.asked_for(course, labels, subject.told_class, judge)
    strips = trajectories.strips(course, chosen.columns)
    pictures = {kind: strips[kind] for kind in (NOISY, CLEAN)}
    pictures["done"] = strips["columns"] / loop.steps
    Grown(ways.when_recognised(course, seeds, asked_for), pictures, branched).save(network.within(args.out))


if __name__ == "__main__":
    errors.run(main)

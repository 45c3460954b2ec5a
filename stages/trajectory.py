"""trajectory: follow a subject's images through every step of the loop, and continue them with fresh noise."""

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
        help="folder for tables, findings and pictures of each network",
    )
    args = parser.parse_args()
    values = params.load(args.params)
    chosen, sampler = values.trajectory, values.sampler
    if not values.looks("trajectory", args.subject):
        empty_folder(args.out)
        return
    # Torch takes seconds to import, and a stage that has nothing to do does not need it.
    from pipeline import compute
    from pipeline.anatomy import forward, networks, trajectories, ways
    from pipeline.anatomy.followed import Followed
    from pipeline.anatomy.networks import Network
    from pipeline.anatomy.sweep import Loop
    from pipeline.data import prepared
    from pipeline.diffusion import subject as subjects
    from pipeline.diffusion.schedule import descend
    from pipeline.diffusion.seeds import seeds_from
    from pipeline.judges import bootstrap, classifier, recognition, similarity

    def look(network: Network) -> None:
        device = compute.device(values.compute.device, network.threads)
        trained = classifier.load(args.judges / "classifier").to(device)
        subject = subjects.load(network.asked, values.diffusion).to(device)
        timesteps = descend(sampler.timesteps, len(subject.alpha_bar))
        loop = Loop(subject, timesteps, sampler.name, sampler.clip, chosen.batch_size)
        fresh = Loop(subject, timesteps, "ddpm", sampler.clip, chosen.batch_size)
        judged = trained.image_shape == subject.image_shape
        judge = partial(recognition.log_probabilities, trained) if judged else None

        seeds = seeds_from(network.first_seed(sampler.first_seed, chosen.seeds), chosen.seeds)
        labels = subject.labels(seeds)
        starts = trajectories.branch_starts(chosen.branch_starts, loop.steps)
        first = slice(chosen.branch_seeds)
        total = loop.steps * len(seeds) + sum(starts) * chosen.continuations * chosen.branch_seeds
        with (
            bar(f"trajectory: {network.name}", total, "img") as progress,
            loop.counting(progress.update),
            fresh.counting(progress.update),
        ):
            course = trajectories.follow(loop, seeds, labels, judge, chosen.shown, starts, chosen.branch_seeds)
            found = ways.branch(fresh, course, seeds[first], labels[first], chosen.continuations, judge)
        dataset = prepared.dataset(args.data)
        told = subject.told_class and subject.conditions == len(dataset.classes)
        asked_for = ways.asked_for(course, labels, told, judge)
        draws = bootstrap.draws(asked_for, values.bootstrap.resamples, values.bootstrap.seed)
        some = bootstrap.draws(labels[first], values.bootstrap.resamples, values.bootstrap.seed)
        unrelated = similarity.unrelated(course.final, labels)
        snr = loop.snr_db()
        table = ways.images(course, seeds, asked_for)
        real = dataset.split("test")
        names = dataset.classes if judged else []
        pictures = {"forward": forward.noised(real, subject.alpha_bar, chosen.shown), "branches": found.pictures}
        Followed(
            ways.steps(course, asked_for, snr, draws),
            table,
            ways.branches(found, unrelated, snr, loop.steps, some),
            ways.schedules(subject.alpha_bar),
            {
                **ways.findings(table, draws),
                "half_decided": ways.decided(found, unrelated, loop.steps, some),
                **{f"effects.{name}": effect for name, effect in ways.effects(course, table, names, draws).items()},
            },
            pictures | trajectories.strips(course, chosen.columns),
            asked_for[: chosen.shown],
        ).save(network.folder)

    networks.look(look, args.subject, params.subject(values.subjects, args.subject), values, args.out)


if __name__ == "__main__":
    errors.run(main)

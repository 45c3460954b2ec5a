"""timesteps: spend a subject's steps in other parts of the process, and follow when its images show each word."""

import argparse
from functools import partial
from pathlib import Path

from pipeline import arguments, errors, params
from pipeline.files import empty_folder
from pipeline.progress import bar

ATTENDED = 3  # seeds in the picture of attention to words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--subject", required=True, help="a name under subjects")
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--judges", type=Path, required=True, help="folder that judges wrote")
    parser.add_argument("--clip", type=Path, required=True, help="folder that clip wrote; empty: CLIP reads no words")
    parser.add_argument(
        "--out",
        type=arguments.out,
        required=True,
        help="folder for tables, findings and pictures of each network",
    )
    args = parser.parse_args()
    values = params.load(args.params)
    chosen, sampler = values.timesteps, values.sampler
    if not values.looks("timesteps", args.subject):
        empty_folder(args.out)
        return
    # Torch takes seconds to import, and a stage that has nothing to do does not need it.
    import numpy as np
    import pandas as pd

    from pipeline import compute
    from pipeline.anatomy import attention, concepts, networks, rivals, spaced
    from pipeline.anatomy.concepts import Reader
    from pipeline.anatomy.networks import Network
    from pipeline.anatomy.spaced import Drawn
    from pipeline.anatomy.sweep import Loop
    from pipeline.anatomy.timed import CLAIMED, STYLE, Timed
    from pipeline.anatomy.trajectories import reduced
    from pipeline.data import prepared
    from pipeline.diffusion import subject as subjects
    from pipeline.diffusion.schedule import descend, snr_db
    from pipeline.diffusion.seeds import seeds_from
    from pipeline.judges import bootstrap, classifier, clip, recognition, reference, seeing
    from pipeline.judges.features import choose, extract
    from pipeline.judges.wording import wording

    def look(network: Network) -> None:
        device = compute.device(values.compute.device, network.threads)
        subject = subjects.load(network.asked, values.diffusion).to(device)
        trained = classifier.load(args.judges / "classifier").to(device)
        reader, real = Reader(None, None), None
        if trained.image_shape == subject.image_shape:
            dataset = prepared.load(args.data)
            judge = choose(values.judges, trained)
            bounds = dataset.stroke_thirds if set(STYLE) <= set(dataset.captions("train")) else None
            sees = None
            if seeing.there(args.clip) and seeing.load(args.clip).can_judge:
                sees = wording(clip.load(seeing.model(args.clip), device), values.data.caption, dataset.classes)
            reader = Reader(partial(recognition.log_probabilities, trained), bounds, sees)
            real = reference.load(args.judges / "reference", dataset.sha256["train"], judge).statistics

        levels = subject.alpha_bar.cpu()
        every = spaced.spacings(levels.numpy(), chosen.steps, chosen.strength, chosen.positions)
        own = Loop(subject, descend(sampler.timesteps, len(levels)), sampler.name, sampler.clip, chosen.batch_size)
        seeds = seeds_from(network.first_seed(sampler.first_seed, chosen.seeds), chosen.seeds)
        labels, told = subject.labels(seeds), subject.told_class
        columns = np.unique(np.linspace(0, own.steps - 1, chosen.columns).round().astype(int))
        images = -(-chosen.seeds // chosen.batch_size) * chosen.batch_size  # with the repeats that fill up a batch
        calls = len({sampler.name, *chosen.samplers}) * own.steps + len(chosen.samplers) * len(every) * chosen.steps
        drawn = {}
        with (
            bar(f"timesteps: {network.name}", calls * images, "img") as progress,
            own.counting(progress.update),
        ):
            course = concepts.follow(own, seeds, labels, told, reader, chosen.attended, chosen.shown, columns)
            for name in chosen.samplers:
                loop = rivals.over(own, own.timesteps, name)
                followed = Drawn(course.final, course.seen, spaced.done(loop))
                full = followed if name == sampler.name else spaced.draw(loop, seeds, labels, reader)
                drawn[name] = spaced.compare(loop, full, every, seeds, labels, told, reader)

        if subject.words is not None:
            few, length = slice(min(ATTENDED, chosen.shown)), subject.words.shape[1]
            model, prompts = Path(network.asked.model), network.asked.prompts
            told_by = [attention.tokens(model, prompts[label], length) for label in labels[few]]
            small = Loop(subject, own.timesteps, sampler.name, sampler.clip, len(told_by))
            course.pictures.update(concepts.words_attended(small, seeds[few], labels[few], told_by, columns))

        draws = bootstrap.draws(labels, values.bootstrap.resamples, values.bootstrap.seed)
        found, pictures, tables = concepts.findings(course, draws), dict(course.pictures), []
        for name, (given, measured) in drawn.items():
            distances = {}
            if real is not None:
                features = {each: extract(judge, of, device) for each, of in given.items()}
                distances = {each: spaced.distance(of, real, draws) for each, of in features.items()}
            found |= {f"{name}.{of}": number for of, number in spaced.numbers(measured, distances, draws).items()}
            if name == CLAIMED:
                effects = spaced.effects(measured, distances, chosen.positions, concepts.first_settled(course), draws)
                found |= {f"effects.{effect}": number for effect, number in effects.items()}
            pictures |= {f"{name}.{each}": reduced(of[: chosen.shown]) for each, of in given.items()}
            tables += [of.assign(sampler=name, spacing=each, seed=seeds) for each, of in measured.items()]
        Timed(
            spaced.table(every, snr_db(levels).numpy()),
            pd.concat(tables, ignore_index=True),
            concepts.steps(course, own.snr_db(), draws),
            found,
            pictures,
            labels[: chosen.shown],
            columns,
        ).save(network.folder)

    networks.look(look, args.subject, params.subject(values.subjects, args.subject), values, args.out)


if __name__ == "__main__":
    errors.run(main)

"""intervene: sample a subject without some steps, skips or blocks, and compare with its untouched images by seed."""

import argparse
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from pipeline import arguments, errors, params
from pipeline.files import empty_folder, remove
from pipeline.progress import bar


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--subject", required=True, help="a name under subjects")
    parser.add_argument("--judges", type=Path, required=True, help="folder that judges wrote")
    parser.add_argument(
        "--checkpoints", type=Path, required=True, help="folder of checkpoints to go on from, and to write"
    )
    parser.add_argument(
        "--out",
        type=arguments.out,
        required=True,
        help="folder for parts, cells, curves, findings and pictures of each network",
    )
    args = parser.parse_args()
    values = params.load(args.params)
    chosen, sampler = values.intervene, values.sampler
    if not values.looks("intervene", args.subject):
        empty_folder(args.out)
        return
    # Torch takes seconds to import, and a stage that has nothing to do does not need it.
    from pipeline import compute
    from pipeline.anatomy import cells, networks, parts
    from pipeline.anatomy.cells import Cell
    from pipeline.anatomy.curves import Curves
    from pipeline.anatomy.findings import findings
    from pipeline.anatomy.intervened import UNTOUCHED, Intervened
    from pipeline.anatomy.networks import Network
    from pipeline.anatomy.sweep import Loop
    from pipeline.anatomy.trials import Trials
    from pipeline.diffusion import checkpoint
    from pipeline.diffusion import subject as subjects
    from pipeline.diffusion.schedule import descend
    from pipeline.diffusion.seeds import seeds_from
    from pipeline.judges import bootstrap, classifier, features

    def look(network: Network) -> Path:
        device = compute.device(values.compute.device, network.threads)
        judge = classifier.load(args.judges / "classifier").to(device)
        subject = subjects.load(network.asked, values.diffusion).to(device)
        loop = Loop(
            subject, descend(sampler.timesteps, len(subject.alpha_bar)), sampler.name, sampler.clip, chosen.batch_size
        )
        seeds = seeds_from(network.first_seed(sampler.first_seed, chosen.seeds), chosen.seeds)
        labels = subject.labels(seeds)
        sees = partial(classifier.predict, judge) if judge.image_shape == subject.image_shape else None

        determined_by = [
            subject.sha256(),
            features.classifier_judge(judge).identity,
            sampler.model_dump(),
            [int(seeds[0]), chosen.seeds, chosen.shown, chosen.batch_size],
            compute.fingerprint(device),
        ]
        key = checkpoint.key(determined_by, "data", "diffusion", "judges", "anatomy")
        store = args.checkpoints / f"intervene-{network.name}-{key[:12]}"  # those of other parameters stay
        trials = Trials(loop, seeds, labels, sees, chosen.shown, store)
        draws = bootstrap.draws(labels, values.bootstrap.resamples, values.bootstrap.seed)

        def run(wanted: Iterable[Cell], what: str) -> None:
            wanted = list(wanted)
            total = trials.calls(wanted) * len(seeds)
            with bar(f"intervene: {network.name} {what}", total, "img") as progress, loop.counting(progress.update):
                for cell in trials.run(wanted):
                    progress.set_postfix_str(cell.name, refresh=False)

        first = list(cells.first(chosen, loop.steps, loop.blocks))
        with (
            bar(f"intervene: {network.name} untouched", loop.steps * len(seeds), "img") as progress,
            loop.counting(progress.update),
        ):
            trials.start(first)
        curves = Curves(trials.found, trials.unrelated, draws, values.likeness.threshold)
        run(first, "starts")
        fill = chosen.fills[0]
        own_start = curves.own_starts(fill, chosen.length)
        run(cells.durations(chosen, own_start), "durations")
        rests = list(cells.relaxations(chosen, own_start, curves.longest_cuts(fill), loop.steps))
        shortest = [cell for cell in rests if cell.r == min(chosen.relaxations)]
        run(shortest, "shortest rests")
        fails = curves.unrestored(fill)
        run([cell for cell in rests if cell.parts in fails], "longer rests")

        at = loop.snr_db()
        Intervened(
            parts.table(subject),
            curves.per_seed(seeds),
            curves.table(at),
            findings(curves, chosen, at),
            {
                UNTOUCHED: trials.untouched[: chosen.shown],
                **{c.name: found["images"] for c, found in trials.found.items()},
            },
            seeds[: chosen.shown],
        ).save(network.folder)
        return store

    asked = params.subject(values.subjects, args.subject)
    for store in networks.look(look, args.subject, asked, values, args.out):
        remove(store)


if __name__ == "__main__":
    errors.run(main)

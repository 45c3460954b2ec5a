"""guidance: draw the same seeds of a variant under many settings of classifier-free guidance, with every training seed,
and say how true and how various the images are."""

import argparse
from functools import partial
from pathlib import Path

from pipeline import arguments, errors, params
from pipeline.files import empty_folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--trained", type=Path, required=True, help="folder that train wrote of the variant")
    parser.add_argument("--judges", type=Path, required=True, help="folder that judges wrote")
    parser.add_argument("--clip", type=Path, required=True, help="folder that clip wrote; empty: no CLIP scores")
    parser.add_argument("--out", type=arguments.out, required=True, help="folder for numbers and pictures")
    args = parser.parse_args()
    values = params.load(args.params)
    empty_folder(args.out)
    if not values.guidance.run:
        return
    # Torch takes seconds to import, and a stage that has nothing to do does not need it.
    from pipeline import compute
    from pipeline.anatomy import guiding  # noqa: F401  # here, and not in every replica's process
    from pipeline.judges import seeing
    from pipeline.processes import side_by_side

    if seeing.there(args.clip):
        from transformers import CLIPModel, CLIPProcessor  # noqa: F401

    start = compute.start(values.compute.device)
    replicas = values.replicas[: values.guidance.replicas]
    side_by_side(partial(guide, args, values), replicas, values.compute.side_by_side, start)


def guide(args: argparse.Namespace, values: params.Params, replica: int) -> None:
    """Draw and judge the images of the variant of one training seed."""
    import numpy as np

    from pipeline import compute
    from pipeline.anatomy import guided, guiding
    from pipeline.anatomy.guided import Guided
    from pipeline.anatomy.sweep import Loop
    from pipeline.data import prepared
    from pipeline.diffusion import subject as subjects
    from pipeline.diffusion.schedule import descend
    from pipeline.diffusion.seeds import seeds_from
    from pipeline.files import part
    from pipeline.judges import classifier, clip, reference, scores, second, seeing
    from pipeline.judges.evaluation import Judges
    from pipeline.judges.features import choose
    from pipeline.progress import bar

    device = compute.device(values.compute.device, values.compute.replica_threads)
    chosen, sampler = values.guidance, values.sampler
    dataset = prepared.dataset(args.data)
    weights = str(part(args.trained, "model", replica))
    asked = params.Subject(model=weights, prompts=[], guidance=chosen.part_scale)
    subject = subjects.load(asked, values.diffusion).to(device)
    timesteps = descend(chosen.steps, len(subject.alpha_bar))
    loop = Loop(subject, timesteps, sampler.name, sampler.clip, chosen.batch_size)
    settings = guided.settings(chosen)
    seeds = seeds_from(sampler.first_seed, chosen.seeds, replica)
    labels = subject.labels(seeds)
    total = guiding.calls_per_seed(loop, settings) * len(seeds)
    with bar(f"guidance: {chosen.variant}-{replica}", total, "img") as progress, loop.counting(progress.update):
        drawn = guiding.draw(loop, settings, seeds, labels)

    trained, real = classifier.load(args.judges / "classifier").to(device), dataset.split("train")
    eye = choose(values.judges, trained)
    known = reference.load(args.judges / "reference", dataset.sha256["train"], eye)
    judges = Judges(trained, second.learn(real, values.judges.reference), eye, known, device)
    scored: dict[str, dict[str, np.ndarray]] = {name: {} for name in drawn}
    if seeing.there(args.clip):
        sees = clip.load(seeing.model(args.clip), device)
        told = scores.told(sees, values.clip, dataset.classes)
        for name, images in drawn.items():
            table = scores.score(sees.image_features(images), labels, told, sees.scale)
            scored[name] = {scores.SCORE: table[scores.SCORE].to_numpy()}
    found = {
        name: guiding.judged(judges, images, labels, values.evaluate.neighbours, values.bootstrap, scored[name])
        for name, images in drawn.items()
    }
    some = slice(chosen.shown)
    Guided(
        guiding.costs(loop, settings),
        {name: each.numbers for name, each in found.items()},
        {name: each.replicates for name, each in found.items()},
        {name: images[some] for name, images in drawn.items()},
        labels[some],
    ).save(args.out / str(replica))


if __name__ == "__main__":
    errors.run(main)

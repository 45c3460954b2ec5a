"""selection: keep the best of a variant's images by the CLIP judge, and measure what this does to them, beside as many
drawn at random."""

import argparse
from pathlib import Path

from pipeline import arguments, errors, params
from pipeline.errors import UserError
from pipeline.files import empty_folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--judges", type=Path, required=True, help="folder that judges wrote")
    parser.add_argument("--clip", type=Path, required=True, help="folder that clip wrote")
    parser.add_argument("--sampled", type=Path, required=True, help="folder that sample wrote of the variant")
    parser.add_argument("--out", type=arguments.out, required=True, help="folder for tables, one per replica")
    args = parser.parse_args()
    values = params.load(args.params)
    empty_folder(args.out)
    if not (values.clip.run and values.selection.run):
        return
    # Torch takes seconds to import, and a stage that has nothing to do does not need it.
    import numpy as np
    import pandas as pd

    from pipeline import compute
    from pipeline.data import images, prepared
    from pipeline.data.images import evenly
    from pipeline.files import part
    from pipeline.judges import classifier, clip, reference, scores, second, seeing, selection
    from pipeline.judges.features import choose, extract
    from pipeline.judges.number import resampled
    from pipeline.judges.scored import QUALITY, SCORE
    from pipeline.judges.selected import METRICS, Numbers, Selected
    from pipeline.judges.selection import Candidates
    from pipeline.progress import bar

    device = compute.device(values.compute.device, values.compute.threads)
    dataset, chosen = prepared.dataset(args.data), values.selection
    training, classes = dataset.split("train"), len(dataset.classes)
    trained = classifier.load(args.judges / "classifier").to(device)
    eye, other = choose(values.judges, trained), second.learn(training, values.judges.reference)
    real = reference.load(args.judges / "reference", dataset.sha256["train"], eye)
    judge = clip.load(seeing.model(args.clip), device)
    told = scores.told(judge, values.clip, dataset.classes)
    real_of_clip = judge.image_features(training.images[evenly(training.labels, values.judges.reference)])

    with bar(f"selection: {chosen.variant}", len(values.replicas), "replica") as progress:
        for replica in values.replicas:
            drawn = images.load(part(args.sampled, "images", replica))
            counts = np.bincount(drawn.labels, minlength=classes)
            if counts.min() < chosen.candidates:
                raise UserError(
                    f"params.yaml: selection.candidates is {chosen.candidates}, but {args.sampled} has {counts.min()} "
                    f"images of class {dataset.classes[int(counts.argmin())]}; a larger sample.count draws more."
                )
            drawn = drawn[selection.candidates(drawn.labels, chosen.candidates)]
            of_clip = judge.image_features(drawn.images)
            table = scores.score(of_clip, drawn.labels, told, judge.scale)
            per_image = {name: table[name].to_numpy() for name in (QUALITY, SCORE)}
            per_image["accuracy"] = 1.0 * (classifier.predict(trained, drawn.images) == drawn.labels)
            per_image["second_accuracy"] = 1.0 * (second.predict(other, drawn.images) == drawn.labels)
            all_of_it = Candidates(extract(eye, drawn.images, device), of_clip, drawn.labels, per_image)
            random = selection.at_random(drawn.labels, chosen.kept, chosen.draws, values.bootstrap.seed)
            best = [selection.best(per_image[by], drawn.labels, chosen.kept) for by in chosen.by]
            found = all_of_it.measured(np.concatenate([random, best]), real, real_of_clip, values.evaluate.neighbours)
            numbers: dict[str, Numbers] = {}
            n = random.shape[1]
            for i, by in enumerate(chosen.by):
                numbers[by] = {
                    name: {
                        "random": resampled(found[name][: chosen.draws].mean(), n, found[name][: chosen.draws], kind),
                        "selected": selection.of_one(float(found[name][chosen.draws + i]), name, n),
                        "gap": selection.compared(found[name][chosen.draws + i], found[name][: chosen.draws], name, n),
                    }
                    for name, kind in METRICS.items()
                }
            ranks = {}
            for by, places in zip(chosen.by, best, strict=True):
                ranks[f"by_{by}"] = np.zeros(len(drawn), dtype=int)
                ranks[f"by_{by}"][places] = np.arange(len(places)) % chosen.kept + 1
            described = pd.DataFrame({"id": drawn.ids, "label": drawn.labels, **per_image, **ranks})
            Selected(described, numbers).save(args.out / str(replica))
            progress.update()


if __name__ == "__main__":
    errors.run(main)

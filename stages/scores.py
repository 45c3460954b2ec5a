"""scores: say how near the images of the variants, of their snapshots, and real test images are to sentences, as the
CLIP judge sees them."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import arguments, errors, params
from pipeline.files import empty_folder

if TYPE_CHECKING:
    import numpy as np
    from tqdm import tqdm

    from pipeline.data.images import ImageSet
    from pipeline.judges.clip import Clip
    from pipeline.judges.scored import Scored
    from pipeline.judges.scores import Told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--clip", type=Path, required=True, help="folder that clip wrote")
    parser.add_argument("--sampled", type=Path, required=True, help="folder that sample wrote, of all variants")
    parser.add_argument("--out", type=arguments.out, required=True, help="folder for scores, by variant and replica")
    args = parser.parse_args()
    values = params.load(args.params)
    empty_folder(args.out)
    if not (values.clip.run and values.scores.run):
        return
    # Torch takes seconds to import, and a stage that has nothing to do does not need it.
    from pipeline import compute
    from pipeline.data import images, prepared
    from pipeline.data.images import evenly, in_turn
    from pipeline.diffusion import sampled
    from pipeline.files import part
    from pipeline.judges import clip, scores, seeing
    from pipeline.judges.evaluated import END
    from pipeline.progress import bar

    dataset, count = prepared.dataset(args.data), values.sample.count
    real, held_out = dataset.split("train"), dataset.split("test")
    real = real[evenly(real.labels, values.judges.reference)]
    floor = held_out[evenly(held_out.labels, count)]
    floor = floor[in_turn(floor.labels, values.bootstrap.seed)]
    sets = {args.out / params.FLOOR: {END: floor}}
    chosen = list(values.variants) if values.scores.variants == "all" else values.scores.variants
    for variant in chosen:
        for replica in values.replicas:
            drawn = images.load(part(args.sampled / variant, "images", replica))
            then = sampled.snapshots(part(args.sampled / variant, "snapshots", replica))
            marks = {END: drawn, **{str(seen): each for seen, each in then.items()}}
            sets[args.out / variant / str(replica)] = marks

    device = compute.device(values.compute.device, values.compute.threads)
    judge = clip.load(seeing.model(args.clip), device)
    told = scores.told(judge, values.clip, dataset.classes)
    total = len(real) + sum(len(each) for marks in sets.values() for each in marks.values())
    with bar("scores", total, "img") as progress:
        reference = judge.image_features(real.images)
        progress.update(len(real))
        for folder, marks in sets.items():
            scored(judge, told, marks, reference, values.bootstrap, progress).save(folder)


def scored(
    judge: "Clip",
    told: "Told",
    marks: dict[str, "ImageSet"],
    reference: "np.ndarray",
    resampling: params.Bootstrap,
    progress: "tqdm[object]",
) -> "Scored":
    """Score the sets of images of one training."""
    import numpy as np
    import pandas as pd

    from pipeline.judges import scores
    from pipeline.judges.scored import Scored

    tables, distances, replicates = [], {}, {}
    for mark, each in marks.items():
        labels, features = np.array(each.labels), judge.image_features(each.images)
        table = scores.score(features, labels, told, judge.scale)
        tables.append(pd.DataFrame({"mark": mark, "id": each.ids, "label": labels}).join(table))
        distances[mark], replicates[mark] = scores.far(features, labels, reference, resampling)
        progress.update(len(each))
    return Scored(pd.concat(tables, ignore_index=True), distances, pd.DataFrame(replicates))


if __name__ == "__main__":
    errors.run(main)

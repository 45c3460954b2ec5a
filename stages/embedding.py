"""embedding: how alike a variant finds timesteps, what it loses where it is told a wrong noise level, and whether its
layers show the level by themselves, with every training seed."""

import argparse
from functools import partial
from pathlib import Path

from pipeline import arguments, errors, params
from pipeline.files import empty_folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--variant", required=True, help="a name under variants")
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--trained", type=Path, required=True, help="folder that train wrote of the variant")
    parser.add_argument("--out", type=arguments.out, required=True, help="folder for tables, one per training seed")
    args = parser.parse_args()
    values = params.load(args.params)
    if not values.embedding.run:
        empty_folder(args.out)
        return
    # Torch takes seconds to import, and a stage that has nothing to do does not need it.
    from pipeline import compute
    from pipeline.anatomy import embedding  # noqa: F401  # here, and not in every replica's process
    from pipeline.processes import side_by_side

    start = compute.start(values.compute.device)
    side_by_side(partial(look, args, values), values.replicas, values.compute.side_by_side, start)


def look(args: argparse.Namespace, values: params.Params, replica: int) -> None:
    """Look at the variant of one training seed, and write what was found."""
    import numpy as np
    import pandas as pd

    from pipeline import compute
    from pipeline.anatomy import embedding
    from pipeline.anatomy.embedded import FRESH, TRAINED, Embedded
    from pipeline.anatomy.held_out import choose
    from pipeline.data import prepared
    from pipeline.data.tensors import to_network
    from pipeline.diffusion import unet
    from pipeline.diffusion.schedule import alpha_bar
    from pipeline.files import part
    from pipeline.progress import bar

    device = compute.device(values.compute.device, values.compute.replica_threads)
    chosen, diffusion = values.embedding, values.diffusion
    dataset = prepared.dataset(args.data)
    real, classes = dataset.split("test"), len(dataset.classes)
    index = choose(real.labels, chosen.images, values.bootstrap.seed)
    x0, labels = to_network(real.images[index]), np.array(real.labels[index])
    learn = np.arange(len(index)) // classes % 2 == 0
    trained = unet.moved(unet.load(part(args.trained, "model", replica)), device)
    shape = (dataset.image_size, dataset.image_channels, classes)
    fresh = unet.moved(unet.build(values.architecture(args.variant), *shape, replica).eval(), device)

    levels = alpha_bar(diffusion.schedule, diffusion.timesteps)
    timesteps = embedding.levels(chosen.levels, diffusion.timesteps)
    rows = np.linspace(0, diffusion.timesteps - 1, chosen.rows).round().astype(np.int64)
    some = slice(chosen.told_images)
    total = chosen.levels * (chosen.levels * len(x0[some]) + 2 * len(x0))
    with bar(f"embedding: {args.variant}-{replica}", total, "img") as progress:
        told = pd.DataFrame(
            embedding.mismatch(
                *(trained, x0[some], labels[some], timesteps, levels, diffusion.prediction),
                *(chosen.batch_size, progress.update),
            )
        )
        read = [
            {"network": network, **row}
            for network, model in ((TRAINED, trained), (FRESH, fresh))
            for row in embedding.reading(
                model, x0, labels, learn, timesteps, levels, chosen.batch_size, progress.update
            )
        ]
    similarity = embedding.similarity(trained, rows)
    Embedded(rows, similarity, told, pd.DataFrame(read)).save(args.out / str(replica))


if __name__ == "__main__":
    errors.run(main)

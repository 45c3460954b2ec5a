"""layers: what each layer of the denoiser shows, beside a segmentation network and the denoiser before its training."""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import arguments, errors, params
from pipeline.errors import UserError
from pipeline.files import empty_folder, part
from pipeline.params import BASELINE
from pipeline.progress import bar

if TYPE_CHECKING:
    from pipeline.anatomy.looked import OfReplica, Seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--trained", type=Path, required=True, help="folder that train wrote of the baseline")
    parser.add_argument("--segmented", type=Path, required=True, help="folder that segment wrote")
    parser.add_argument("--out", type=arguments.out, required=True, help="folder for tables and pictures")
    args = parser.parse_args()
    values = params.load(args.params)
    chosen = values.layers
    if not (chosen.run and values.segment.run):
        empty_folder(args.out)
        return
    # Torch takes seconds to import, and a stage that has nothing to do does not need it.
    import numpy as np
    import pandas as pd

    from pipeline import compute
    from pipeline.anatomy import looked
    from pipeline.anatomy.held_out import choose
    from pipeline.anatomy.layered import Layered
    from pipeline.data import prepared
    from pipeline.diffusion.schedule import alpha_bar
    from pipeline.processes import side_by_side
    from pipeline.segmentation import composites

    dataset = prepared.dataset(args.data)
    real = dataset.split("test")
    index = choose(real.labels, chosen.images, values.bootstrap.seed)
    held_out, masks = real[index], np.array(dataset.masks("test")[index])
    if not masks.any():
        raise UserError("no held-out image has a foreground, so nothing can be said of how layers mark it.")
    made = composites.compose(held_out.images, masks, held_out.labels, "test", np.random.default_rng(1))
    levels = alpha_bar(values.diffusion.schedule, values.diffusion.timesteps)
    prediction = values.diffusion.prediction
    seen = looked.see(held_out.images, masks, np.array(held_out.labels), made, chosen.times, levels, prediction)

    replicas = values.replicas[: values.segment.replicas]
    start = compute.start(values.compute.device)
    found = side_by_side(partial(look, args, values, seen), replicas, values.compute.side_by_side, start)
    pictures = found[0].pictures | {name: shown[: chosen.shown] for name, shown in seen.pictures.items()}
    Layered(
        pd.DataFrame([row for of in found for row in of.measures]),
        pd.DataFrame(looked.compared([of.looks for of in found], replicas)),
        pd.DataFrame([row for of in found for row in of.worth]),
        pictures | {"image": held_out.images[: chosen.shown]},
    ).save(args.out)


def look(args: argparse.Namespace, values: params.Params, seen: "Seen", replica: int) -> "OfReplica":
    """Look at the networks of one training seed."""
    import numpy as np

    from pipeline import compute
    from pipeline.anatomy import looked
    from pipeline.anatomy.layered import COMPOSITE, DENOISER, FRESH, SEGMENTER
    from pipeline.anatomy.parts import skips
    from pipeline.data import prepared
    from pipeline.diffusion import unet
    from pipeline.segmentation import segmented

    chosen = values.layers
    device = compute.device(values.compute.device, values.compute.replica_threads)
    dataset = prepared.dataset(args.data)
    shape = (dataset.image_size, dataset.image_channels, len(dataset.classes))
    networks = {
        DENOISER: unet.load(part(args.trained, "model", replica)),
        SEGMENTER: unet.load(segmented.model(args.segmented, replica)),
        FRESH: unet.build(values.architecture(BASELINE), *shape, replica).eval(),
    }
    noisy = sorted(name for name in seen.views if name != COMPOSITE)
    measured = {DENOISER: [*noisy, COMPOSITE], SEGMENTER: [noisy[0], COMPOSITE], FRESH: [noisy[0], COMPOSITE]}
    images, count = len(seen.labels), min(chosen.skip_images, len(seen.labels))
    passes = 1 + len(skips(networks[DENOISER]))
    total = images * len(networks) * len(seen.views) + count * passes * len(seen.views)
    measures, pictures, looks = list[dict[str, Any]](), dict[str, np.ndarray](), dict[str, dict[str, looked.Look]]()
    with bar(f"layers: {replica}", total, "img") as progress:
        for network, model in networks.items():
            unet.moved(model, device)
            looks[network] = {}
            for name in seen.views:
                shown = chosen.shown if name in measured[network] else None
                looks[network][name] = found = looked.look(model, seen, name, chosen.batch_size, shown)
                here = {"replica": replica, "network": network, "view": name}
                measures += [here | row for row in found.measures]
                if found.pictures is not None:
                    pictures[f"{network}-{name}"] = found.pictures
                progress.update(images)
        rows = looked.worth(networks[DENOISER], networks[SEGMENTER], seen, count, chosen.batch_size, progress.update)
        worth = [{"replica": replica, **row} for row in rows]
    return looked.OfReplica(measures, worth, looks, pictures)


if __name__ == "__main__":
    errors.run(main)

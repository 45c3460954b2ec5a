"""layers: what each layer of the denoiser shows, beside a segmentation network and the denoiser before its training."""

import argparse
from pathlib import Path

from pipeline import arguments, errors, params
from pipeline.errors import UserError
from pipeline.files import empty_folder, part
from pipeline.params import BASELINE
from pipeline.progress import bar


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
    from pipeline.anatomy.layered import COMPOSITE, DENOISER, FRESH, SEGMENTER, Layered
    from pipeline.anatomy.parts import skips
    from pipeline.data import prepared
    from pipeline.diffusion import unet
    from pipeline.diffusion.schedule import alpha_bar
    from pipeline.segmentation import composites, segmented

    device = compute.device(values.compute.device, values.compute.threads)
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
    noisy = sorted(name for name in seen.views if name != COMPOSITE)
    measured = {DENOISER: [*noisy, COMPOSITE], SEGMENTER: [noisy[0], COMPOSITE], FRESH: [noisy[0], COMPOSITE]}

    replicas = values.replicas[: values.segment.replicas]
    shape = (dataset.image_size, dataset.image_channels, len(dataset.classes))
    measures, worth, pictures = [], [], dict[str, np.ndarray]()
    looks: dict[str, list[dict[str, looked.Look]]] = {network: [] for network in measured}
    for replica in replicas:
        networks = {
            DENOISER: unet.load(part(args.trained, "model", replica)),
            SEGMENTER: unet.load(segmented.model(args.segmented, replica)),
            FRESH: unet.build(values.architecture(BASELINE), *shape, replica).eval(),
        }
        count = min(chosen.skip_images, len(index))
        passes = 1 + len(skips(networks[DENOISER]))
        total = len(index) * len(networks) * len(seen.views) + count * passes * len(seen.views)
        with bar(f"layers: {replica}", total, "img") as progress:
            for network, model in networks.items():
                model.to(device)
                found = {}
                for name in seen.views:
                    shown = chosen.shown if name in measured[network] else None
                    found[name] = look = looked.look(model, seen, name, chosen.batch_size, shown)
                    here = {"replica": replica, "network": network, "view": name}
                    measures += [here | row for row in look.measures]
                    if look.pictures is not None:
                        pictures.setdefault(f"{network}-{name}", look.pictures)
                    progress.update(len(index))
                looks[network].append(found)
            rows = looked.worth(
                networks[DENOISER], networks[SEGMENTER], seen, count, chosen.batch_size, progress.update
            )
            worth += [{"replica": replica, **row} for row in rows]
    likenesses = pd.DataFrame(looked.compared(*looks.values()))
    likenesses.insert(0, "replica", [replicas[at] for at in likenesses.pop("at")])
    pictures |= {name: shown[: chosen.shown] for name, shown in seen.pictures.items()}
    pictures["image"] = held_out.images[: chosen.shown]
    Layered(pd.DataFrame(measures), likenesses, pd.DataFrame(worth), pictures).save(args.out)


if __name__ == "__main__":
    errors.run(main)

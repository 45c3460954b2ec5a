"""sample: images of one trained variant and of its snapshots, seeds in a row, classes in turn."""

import argparse
import time
from pathlib import Path

import numpy as np

from pipeline import compute, errors, params
from pipeline.data.images import ImageSet
from pipeline.data.tensors import from_network
from pipeline.diffusion import sampling, unet
from pipeline.diffusion.schedule import alpha_bar, descend
from pipeline.files import replacing, write_json
from pipeline.progress import bar


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="folder of the trained weights")
    parser.add_argument("--snapshots", type=Path, required=True, help="folder of weights by images seen")
    parser.add_argument("--out", type=Path, required=True, help="folder of images, snapshots and timing.json")
    args = parser.parse_args()
    values = params.load(args.params)
    chosen = values.sample
    device = compute.device(values.compute.device, values.compute.threads)
    timesteps = descend(chosen.timesteps, values.diffusion.timesteps)
    levels = alpha_bar(values.diffusion.schedule, values.diffusion.timesteps)
    marks = sorted(args.snapshots.iterdir(), key=lambda folder: int(folder.name))
    calls = (-(-chosen.count // chosen.batch_size) + len(marks) * -(-chosen.snapshot_count // chosen.batch_size)) * len(
        timesteps
    )

    with bar(f"sample: {'-'.join(args.out.parts[-2:])}", calls, "step") as progress:

        def draw(weights: Path, count: int) -> ImageSet:
            model = unet.load(weights).to(device)
            denoiser = unet.denoiser(model, values.diffusion.prediction, levels)
            shape = (model.config.in_channels, model.config.sample_size, model.config.sample_size)
            seeds = chosen.first_seed + np.arange(count)
            labels = seeds % model.config.classes
            images = []
            for batch_seeds, batch_labels, kept in sampling.batches(seeds, labels, chosen.batch_size):
                for step in sampling.steps(
                    denoiser, batch_seeds, batch_labels, device, shape, timesteps, levels, chosen.sampler, chosen.clip
                ):
                    progress.update()
                images.append(from_network(step.x)[:kept])
            return ImageSet(np.concatenate(images), labels, seeds)

        start = time.perf_counter()
        finished = draw(args.model, chosen.count)
        seconds = time.perf_counter() - start
        with replacing(args.out / "snapshots") as folder:
            folder.mkdir()
            for mark in marks:
                draw(mark, chosen.snapshot_count).save(folder / mark.name)

    finished.save(args.out / "images")
    timing = {"seconds": seconds, "images": chosen.count, "batch_size": chosen.batch_size}
    write_json(args.out / "timing.json", timing | {"peak_bytes": compute.peak_bytes(device)})


if __name__ == "__main__":
    errors.run(main)

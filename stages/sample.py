"""sample: images of one trained variant, seeds in a row, classes in turn."""

import argparse
from pathlib import Path

import numpy as np

from pipeline import compute, errors, params
from pipeline.data.images import ImageSet
from pipeline.data.tensors import from_network
from pipeline.diffusion import sampling, unet
from pipeline.diffusion.schedule import alpha_bar, descend
from pipeline.progress import bar


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="folder of the trained weights")
    parser.add_argument("--out", type=Path, required=True, help="folder of images, labels and ids (the seeds)")
    args = parser.parse_args()
    values = params.load(args.params)
    chosen = values.sample
    device = compute.device(values.compute.device, values.compute.threads)
    model = unet.load(args.model).to(device)
    shape = (model.config.in_channels, model.config.sample_size, model.config.sample_size)

    seeds = chosen.first_seed + np.arange(chosen.count)
    labels = seeds % model.config.num_class_embeds
    timesteps = descend(chosen.timesteps, values.diffusion.timesteps)
    levels = alpha_bar(values.diffusion.schedule, values.diffusion.timesteps)
    denoiser = unet.denoiser(model, values.diffusion.prediction, levels)
    images = []
    batches = list(sampling.batches(seeds, labels, chosen.batch_size))
    with bar(f"sample: {'-'.join(args.out.parts[-2:])}", len(batches) * len(timesteps), "step") as progress:
        for batch_seeds, batch_labels, kept in batches:
            for step in sampling.steps(
                denoiser, batch_seeds, batch_labels, device, shape, timesteps, levels, chosen.sampler, chosen.clip
            ):
                progress.update()
            images.append(from_network(step.x)[:kept])

    ImageSet(np.concatenate(images), labels, seeds).save(args.out)


if __name__ == "__main__":
    errors.run(main)

"""feature_maps: what every layer of a subject gives at some steps of the loop, as maps, measures and pictures."""

import argparse
from functools import partial
from pathlib import Path

from pipeline import arguments, errors, params
from pipeline.files import empty_folder, replacing
from pipeline.progress import bar


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--subject", required=True, help="a name under subjects")
    parser.add_argument(
        "--out",
        type=arguments.out,
        required=True,
        help="folder for maps, tables and pictures of each network",
    )
    args = parser.parse_args()
    values = params.load(args.params)
    chosen, sampler = values.feature_maps, values.sampler
    if not values.looks("feature_maps", args.subject):
        empty_folder(args.out)
        return
    # Torch takes seconds to import, and a stage that has nothing to do does not need it.
    import pandas as pd

    from pipeline import compute
    from pipeline.anatomy import feature_maps, mapped, networks
    from pipeline.anatomy.mapped import Mapped
    from pipeline.anatomy.networks import Network
    from pipeline.anatomy.sweep import Loop
    from pipeline.diffusion import subject as subjects
    from pipeline.diffusion.schedule import descend
    from pipeline.diffusion.seeds import seeds_from
    from pipeline.judges import bootstrap

    def look(network: Network) -> None:
        device = compute.device(values.compute.device, network.threads)
        subject = subjects.load(network.asked, values.diffusion).to(device)
        chosen.check_channels(max(subject.model.config.block_out_channels), args.subject)
        timesteps = descend(sampler.timesteps, len(subject.alpha_bar))
        loop = Loop(subject, timesteps, sampler.name, sampler.clip, chosen.batch_size)

        seeds = seeds_from(network.first_seed(sampler.first_seed, chosen.seeds), chosen.seeds)
        labels = subject.labels(seeds)
        wanted = feature_maps.looks(chosen.times, timesteps, len(subject.alpha_bar))
        album = feature_maps.Album(chosen.channels, chosen.columns)
        total = len(seeds) * (loop.steps - wanted[0].k + 1)
        with replacing(network.folder) as folder:
            folder.mkdir()
            with bar(f"feature_maps: {network.name}", total, "img") as progress, loop.counting(progress.update):
                feature_maps.look(loop, seeds, labels, wanted, chosen.shown, album, partial(mapped.keeping, folder))
            draws = bootstrap.draws(labels, values.bootstrap.resamples, values.bootstrap.seed)
            images = pd.DataFrame(album.images).sort_values(["time", "seed"], kind="stable")
            Mapped(
                feature_maps.table(album, wanted, draws),
                images,
                feature_maps.findings(images, draws),
                album.arrays([look.name for look in wanted]),
            ).write(folder)

    networks.look(look, args.subject, params.subject(values.subjects, args.subject), values, args.out)


if __name__ == "__main__":
    errors.run(main)

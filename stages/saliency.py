"""saliency: which part of each step's input the predicted noise rests on, by two methods, and whether to believe it."""

import argparse
from pathlib import Path

from pipeline import arguments, errors, params
from pipeline.files import empty_folder
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
    chosen, sampler = values.saliency, values.sampler
    if not values.looks("saliency", args.subject):
        empty_folder(args.out)
        return
    # Torch takes seconds to import, and a stage that has nothing to do does not need it.
    import numpy as np
    import pandas as pd

    from pipeline import compute
    from pipeline.anatomy import belief, believed, cam, feature_maps, networks, saliency
    from pipeline.anatomy.networks import Network
    from pipeline.anatomy.salient import CAM, LAYER, RISE, Salient
    from pipeline.anatomy.sweep import Loop
    from pipeline.diffusion import subject as subjects
    from pipeline.diffusion.schedule import descend
    from pipeline.diffusion.seeds import seeds_from

    def look(network: Network) -> None:
        device = compute.device(values.compute.device, network.threads)
        subject = subjects.load(network.asked, values.diffusion).to(device)
        chosen.check_size(subject.shape[1])
        units = cam.chosen(subject, chosen.layers)
        timesteps = descend(sampler.timesteps, len(subject.alpha_bar))
        loop = Loop(subject, timesteps, sampler.name, sampler.clip, min(chosen.batch_size, chosen.seeds))

        seeds = seeds_from(network.first_seed(sampler.first_seed, chosen.seeds), chosen.seeds)
        labels = subject.labels(seeds)
        looks = feature_maps.looks(chosen.times, timesteps, len(subject.alpha_bar))
        total = len(looks) * (2 * chosen.seeds + chosen.sanity_seeds)
        with bar(f"saliency: {network.name}", total, "img") as progress:
            way = saliency.approach(loop, seeds, labels, looks)
            maps = saliency.Maps(way, chosen, units)
            maps.make(progress.update)
            rows, played, rivals = saliency.games(maps, progress.update)
            checked = pd.DataFrame(saliency.checks(maps, progress.update))
        games, convergence = pd.DataFrame(rows), pd.DataFrame(maps.convergence)
        pairs = zip(maps.of[RISE], maps.of[CAM], strict=True)
        agreement = np.array([[belief.alike(*pair) for pair in zip(*both, strict=True)] for both in pairs]).T
        over = believed.Over(labels, values.bootstrap.resamples, values.bootstrap.seed)
        by_layer = {f"{LAYER}{name}": of for name, of in maps.layers.items()}
        methods, times = list(dict.fromkeys(games["method"])), [one.name for one in way.looks]
        Salient(
            games,
            believed.curves(played, methods, times, over),
            convergence,
            checked,
            believed.findings(games, agreement, convergence, checked, chosen.converged, over),
            {name: of.astype(np.float32) for name, of in {**maps.of, **rivals, **by_layer}.items()},
            saliency.pictures(way, chosen.shown),
        ).save(network.folder)

    networks.look(look, args.subject, params.subject(values.subjects, args.subject), values, args.out)


if __name__ == "__main__":
    errors.run(main)

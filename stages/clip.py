"""clip: train a small CLIP on the data set's own images and captions, or take one from a folder or the hub, and test
how far it can be believed."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pipeline import arguments, errors, params
from pipeline.files import empty_folder

if TYPE_CHECKING:
    from torch import device as torch_device

    from pipeline.data.prepared import Dataset
    from pipeline.judges.clip import Clip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--out", type=arguments.out, required=True, help="folder for model and quality.json")
    args = parser.parse_args()
    values = params.load(args.params)
    empty_folder(args.out)
    if not values.clip.run:
        return
    # Torch takes seconds to import, and a stage that has nothing to do does not need it.
    import numpy as np

    from pipeline import compute
    from pipeline.data import prepared
    from pipeline.data.degraded import DEGRADED
    from pipeline.data.images import evenly
    from pipeline.judges import scores, seeing
    from pipeline.judges.seeing import Seeing

    device = compute.device(values.compute.device, values.compute.threads)
    dataset, chosen, drawn = prepared.dataset(args.data), values.clip, values.bootstrap
    held_out = dataset.split("test")
    held_out = held_out[evenly(held_out.labels, values.judges.reference)]
    with _model(chosen, dataset, device) as clip:
        told = scores.told(clip, chosen, dataset.classes)
        rng = np.random.default_rng(chosen.seed)
        sets = [held_out.images, *(degrade(held_out.images, rng) for degrade in DEGRADED.values())]
        sharp, *degraded = (
            scores.score(clip.image_features(images), held_out.labels, told, clip.scale) for images in sets
        )
        found = scores.reliability(sharp, degraded, np.array(held_out.labels), drawn.resamples, drawn.seed)
        clip.save(seeing.model(args.out))
        size = sum(weight.numel() for weight in clip.model.parameters())
    Seeing(chosen.model, size, chosen.min_quality, found).save(args.out)


@contextmanager
def _model(chosen: params.Clip, dataset: "Dataset", device: "torch_device") -> Iterator["Clip"]:
    """Give the model that params.yaml names: trained here, or read from a folder, to which it is fetched where it is
    the hub's."""
    from pipeline.diffusion import hub
    from pipeline.judges import clip, contrastive
    from pipeline.progress import bar

    if chosen.is_own:
        captions = dataset.captions("train")["caption"].tolist()
        trained = None
        with bar("clip: own model", chosen.images, "img") as progress:
            for seen, trained in contrastive.train(dataset.split("train"), captions, dataset.classes, chosen, device):
                progress.update(seen - progress.n)
        assert trained is not None
        yield trained
    elif hub.HUB.fullmatch(chosen.model):
        with TemporaryDirectory() as folder:
            hub.fetch(chosen.model, Path(folder))
            yield clip.load(Path(folder), device, chosen.model)
    else:
        yield clip.load(Path(chosen.model), device)


if __name__ == "__main__":
    errors.run(main)

"""The bounds of params.yaml that follow from this machine's memory: what surely cannot fit is refused before anything
runs.

Each figure is the least that is needed, so nothing is refused that could run.
"""

import os
from collections.abc import Iterator

from pipeline.diffusion import architecture
from pipeline.errors import UserError
from pipeline.params.unet import UNet
from pipeline.params.whole import Params

FLOAT, INTEGER = 4, 8  # bytes of a number in the networks, and of an index
ROW = 30  # bytes of an update's row in updates.csv, at least
COPIES = 4  # of the weights in training, at least: themselves, their average, gradients, and a moment of the optimizer
GREY, TEN = 1, 10  # channels of the images and classes that the count of weights assumes


def weights(unet: UNet, image_size: int, drops_labels: bool) -> int:
    """Return how many weights an architecture has, for grey images of ten classes; drops_labels: whether classes are
    withheld in training, which takes an embedding of no class."""
    return architecture.weights(
        unet.channels,
        unet.res_blocks,
        architecture.attended(unet.attention, architecture.resolutions(len(unet.channels), image_size)),
        unet.middle_attention,
        unet.projections,
        GREY,
        2 * GREY if unet.learned_variance else GREY,
        TEN + drops_labels if unet.class_embedding else 0,
    )


def check(values: Params) -> None:
    """Refuse what cannot fit into this machine's memory, by a `UserError` that names the key and says how much it
    takes."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for key, needed, what in _needs(values):
        if needed > there:
            raise UserError(
                f"params.yaml: {key} needs at least {_size(needed)} of memory ({what}), but this machine has "
                f"{_size(there)}."
            )


def _needs(values: Params) -> Iterator[tuple[str, int, str]]:
    """Yield each key whose value takes memory, the bytes that it takes at least, and for what."""
    train, sample, classifier = values.train, values.sample, values.judges.classifier
    pixels = values.data.image_size**2
    widest = 0
    for variant in values.variants:
        unet = values.architecture(variant)
        count = weights(unet, values.data.image_size, train.label_dropout > 0)
        copies = COPIES + len(train.snapshots)
        yield f"variant {variant}", count * FLOAT * copies, f"{count:,} weights, {copies} times in training"
        widest = max(widest, unet.channels[0])
    flat = pixels * classifier.channels[-1] // 4 ** len(classifier.channels) * classifier.features
    for before, after in zip(classifier.channels, classifier.channels[1:], strict=False):
        flat += 9 * before * after
    yield "judges.classifier", flat * FLOAT, f"{flat:,} weights"
    clip = values.clip
    if clip.run and clip.is_own:
        flat = 8 * clip.width**2 * (clip.layers + 1)  # of attention and of the layer beside it, in both towers
        yield "clip.width", flat * FLOAT * COPIES, f"{flat:,} weights, {COPIES} times in training"
    batches = {
        "clip.batch_size": (clip.batch_size if clip.run and clip.is_own else 0, 3),
        "judges.classifier.batch_size": (classifier.batch_size, classifier.channels[0]),
        "train.batch_size": (train.batch_size, widest),
        "sample.batch_size": (min(sample.batch_size, sample.count), widest),
        "trajectory.batch_size": (values.trajectory.batch_size if values.trajectory.run else 0, widest),
        "growth.batch_size": (values.growth.batch_size if values.growth.run else 0, widest),
        "feature_maps.batch_size": (values.feature_maps.batch_size if values.feature_maps.run else 0, widest),
        "intervene.batch_size": (values.intervene.batch_size if values.intervene.run else 0, widest),
        "shortcut.batch_size": (values.shortcut.batch_size if values.shortcut.run else 0, widest),
        "timesteps.batch_size": (values.timesteps.batch_size if values.timesteps.run else 0, widest),
        "saliency.batch_size": (values.saliency.batch_size if values.saliency.run else 0, widest),
        "layers.batch_size": (values.layers.batch_size if values.layers.run else 0, widest),
        "embedding.batch_size": (values.embedding.batch_size if values.embedding.run else 0, widest),
        "guidance.batch_size": (2 * values.guidance.batch_size if values.guidance.run else 0, widest),
    }
    for key, (images, width) in batches.items():
        yield key, images * pixels * width * FLOAT, f"{images:,} images at a time in a layer of {width} channels"
    drawn = {
        "sample.count": sample.count,
        "trajectory.seeds": values.trajectory.seeds,
        "growth.seeds": values.growth.seeds,
        "guidance.seeds": values.guidance.seeds,
        "feature_maps.seeds": values.feature_maps.seeds,
        "intervene.seeds": values.intervene.seeds,
        "saliency.seeds": values.saliency.seeds,
        "shortcut.learn": values.shortcut.learn,
        "shortcut.report": values.shortcut.report,
        "timesteps.seeds": values.timesteps.seeds,
    }
    for key, images in drawn.items():
        yield key, images * pixels, f"{images:,} images"
        indices = values.bootstrap.resamples * images
        yield "bootstrap.resamples", indices * INTEGER, f"{values.bootstrap.resamples:,} draws of {key}"
    masks = values.saliency.masks if values.saliency.run else 0
    yield "saliency.masks", masks * pixels, f"{masks:,} masks of an image"
    yield "train.images", train.images // train.batch_size * ROW, "a row of updates.csv for every update"
    yield "train.validation_draws", train.validation_draws * pixels * FLOAT, "the noise of every held-out image"


def _size(count: int) -> str:
    return f"{count / 2**30:,.1f} GiB" if count < 2**60 else "more than a billion GiB"

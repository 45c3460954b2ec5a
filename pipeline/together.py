"""Whether the values of params.yaml that are sound alone are sound together."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

from pipeline import params
from pipeline.errors import UserError


def check(values: params.Params) -> None:
    """Refuse values that are sound alone and not together."""
    _check_variants(values)
    _check_data(values.data, values.judges)
    _check_replicas(values.replicas)
    _check_train(values.train)
    _check_sampler(values.sampler, values.diffusion)
    _check_sample(values.sample, values.evaluate)
    if not values.subjects:
        raise UserError("params.yaml: subjects is empty, but the report is of at least one; name the baseline's model.")
    for name, subject in values.subjects.items():
        _check_subject(name, subject, values)
    _check_intervene(values)


def _check_variants(values: params.Params) -> None:
    """Refuse variants without a baseline, or that cannot be built."""
    if params.BASELINE not in values.variants or values.variants[params.BASELINE]:
        raise UserError(
            f"params.yaml: variants has {', '.join(values.variants) or 'no entry'}, but needs "
            f"`{params.BASELINE}: {{}}`, the variant that the others are compared with."
        )
    if params.FLOOR in values.variants:
        raise UserError(
            f"params.yaml: variants.{params.FLOOR} has the name of the row that the real test images get; take another."
        )
    for variant in values.variants:
        _check_architecture(variant, values.architecture(variant), values.data.image_size)


def _check_data(data: params.Data, judges: params.Judges) -> None:
    """Refuse images that are not there or cannot be judged."""
    if data.name not in params.NAMED and not Path(data.name).is_dir():
        raise UserError(
            f"params.yaml: data.name is {data.name!r}, but it must be {', '.join(params.NAMED)} or a folder of Parquet "
            "files or of images in one sub-folder per class."
        )
    _check_caption(data.caption)
    if data.name == "digits" and data.test == "original":
        raise UserError("params.yaml: data.test is original, but digits has no test split of its own; give a share.")
    if data.test != "original" and data.validation + data.test >= 0.9:
        raise UserError(
            f"params.yaml: data.validation and data.test keep {data.validation + data.test:g} of the images "
            "from training; together they must stay below 0.9."
        )
    if data.classes != "all" and len(set(data.classes)) < 2:
        raise UserError(
            f"params.yaml: data.classes is {data.classes}, but a judge needs at least two classes to tell apart."
        )
    weights = judges.inception_weights
    if weights is not None and not Path(weights).is_file():
        raise UserError(
            f"params.yaml: judges.inception_weights is {weights}, which is not a file; it takes a local copy of "
            "torch-fidelity's weights-inception-2015-12-05-6726825d.pth, or null to fetch it."
        )
    if data.image_size >> len(judges.classifier.channels) < 1:
        raise UserError(
            f"params.yaml: judges.classifier.channels has {len(judges.classifier.channels)} halvings, more than "
            f"an image of {data.image_size} pixels has (data.image_size)."
        )


def _check_replicas(replicas: list[int]) -> None:
    """Refuse a training seed that is there twice."""
    if len(set(replicas)) < len(replicas):
        raise UserError(f"params.yaml: replicas is {replicas}, with a seed twice; each is a run of its own.")


def _check_train(train: params.Train) -> None:
    """Refuse a training without an update, or snapshots outside it."""
    if train.batch_size > train.images:
        raise UserError(
            f"params.yaml: train.images is {train.images}, less than one batch of {train.batch_size} "
            "(train.batch_size)."
        )
    last = (-(-train.images // train.batch_size) - 1) * train.batch_size  # images seen before the last update
    if sorted(set(train.snapshots)) != train.snapshots or max(train.snapshots, default=0) > last:
        raise UserError(
            f"params.yaml: train.snapshots is {train.snapshots}, but must rise and end at {last} at the latest, before "
            "the last update; the end of training is always there."
        )


def _check_sample(sample: params.Sample, evaluate: params.Evaluate) -> None:
    """Refuse too few images."""
    if sample.snapshot_count > sample.count:
        raise UserError(
            f"params.yaml: sample.snapshot_count is {sample.snapshot_count}, more than sample.count ({sample.count}): "
            "the same seeds stand for the end of training."
        )
    if sample.count < evaluate.neighbours + 2:
        raise UserError(
            f"params.yaml: sample.count is {sample.count}, too few for {evaluate.neighbours} neighbours of each "
            f"image (evaluate.neighbours); at least {evaluate.neighbours + 2} are needed."
        )


def _check_sampler(sampler: params.Sampler, diffusion: params.Diffusion) -> None:
    """Refuse timesteps that are not there."""
    if isinstance(sampler.timesteps, int):
        if sampler.timesteps > diffusion.timesteps:
            raise UserError(
                f"params.yaml: sampler.timesteps is {sampler.timesteps}, more than the {diffusion.timesteps} timesteps "
                "of the noise process (diffusion.timesteps)."
            )
    elif any(a <= b for a, b in zip(sampler.timesteps, sampler.timesteps[1:], strict=False)) or (
        sampler.timesteps[0] >= diffusion.timesteps
    ):
        raise UserError(
            f"params.yaml: sampler.timesteps must fall from at most {diffusion.timesteps - 1} "
            "(diffusion.timesteps - 1) to at least 0 without repeats."
        )


def _check_subject(name: str, subject: params.Subject, values: params.Params) -> None:
    """Refuse a subject that no stage will have made, and that is not there."""
    folder = Path(subject.model)
    if folder.parts[:2] == ("outputs", "train"):
        trained = {f"outputs/train/{v}/{r}/model" for v in values.variants for r in values.replicas}
        if folder.as_posix() not in trained:
            raise UserError(
                f"params.yaml: subjects.{name}.model is {subject.model}, but what is trained is "
                f"outputs/train/V/R/model with V one of {', '.join(values.variants)} and R one of "
                f"{', '.join(map(str, values.replicas))} (replicas)."
            )
    elif not folder.is_dir():
        raise UserError(
            f"params.yaml: subjects.{name}.model is {subject.model}, which is not a folder; `anatomy fetch "
            "OWNER/NAME@REVISION FOLDER` brings a pipeline from the hub."
        )


def _check_intervene(values: params.Params) -> None:
    """Refuse interventions that do not fit into the sampling loop, or parts that a variant has not."""
    intervene, shortcut, timesteps = values.intervene, values.shortcut, values.sampler.timesteps
    steps = timesteps if isinstance(timesteps, int) else len(timesteps)
    if intervene.length > steps or intervene.length not in intervene.jumps:
        raise UserError(
            f"params.yaml: intervene.length is {intervene.length}, but must be at most the {steps} steps of "
            f"sampler.timesteps and one of intervene.jumps ({', '.join(map(str, intervene.jumps))})."
        )
    for name, subject in values.subjects.items():
        folder = Path(subject.model).parts
        if folder[:2] != ("outputs", "train"):
            continue
        unet = values.architecture(folder[2])
        there = len(unet.channels) * (unet.res_blocks + 1)
        asked = {"intervene.skips": [intervene.skips], "shortcut.blocks": shortcut.blocks}
        if intervene.blocks != "all":
            asked["intervene.blocks"] = intervene.blocks
        for key, numbers in asked.items():
            if max(numbers, default=0) > there:
                raise UserError(
                    f"params.yaml: {key} goes up to {max(numbers)}, but the network of subject {name} has {there} "
                    "skips and as many blocks."
                )


def _check_caption(template: str) -> None:
    """Refuse a caption template that cannot be filled in."""
    accepted = ("class", *params.STROKE_FIELDS)
    try:
        parts = list(Formatter().parse(template))
        fields = {name for _, name, _, _ in parts if name is not None}
        plain = all(not form and conversion is None for _, _, form, conversion in parts)
    except ValueError:
        fields, plain = set(), False
    if not plain or "class" not in fields or fields - set(accepted):
        raise UserError(
            f"params.yaml: data.caption is {template!r}, but it must be a text with {{class}} in it, and of other "
            f"fields {' and '.join(f'{{{name}}}' for name in params.STROKE_FIELDS)} alone."
        )


def _check_architecture(variant: str, unet: params.UNet, image_size: int) -> None:
    """Refuse an architecture that cannot be built, by the key that makes it impossible."""
    resolutions = unet.resolutions(image_size)
    factor = 2 ** (len(unet.channels) - 1)
    if image_size % factor:
        raise UserError(
            f"params.yaml: data.image_size is {image_size}, but variant {variant} halves the image "
            f"{len(unet.channels) - 1} times, so it must be a multiple of {factor}, "
            f"such as {max(image_size // factor, 1) * factor} or {(image_size // factor + 1) * factor}."
        )
    for resolution in unet.attention:
        if resolution not in resolutions:
            raise UserError(
                f"params.yaml: variant {variant} asks for attention at {resolution}x{resolution} pixels, "
                f"but its levels are at {', '.join(map(str, resolutions))}."
            )
    if any(width % unet.norm_groups for width in unet.channels):
        raise UserError(
            f"params.yaml: variant {variant} has channels {unet.channels}, which unet.norm_groups = "
            f"{unet.norm_groups} does not divide."
        )
    if unet.projections and unet.res_blocks:
        raise UserError(
            f"params.yaml: variant {variant} has projections and {unet.res_blocks} residual blocks; projections widen "
            "an encoder that has none (res_blocks: 0)."
        )
    attended = [w for w, r in zip(unet.channels, resolutions, strict=True) if r in unet.attention]
    if unet.middle_attention:
        attended.append(unet.middle_channels)
    if any(width % unet.head_channels for width in attended):
        raise UserError(
            f"params.yaml: variant {variant} has attention over {attended} channels, which unet.head_channels = "
            f"{unet.head_channels} does not divide."
        )

"""The checks across the sections of params.yaml, each of which has been checked alone."""

from pathlib import Path

from pipeline.diffusion import addresses, architecture, spacing
from pipeline.diffusion.hub import HUB
from pipeline.errors import UserError, short
from pipeline.files import is_file, is_folder
from pipeline.params import memory
from pipeline.params.clip import OWN
from pipeline.params.data import NAMED
from pipeline.params.section import Section
from pipeline.params.subjects import Subject
from pipeline.params.unet import UNet
from pipeline.params.whole import Params

TRIED = (
    *("jumps", "blocks", "fills", "durations", "relaxations"),
    *("qualities", "cuts", "rests", "fewer", "intervals", "variants", "by", "samplers", "scales"),
)
"""The keys of lists each of whose entries is something to do."""
NAMED_CLASSES = 10  # of every data set that is known by name
GUIDABLE = (
    "it must be told the class (class_embedding), and have it withheld now and then in training "
    "(train.label_dropout above 0)"
)


def check(values: Params) -> None:
    """Refuse sections that do not fit together, by a `UserError` that names the keys."""
    _check_classifier(values)
    for variant in values.variants:
        unet = values.architecture(variant)
        unet.check(f"variant {variant}")
        _check_architecture(variant, unet, values.data.image_size)
    _check_sampling(values)
    _check_subjects(values)
    _check_embedding(values)
    _check_clip(values)
    _check_selection(values)
    _check_guidance(values)
    _check_lists(values)
    _check_feature_maps(values)
    _check_saliency(values)
    _check_steps(values)
    _check_interventions(values)
    _check_timesteps(values)
    memory.check(values)


def _check_classifier(values: Params) -> None:
    """Refuse a classifier that halves the image more often than its size allows."""
    halvings, image_size = len(values.judges.classifier.channels), values.data.image_size
    if image_size >> halvings < 1:
        raise UserError(
            f"params.yaml: judges.classifier.channels has {halvings} widths, each with a halving, more than an image "
            f"of {image_size} pixels per side allows (data.image_size)."
        )


def _check_architecture(variant: str, unet: UNet, image_size: int) -> None:
    """Refuse an architecture that cannot be built for images of this size, by an error that names the key."""
    resolutions = architecture.resolutions(len(unet.channels), image_size)
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
    there = architecture.attended(unet.attention, resolutions)
    widths = [width for width, attended in zip(unet.channels, there, strict=True) if attended]
    if unet.middle_attention:
        widths.append(architecture.middle_width(unet.channels, bool(unet.res_blocks or unet.projections)))
    if any(width % unet.head_channels for width in widths):
        raise UserError(
            f"params.yaml: variant {variant} has attention over {widths} channels, which unet.head_channels = "
            f"{unet.head_channels} does not divide."
        )


def _check_sampling(values: Params) -> None:
    """Refuse timesteps that the noise process does not have, and fewer images than the neighbours need."""
    timesteps, most = values.sampler.timesteps, values.diffusion.timesteps
    if isinstance(timesteps, int) and timesteps > most:
        raise UserError(
            f"params.yaml: sampler.timesteps is {timesteps}, more than the {most} timesteps of the noise process "
            "(diffusion.timesteps)."
        )
    if isinstance(timesteps, list) and timesteps[0] >= most:
        raise UserError(
            f"params.yaml: sampler.timesteps begins at {timesteps[0]}, but must begin at {most - 1} "
            "(diffusion.timesteps - 1) at most."
        )
    needed = values.evaluate.neighbours + 2
    if values.sample.count < needed:
        raise UserError(
            f"params.yaml: sample.count is {values.sample.count}, too few for {values.evaluate.neighbours} neighbours "
            f"of each image (evaluate.neighbours); at least {needed} are needed."
        )


def _check_subjects(values: Params) -> None:
    """Refuse a subject that the stage `train` will not have made, and guidance for one that cannot be guided."""
    trained = {f"outputs/train/{v}/model/{r}" for v in values.variants for r in values.replicas}
    for name, subject in values.subjects.items():
        if subject.is_trained_here and Path(subject.model).as_posix() not in trained:
            raise UserError(
                f"params.yaml: subjects.{name}.model is {subject.model}, but what is trained is "
                f"outputs/train/V/model/R with V one of {', '.join(values.variants)} and R one of "
                f"{', '.join(map(str, values.replicas))} (replicas)."
            )
        if subject.is_trained_here and subject.guidance != 1 and not _can_be_guided(values, _variant(subject)):
            raise UserError(
                f"params.yaml: subjects.{name}.guidance is {subject.guidance:g}, but {_variant(subject)} cannot be "
                f"guided: {GUIDABLE}."
            )


def _variant(subject: Subject) -> str:
    """Return the variant that a subject is, which is trained here."""
    return Path(subject.model).parts[2]


def _can_be_guided(values: Params, variant: str) -> bool:
    """Say whether a variant is told the class, and has it withheld now and then in training."""
    return values.architecture(variant).class_embedding and values.train.label_dropout > 0


def _check_embedding(values: Params) -> None:
    """Refuse to look at the embedding of a variant that is not there."""
    for variant in values.embedding.variants:
        if variant not in values.variants:
            raise UserError(
                f"params.yaml: embedding.variants has {variant}, but the variants are {', '.join(values.variants)}."
            )


def _check_clip(values: Params) -> None:
    """Refuse patches that do not divide the image, a model that is nowhere, and scores of variants that are not
    there."""
    clip, size = values.clip, values.data.image_size
    if clip.is_own and size % clip.patch:
        raise UserError(
            f"params.yaml: clip.patch is {clip.patch}, which does not divide the {size} pixels of data.image_size."
        )
    folder = Path(clip.model)
    if not (clip.is_own or HUB.fullmatch(clip.model) or is_folder(folder)):
        raise UserError(
            f"params.yaml: clip.model is {short(clip.model)}, but it must be {OWN}, a folder, or a pinned model of the "
            "hub, OWNER/NAME@REVISION, the revision a commit's 40 hexadecimal digits."
        )
    if is_folder(folder) and not clip.is_own and not is_file(folder / "config.json"):
        raise UserError(f"params.yaml: clip.model is {short(clip.model)}, which holds no CLIP (no config.json).")
    if values.scores.variants != "all":
        for variant in values.scores.variants:
            if variant not in values.variants:
                raise UserError(
                    f"params.yaml: scores.variants has {variant}, but the variants are {', '.join(values.variants)}."
                )


def _check_selection(values: Params) -> None:
    """Refuse to select images of a variant that is not there, or is not told the class, and more candidates than it
    draws."""
    chosen, data = values.selection, values.data
    if chosen.variant not in values.variants:
        raise UserError(
            f"params.yaml: selection.variant is {chosen.variant}, but the variants are {', '.join(values.variants)}."
        )
    if not values.architecture(chosen.variant).class_embedding:
        raise UserError(
            f"params.yaml: selection.variant is {chosen.variant}, which is not told the class that candidates are of."
        )
    if data.classes == "all" and data.name not in NAMED:
        return  # how many classes there are is known once they are prepared
    classes = NAMED_CLASSES if data.classes == "all" else len(data.classes)
    if chosen.run and chosen.candidates * classes > values.sample.count:
        raise UserError(
            f"params.yaml: selection.candidates is {chosen.candidates} of each of {classes} classes, but sample.count "
            f"is {values.sample.count}, which has {values.sample.count // classes} of each."
        )


def _check_guidance(values: Params) -> None:
    """Refuse to guide a variant that is not there or cannot be guided, more steps than there are timesteps, and fewer
    images than the neighbours need."""
    chosen = values.guidance
    if chosen.variant not in values.variants:
        raise UserError(
            f"params.yaml: guidance.variant is {chosen.variant}, but the variants are {', '.join(values.variants)}."
        )
    if not chosen.run:
        return
    if not _can_be_guided(values, chosen.variant):
        raise UserError(
            f"params.yaml: guidance.variant is {chosen.variant}, which cannot be guided: {GUIDABLE}; guidance.run: "
            "false leaves the stage out."
        )
    if chosen.steps > values.diffusion.timesteps:
        raise UserError(
            f"params.yaml: guidance.steps is {chosen.steps}, more than the {values.diffusion.timesteps} timesteps of "
            "the noise process (diffusion.timesteps)."
        )
    needed = values.evaluate.neighbours + 2
    if chosen.seeds < needed:
        raise UserError(
            f"params.yaml: guidance.seeds is {chosen.seeds}, too few for {values.evaluate.neighbours} neighbours of "
            f"each image (evaluate.neighbours); at least {needed} are needed."
        )


def _check_lists(values: Params) -> None:
    """Refuse lists of what is tried that name a thing twice: it could only be done once."""
    for name, section in values:
        for key, listed in section if isinstance(section, Section) else ():
            if isinstance(listed, list) and key in TRIED:
                twice = next((each for at, each in enumerate(listed) if each in listed[:at]), None)
                if twice is not None:
                    raise UserError(f"params.yaml: {name}.{key} has {twice!r} twice; each may be there once.")


def _check_feature_maps(values: Params) -> None:
    """Refuse more times than the loop has steps, and channels that no layer of a variant has."""
    chosen = values.feature_maps
    _check_times("feature_maps", chosen.times, values.sampler.steps)
    for name, subject in values.subjects.items():
        if subject.is_trained_here and "feature_maps" in subject.stages:
            chosen.check_channels(max(values.architecture(_variant(subject)).channels), name)


def _check_times(name: str, times: list[float], steps: int) -> None:
    """Refuse more times than the loop has steps; name: of the section."""
    if len(times) > steps:
        raise UserError(
            f"params.yaml: {name}.times has {len(times)} times, each with a step of its own, but the sampling loop has "
            f"{steps} steps (sampler.timesteps)."
        )


def _check_saliency(values: Params) -> None:
    """Refuse more times than the loop has steps, a grid finer than the image, and layers that have no map."""
    chosen, size = values.saliency, values.data.image_size
    _check_times("saliency", chosen.times, values.sampler.steps)
    for name, subject in values.subjects.items():
        if not subject.is_trained_here or "saliency" not in subject.stages:
            continue
        chosen.check_size(size)
        unet = values.architecture(Path(subject.model).parts[2])
        for layer in chosen.layers if chosen.layers != "all" else []:
            side = addresses.part_resolution(layer, len(unet.channels), unet.res_blocks, size)
            if side is None:
                raise UserError(
                    f"params.yaml: saliency.layers has {short(layer)}, but the network of subject {name} has "
                    f"skip_01 to skip_{len(unet.channels) * (unet.res_blocks + 1):02d}, as many blocks, and middle_01."
                )
            if side == 1:
                raise UserError(f"params.yaml: saliency.layers has {layer}, whose output is one pixel and has no map.")


def _check_steps(values: Params) -> None:
    """Refuse what is to be tried over more steps than the sampling loop has, which could not be done."""
    steps, intervene, shortcut = values.sampler.steps, values.intervene, values.shortcut
    starts = 1 if intervene.starts == "all" else intervene.starts
    bounds = {  # key: its values, and the most that a loop has room for
        "trajectory.branch_starts": ([values.trajectory.branch_starts], steps),
        "trajectory.columns": ([values.trajectory.columns], steps),
        "growth.branch_starts": ([values.growth.branch_starts], steps),
        "growth.columns": ([values.growth.columns], steps),
        "intervene.starts": ([starts], steps),
        "intervene.length": ([intervene.length], steps),
        "intervene.jumps": (intervene.jumps, steps),
        "intervene.durations": (intervene.durations, steps),
        "intervene.relaxations": (intervene.relaxations, steps - 2),  # beside two cuts of a step each
        "shortcut.cuts": (shortcut.cuts, steps),
        "shortcut.rests": (shortcut.rests, steps - 1),  # beside a cut of one step
        "shortcut.intervals": (shortcut.intervals, steps),
        "shortcut.fewer": (shortcut.fewer, steps - 1),
        "timesteps.steps": ([values.timesteps.steps], steps),
        "timesteps.columns": ([values.timesteps.columns], steps),
    }
    for key, (asked, most) in bounds.items():
        if max(asked, default=0) > max(most, 0):
            raise UserError(
                f"params.yaml: {key} is {max(asked)}, but must be at most {max(most, 0)}, for the sampling loop has "
                f"{steps} steps (sampler.timesteps)."
            )


def _check_interventions(values: Params) -> None:
    """Refuse a search on more seeds than there are, and parts that a variant does not have."""
    intervene = values.intervene
    if values.shortcut.search > values.shortcut.learn:
        raise UserError(
            f"params.yaml: shortcut.search is {values.shortcut.search}, but must be at most the "
            f"{values.shortcut.learn} seeds of shortcut.learn, which it is the first of."
        )
    asked = {"intervene.skips": [intervene.skips], "shortcut.blocks": values.shortcut.blocks}
    if intervene.blocks != "all":
        asked["intervene.blocks"] = intervene.blocks
    for name, subject in values.subjects.items():
        if not subject.is_trained_here:
            continue
        unet = values.architecture(_variant(subject))
        there = len(unet.channels) * (unet.res_blocks + 1)
        for key, numbers in asked.items():
            if key.split(".")[0] in subject.stages and max(numbers, default=0) > there:
                raise UserError(
                    f"params.yaml: {key} goes up to {max(numbers)}, but the network of subject {name} has {there} "
                    "skips and as many blocks."
                )


def _check_timesteps(values: Params) -> None:
    """Refuse exponential spacings whose steps fall together on some timesteps of what is trained here."""
    if not any(each.is_trained_here and "timesteps" in each.stages for each in values.subjects.values()):
        return
    chosen, total = values.timesteps, values.diffusion.timesteps
    try:
        for position in chosen.positions:
            spacing.exponential(chosen.steps, total, chosen.strength, position)
        for early in (True, False):
            spacing.source(chosen.steps, total, spacing.shift(chosen.steps, total, chosen.strength), early)
    except UserError as error:
        raise UserError(f"params.yaml: timesteps.strength is {chosen.strength:g}, but {error}") from None

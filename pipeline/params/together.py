"""The checks across the sections of params.yaml, each of which has been checked alone."""

from pathlib import Path

from pipeline.diffusion import architecture
from pipeline.diffusion.hub import HUB
from pipeline.errors import UserError, short
from pipeline.files import is_file, is_folder
from pipeline.params import looking, memory
from pipeline.params.clip import OWN
from pipeline.params.data import NAMED
from pipeline.params.section import BASELINE, Section
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
WITHHELD_NEVER = "captions are never withheld in training (train.label_dropout is 0)"


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
    _check_classes(values)
    _check_text(values)
    _check_lists(values)
    looking.check(values)
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
    """Refuse a subject that the stage `train` or `text` will not have made, and guidance for one that cannot be
    guided."""
    trained = {
        f"outputs/train/{variant}/model{network}"
        for variant in values.variants
        for network in ("", *(f"/{replica}" for replica in values.replicas))
    }
    told = {
        f"outputs/text/{kind}/model{network}"
        for kind in (["text", "clip_loss"] if values.text.clip_weight else ["text"])
        for network in ("", *(f"/{replica}" for replica in values.replicas[: values.text.replicas]))
        if values.text.run
    }
    for name, subject in values.subjects.items():
        if subject.is_told_captions:
            _check_told(name, subject, told, values.train.label_dropout)
            continue
        if subject.is_trained_here and Path(subject.model).as_posix() not in trained:
            raise UserError(
                f"params.yaml: subjects.{name}.model is {subject.model}, but what is trained is "
                f"outputs/train/V/model, or outputs/train/V/model/R for one network of it, with V one of "
                f"{', '.join(values.variants)} and R one of {', '.join(map(str, values.replicas))} (replicas)."
            )
        if subject.is_trained_here and subject.guidance != 1 and not _can_be_guided(values, subject.variant):
            raise UserError(
                f"params.yaml: subjects.{name}.guidance is {subject.guidance:g}, but {subject.variant} cannot be "
                f"guided: {GUIDABLE}."
            )


def _check_told(name: str, subject: Subject, there: set[str], dropout: float) -> None:
    """Refuse a subject that the stage `text` will not have made, one that has no prompt, and guidance of one that is
    always told its caption; there: the folders of those that it will; dropout: `train.label_dropout`."""
    if Path(subject.model).as_posix() not in there:
        known = ", ".join(sorted(there)) or "nothing, for text.run is false"
        raise UserError(
            f"params.yaml: subjects.{name}.model is {subject.model}, but what the stage `text` trains is {known}."
        )
    if not subject.prompts:
        raise UserError(
            f"params.yaml: subjects.{name} takes a text, but its prompts are []; at least one caption is needed."
        )
    if subject.guidance != 1 and not dropout:
        raise UserError(
            f"params.yaml: subjects.{name}.guidance is {subject.guidance:g}, but {WITHHELD_NEVER}, so it must be 1."
        )


def _can_be_guided(values: Params, variant: str) -> bool:
    """Say whether a variant is told the class, and has it withheld now and then in training."""
    return values.architecture(variant).class_embedding and values.train.label_dropout > 0


def _check_variant(values: Params, key: str, variant: str) -> None:
    """Refuse a variant that is not there; key: what names it."""
    if variant not in values.variants:
        raise UserError(f"params.yaml: {key} names {variant}, but the variants are {', '.join(values.variants)}.")


def _check_embedding(values: Params) -> None:
    """Refuse to look at the embedding of a variant that is not there."""
    for variant in values.embedding.variants:
        _check_variant(values, "embedding.variants", variant)


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
            _check_variant(values, "scores.variants", variant)


def _check_selection(values: Params) -> None:
    """Refuse to select images of a variant that is not there, or is not told the class."""
    chosen = values.selection
    _check_variant(values, "selection.variant", chosen.variant)
    if not values.architecture(chosen.variant).class_embedding:
        raise UserError(
            f"params.yaml: selection.variant is {chosen.variant}, which is not told the class that candidates are of."
        )


def _check_guidance(values: Params) -> None:
    """Refuse to guide a variant that is not there or cannot be guided, more steps than there are timesteps, and fewer
    images than the neighbours need."""
    chosen = values.guidance
    _check_variant(values, "guidance.variant", chosen.variant)
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


def _check_classes(values: Params) -> None:
    """Refuse too few images of each class, where it is known how many classes there are; of a folder `prepare` is the
    first to know."""
    data = values.data
    if data.classes == "all" and data.name not in NAMED:
        return
    classes = NAMED_CLASSES if data.classes == "all" else len(data.classes)
    values.selection.check_classes(classes, values.sample.count)
    values.guidance.check_classes(classes)


def _check_text(values: Params) -> None:
    """Refuse to train on captions without CLIP, with an architecture that this network does not have, in more steps
    than there are timesteps, and guidance where no caption is ever withheld."""
    chosen = values.text
    if not chosen.run:
        return
    if not values.clip.run:
        raise UserError(
            "params.yaml: text.run is true, but clip.run is false, and captions are told by CLIP's text tower."
        )
    unet = values.architecture(BASELINE)
    if not (unet.res_blocks and unet.attention and unet.skips and unet.time_embedding) or unet.learned_variance:
        raise UserError(
            "params.yaml: text.run is true, but a network that is told captions needs a baseline with residual blocks, "
            "attention at some resolution, skips and the timestep, and without a learned variance (unet and "
            "variants.baseline)."
        )
    if chosen.guidance != 1 and not values.train.label_dropout:
        raise UserError(f"params.yaml: text.guidance is {chosen.guidance:g}, but {WITHHELD_NEVER}, so it must be 1.")
    needed = values.evaluate.neighbours + 2
    if chosen.natural < needed:
        raise UserError(
            f"params.yaml: text.natural is {chosen.natural}, too few for {values.evaluate.neighbours} neighbours of "
            f"each image (evaluate.neighbours); at least {needed} are needed."
        )
    if chosen.steps > values.diffusion.timesteps:
        raise UserError(
            f"params.yaml: text.steps is {chosen.steps}, more than the {values.diffusion.timesteps} timesteps of the "
            "noise process (diffusion.timesteps)."
        )


def _check_lists(values: Params) -> None:
    """Refuse lists of what is tried that name a thing twice: it could only be done once."""
    for name, section in values:
        for key, listed in section if isinstance(section, Section) else ():
            if isinstance(listed, list) and key in TRIED:
                twice = next((each for at, each in enumerate(listed) if each in listed[:at]), None)
                if twice is not None:
                    raise UserError(f"params.yaml: {name}.{key} has {twice!r} twice; each may be there once.")

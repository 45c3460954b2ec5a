"""params.yaml as typed objects: the one file with values in it, checked whole before anything runs.

No field has a default and no value is changed on its way, so what a stage gets is what params.yaml says.
"""

import difflib
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import UserError

BASELINE = "baseline"
NAMED = ("digits", "mnist", "fashion_mnist", "cifar10")  # data sets known by name; any other name is a folder
STROKE_FIELDS = ("slant", "stroke")  # of a caption template, beside class
FLOOR = "floor"  # the real test images' row, which no variant may take

Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Section(BaseModel):
    """A section of params.yaml: unknown keys and near-miss types are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Data(Section):
    """The real images."""

    name: Annotated[str, Field(min_length=1)]  # one of NAMED, or a folder
    image_size: Annotated[int, Field(ge=8, le=256)]  # pixels per side
    non_square: Literal["refuse", "crop"]  # what happens to images that are not square
    caption: str  # template with {class}, and where wanted {slant} and {stroke}
    classes: Literal["all"] | list[Annotated[int, Field(ge=0)]]  # class indices kept
    validation: Fraction  # share of the images
    test: Fraction | Literal["original"]  # share of the images, or the set's own test split
    seed: Seed


class Classifier(Section):
    """The data set's own classifier."""

    channels: Annotated[list[Count], Field(min_length=1)]  # width after each halving
    features: Count  # width of the feature layer
    images: Count  # images seen in training
    batch_size: Count
    lr: Positive
    weight_decay: NonNegative
    seed: Seed
    min_accuracy: Fraction  # on the test split


class Judges(Section):
    """Whose features the distances are taken over."""

    judge: Literal["classifier", "inception"]
    inception_weights: str | None  # path of a local file
    reference: Count  # real images, at most, behind the metrics that look at pairs of images
    classifier: Classifier


class UNet(Section):
    """The architecture of the denoiser (Ho et al. 2020, appendix B; Nichol and Dhariwal 2021)."""

    channels: Annotated[list[Count], Field(min_length=1)]  # per level, full resolution first
    res_blocks: Annotated[int, Field(ge=0)]  # per level of the encoder
    attention: list[Count]  # resolutions in pixels
    middle_attention: bool
    head_channels: Count
    norm_groups: Count
    projections: bool  # 1x1 convolutions that widen an encoder without residual blocks
    skips: bool
    time_embedding: bool
    class_embedding: bool
    learned_variance: bool

    @property
    def middle_channels(self) -> int:
        """Width of the middle block: an encoder of downsamplings alone never widens."""
        return self.channels[-1] if self.res_blocks or self.projections else self.channels[0]

    def resolutions(self, image_size: int) -> list[int]:
        """Pixels per side at each level, full resolution first."""
        return [image_size >> level for level in range(len(self.channels))]


class Diffusion(Section):
    """The noise process."""

    schedule: Literal["cosine", "linear"]
    timesteps: Annotated[int, Field(ge=2, le=100_000)]  # T
    prediction: Literal["epsilon", "v"]  # what the network gives


class Train(Section):
    """How every variant is trained; counted in images seen."""

    images: Count
    batch_size: Count
    lr: Positive
    weight_decay: NonNegative
    warmup: Annotated[int, Field(ge=0)]  # images
    clip_norm: Positive
    ema: Annotated[float, Field(ge=0, lt=1)]  # decay per update
    vlb_weight: NonNegative  # of the variational bound, where the variance is learned
    replicas: Annotated[list[Seed], Field(min_length=1)]  # training seeds
    snapshots: list[Count]  # images seen
    log_every: Count  # images
    validation_draws: Count  # noise draws per validation image
    checkpoint_every: Count  # images
    max_loss: Positive
    precision: Literal["float32", "bfloat16"]
    channels_last: bool
    compile: Literal["none", "default", "reduce-overhead", "max-autotune"]  # modes of torch.compile


class Sample(Section):
    """How images are drawn."""

    count: Count
    snapshot_count: Annotated[int, Field(ge=2)]  # a distance needs a variance
    first_seed: Seed
    sampler: Literal["ddim", "ddpm"]
    timesteps: Count | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    clip: bool
    batch_size: Count


class Evaluate(Section):
    """Metrics and their intervals."""

    bootstrap: Annotated[int, Field(ge=100)]  # resamples
    neighbours: Count  # k of precision, recall, density and coverage
    seed: Seed


class Report(Section):
    """What the report shows."""

    folder: Annotated[str, Field(pattern=r"^reports(/\w[\w.-]*)*$")]
    title: str
    early: Fraction  # of training, that the figure of the early loss shows
    grid_seeds: Annotated[int, Field(ge=1, le=20)]


class Compute(Section):
    """Where the numbers are crunched."""

    device: Literal["auto", "cpu", "cuda"]
    threads: Annotated[int, Field(ge=1, le=256)]  # CPU threads per stage


class Flow(Section):
    """How `anatomy run` runs the stages."""

    workers: Annotated[int, Field(ge=1, le=64)]  # stages at a time
    timeout_minutes: Positive
    retries: Annotated[int, Field(ge=0, le=10)]


class Params(Section):
    """The whole of params.yaml."""

    data: Data
    judges: Judges
    unet: UNet
    variants: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], dict[str, Any]]
    diffusion: Diffusion
    train: Train
    sample: Sample
    evaluate: Evaluate
    report: Report
    compute: Compute
    flow: Flow

    def architecture(self, variant: str) -> UNet:
        """The baseline's architecture with the variant's difference laid over it."""
        if variant not in self.variants:
            raise UserError(f"params.yaml has no variant {variant!r}; it has {', '.join(self.variants)}.")
        try:
            return UNet.model_validate({**self.unet.model_dump(), **self.variants[variant]})
        except ValidationError as error:
            raise UserError(sentences(error, UNet, f"variants.{variant}")) from None


def load(path: Path) -> Params:
    """Read and check params.yaml; anything unsound is a `UserError` that names the key and what is accepted."""
    try:
        return parse(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is not there; run this from the project's folder.") from None


def parse(text: str) -> Params:
    """The same from the text of a params.yaml."""
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"params.yaml is not YAML: {' '.join(str(error).split())}.") from None
    try:
        params = Params.model_validate(values)
    except ValidationError as error:
        raise UserError(sentences(error, Params, "")) from None
    _check_together(params)
    return params


def _check_together(params: Params) -> None:
    """Refuse values that are sound alone and not together."""
    data, train, sample, diffusion = params.data, params.train, params.sample, params.diffusion
    if BASELINE not in params.variants or params.variants[BASELINE]:
        raise UserError(
            f"params.yaml: variants has {', '.join(params.variants) or 'no entry'}, but needs `{BASELINE}: {{}}`, "
            "the variant that the others are compared with."
        )
    if FLOOR in params.variants:
        raise UserError(
            f"params.yaml: variants.{FLOOR} has the name of the row that the real test images get; take another."
        )
    if data.name not in NAMED and not Path(data.name).is_dir():
        raise UserError(
            f"params.yaml: data.name is {data.name!r}, but it must be {', '.join(NAMED)} or a folder of Parquet files "
            "or of images in one sub-folder per class."
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
    weights = params.judges.inception_weights
    if weights is not None and not Path(weights).is_file():
        raise UserError(
            f"params.yaml: judges.inception_weights is {weights}, which is not a file; it takes a local copy of "
            "torch-fidelity's weights-inception-2015-12-05-6726825d.pth, or null to fetch it."
        )
    if data.image_size >> len(params.judges.classifier.channels) < 1:
        raise UserError(
            f"params.yaml: judges.classifier.channels has {len(params.judges.classifier.channels)} halvings, more than "
            f"an image of {data.image_size} pixels has (data.image_size)."
        )
    for variant in params.variants:
        _check_architecture(variant, params.architecture(variant), data.image_size)
    if len(set(train.replicas)) < len(train.replicas):
        raise UserError(
            f"params.yaml: train.replicas is {train.replicas}, with a seed twice; each is a run of its own."
        )
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
    if sample.snapshot_count > sample.count:
        raise UserError(
            f"params.yaml: sample.snapshot_count is {sample.snapshot_count}, more than sample.count ({sample.count}): "
            "the same seeds stand for the end of training."
        )
    if sample.count < params.evaluate.neighbours + 2:
        raise UserError(
            f"params.yaml: sample.count is {sample.count}, too few for {params.evaluate.neighbours} neighbours of each "
            f"image (evaluate.neighbours); at least {params.evaluate.neighbours + 2} are needed."
        )
    if isinstance(sample.timesteps, int):
        if sample.timesteps > diffusion.timesteps:
            raise UserError(
                f"params.yaml: sample.timesteps is {sample.timesteps}, more than the {diffusion.timesteps} timesteps "
                "of the noise process (diffusion.timesteps)."
            )
    elif any(a <= b for a, b in zip(sample.timesteps, sample.timesteps[1:], strict=False)) or (
        sample.timesteps[0] >= diffusion.timesteps
    ):
        raise UserError(
            f"params.yaml: sample.timesteps must fall from at most {diffusion.timesteps - 1} "
            "(diffusion.timesteps - 1) to at least 0 without repeats."
        )


def _check_caption(template: str) -> None:
    """Refuse a caption template that cannot be filled in."""
    accepted = ("class", *STROKE_FIELDS)
    try:
        parts = list(Formatter().parse(template))
        fields = {name for _, name, _, _ in parts if name is not None}
        plain = all(not form and conversion is None for _, _, form, conversion in parts)
    except ValueError:
        fields, plain = set(), False
    if not plain or "class" not in fields or fields - set(accepted):
        raise UserError(
            f"params.yaml: data.caption is {template!r}, but it must be a text with {{class}} in it, and of other "
            f"fields {' and '.join(f'{{{name}}}' for name in STROKE_FIELDS)} alone."
        )


def _check_architecture(variant: str, unet: UNet, image_size: int) -> None:
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


PYDANTIC_S_OWN = ("constrained-int", "int", "constrained-float", "float", "[key]")  # parts of a place that are no keys


def sentences(error: ValidationError, model: type[Section], prefix: str) -> str:
    """Pydantic's findings as sentences that name the key, what it holds and what is accepted."""
    found: dict[str, str] = {}
    for item in error.errors():
        names = [part for part in item["loc"] if isinstance(part, int) or not part.startswith(("list[", "literal["))]
        names = [part for part in names if part not in PYDANTIC_S_OWN]
        key = ".".join([prefix, *map(str, names)] if prefix else list(map(str, names)))
        if item["type"] == "extra_forbidden":
            accepted = _accepted_keys(model, names[:-1])
            near = difflib.get_close_matches(str(names[-1]), accepted, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            found.setdefault(key, f"{key} is not a known key; {hint}accepted are {', '.join(accepted)}")
        elif item["type"] == "missing":
            found.setdefault(key, f"{key} is missing")
        elif key in found:
            found[key] += f", or: {_lower(item['msg'])}"
        else:
            found[key] = f"{key or 'the file'} is {item['input']!r}, but {_lower(item['msg'])}"
    return "params.yaml: " + "; ".join(found.values()) + "."


def _lower(message: str) -> str:
    return (message[:1].lower() + message[1:]).replace("input should", "it should")


def _accepted_keys(model: type[Section], path: list[Any]) -> list[str]:
    """The keys of the section that `path` leads to."""
    for name in path:
        annotation = model.model_fields[name].annotation
        options = [annotation, *get_args(annotation)]
        model = next(o for o in options if isinstance(o, type) and issubclass(o, Section))
    return list(model.model_fields)

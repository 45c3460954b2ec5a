"""params.yaml as typed objects: the one file with values in it, checked whole before anything runs.

No field has a default and no value is changed on its way, so what a stage gets is what params.yaml says.
"""

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline import together
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
    snapshots: list[Count]  # images seen
    log_every: Count  # images
    validation_draws: Count  # noise draws per validation image
    checkpoint_every: Count  # images
    max_loss: Positive
    precision: Literal["float32", "bfloat16"]
    channels_last: bool
    compile: Literal["none", "default", "reduce-overhead", "max-autotune"]  # modes of torch.compile


class Sampler(Section):
    """The loop from noise to image."""

    name: Literal["ddim", "ddpm"]
    timesteps: Count | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    clip: bool
    first_seed: Seed


class Sample(Section):
    """How many images are drawn."""

    count: Count
    snapshot_count: Annotated[int, Field(ge=2)]  # a distance needs a variance
    batch_size: Count


class Bootstrap(Section):
    """The resamples behind every interval."""

    resamples: Annotated[int, Field(ge=100)]
    seed: Seed


class Evaluate(Section):
    """The distances to the real images."""

    neighbours: Count  # k of precision, recall, density and coverage


class Subject(Section):
    """A denoiser under the microscope."""

    model: Annotated[str, Field(min_length=1)]  # folder of a variant's weights, or of a diffusers pipeline
    prompts: list[str]  # that the images ask for in turn, where the network is told a text
    guidance: Annotated[float, Field(ge=0, allow_inf_nan=False)]  # scale of classifier-free guidance; 1: none


class Likeness(Section):
    """When two images count as alike."""

    threshold: Fraction  # of SSIM


class Intervene(Section):
    """The sweeps of interventions over every subject."""

    run: bool
    seeds: Annotated[int, Field(ge=2)]  # images per cell
    starts: Annotated[int, Field(ge=3)] | Literal["all"]  # starting steps
    jumps: list[Count]  # n: steps that one call of the network covers
    length: Count  # steps without skips or blocks
    skips: Count  # ns, from the top
    single_skips: bool
    blocks: list[Count] | Literal["all"]  # nb, from the bottom
    fills: Annotated[list[Literal["zeros", "cache"]], Field(min_length=1)]  # what stands in for removed parts
    durations: list[Count]  # n, from each nb's own start
    relaxations: list[Annotated[int, Field(ge=0)]]  # r, between two cuts
    batch_size: Count
    shown: Annotated[int, Field(ge=1, le=20)]  # seeds in the pictures


class Shortcut(Section):
    """The search for a faster way through the sampling loop, and its rivals."""

    run: bool
    learn: Annotated[int, Field(ge=2)]  # seeds that the schedule is learnt on
    report: Annotated[int, Field(ge=2)]  # seeds, the ones after, that it is reported on
    qualities: Annotated[list[Fraction], Field(min_length=1)]  # of SSIM, each with a schedule of its own
    distance: Annotated[float, Field(ge=1, allow_inf_nan=False)]  # the distance may grow by this factor, for one more
    blocks: list[Count]  # nb of a cut
    cuts: list[Count]  # n: steps of one cut
    rests: list[Annotated[int, Field(ge=0)]]  # r: steps between two cuts
    fewer: Annotated[list[Annotated[int, Field(ge=2)]], Field(min_length=1)]  # steps of the rival samplers
    intervals: Annotated[list[Annotated[int, Field(ge=2)]], Field(min_length=1)]  # N of DeepCache
    search_batch_size: Count  # images that the network takes at a time in the search
    batch_size: Count  # images of one timed run


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
    replicas: Annotated[list[Seed], Field(min_length=1)]  # training seeds
    sampler: Sampler
    sample: Sample
    bootstrap: Bootstrap
    evaluate: Evaluate
    subjects: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Subject]
    likeness: Likeness
    intervene: Intervene
    shortcut: Shortcut
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
    together.check(params)
    return params


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

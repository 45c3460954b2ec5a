"""What the source says of the two networks' feature maps, to be put to the test over training seeds."""

from pipeline.judges.number import Number
from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import Effect, MissingError, measured
from pipeline.reporting.sources import ABLATION
from pipeline.reporting.summary import Summary

SETTING = (
    "The source looks at some channels of two networks that were trained on different images. Here both have one "
    "architecture and learn from the same images, and all layers count."
)
BOTH = (
    "mean over layers, in the segmentation network minus in the denoiser on the same input; the smaller of this "
    "difference on composites and on images with a little noise"
)


def _measured(name: str) -> Effect:
    """What the networks of several training seeds say under the claim's name."""
    effect = f"layers.effects.{name}"
    return measured(
        effect,
        ("segment.overlap", "a segmentation network beside the denoiser (segment, layers)"),
        (effect, "more than one training seed (replicas, segment.replicas)"),
    )


def _learnt(effect: Effect) -> Effect:
    """An effect that counts where the segmentation network has learnt its task: what others look like says nothing of
    the task."""

    def counted(s: Summary) -> Number:
        number, overlap = effect(s), s["segment.overlap"]
        if overlap["value"] < overlap["required"]:
            raise MissingError(
                f"a segmentation network with an intersection over union of at least {overlap['required']:g}, and the "
                f"one here reaches {overlap['value']:.2f}"
            )
        return number

    return counted


def _claim(
    name: str,
    where: str,
    says: str,
    measured_by: str,
    unit: str = "points",
    figure: str = "read",
    of_both: bool = False,
) -> Claim:
    """Return a claim; of_both: whether it compares the denoiser with the segmentation network."""
    effect = _learnt(_measured(name)) if of_both else _measured(name)
    return Claim(
        name, ABLATION, where, says, None, measured_by, unit, effect, setting="differs", differs=SETTING, figure=figure
    )


CLAIMS = [
    _claim(
        "segmentation_marks_regions",
        "section 2.2, Figure 3",
        "A segmentation network's maps mark regions, and more so than a diffusion model's.",
        f"how well a layer's best channel marks the foreground, as an area under the curve, {BOTH}",
        of_both=True,
    ),
    _claim(
        "segmentation_follows_edges",
        "section 2.2, Figure 3",
        "A segmentation network's maps follow edges, and more so than a diffusion model's.",
        f"the correlation of a layer's best channel with the image's gradient, {BOTH}",
        of_both=True,
    ),
    _claim(
        "diffusion_spreads",
        "section 2.2",
        "A diffusion model's maps spread over the whole image, where a segmentation network's keep to the object.",
        f"the share of a map's energy on the foreground, less its share of the area, {BOTH}",
        figure="maps",
        of_both=True,
    ),
    _claim(
        "diffusion_is_mosaic",
        "section 2.2, Figure 2",
        "A diffusion model's maps look like mosaics: they are rougher than a segmentation network's.",
        f"the correlation of neighbouring pixels of a map, {BOTH}",
        figure="maps",
        of_both=True,
    ),
    _claim(
        "deeper_is_more_abstract",
        "section 2.2",
        "The deeper in the encoder, the more abstract the features.",
        "over the layers of the denoiser's encoder, the rank correlation of depth with the share of images whose class "
        "a linear probe reads off, less the share that it reads off fresh weights",
        "",
    ),
    _claim(
        "skips_bring_detail",
        "section 2.2",
        "Skip connections bring back detail that the encoder has lost.",
        "the share of high frequencies in what the denoiser's prediction loses without a skip, minus that in the clean "
        "images, mean over all skips",
        figure="skips",
    ),
]

"""What the source says of the two networks' feature maps, to be put to the test over training seeds."""

from pipeline.judges.number import Number
from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import Effect, MissingError
from pipeline.reporting.sources import ABLATION
from pipeline.reporting.summary import Summary

SETTING = (
    "The source looks at single channels of two networks that were trained on different images. Here both have one "
    "architecture and learn from the same images, and every layer and channel counts."
)
GAIN = "less that of fresh weights on the same input, mean over all layers, minus the same for the denoiser"


def measured(name: str) -> Effect:
    """What the networks of several training seeds say under the claim's name."""

    def effect(s: Summary) -> Number:
        number = s.get(f"layers.effects.{name}")
        if number is None:
            raise MissingError("a segmentation network beside the denoiser (segment, layers)")
        if "replicas" not in number:
            raise MissingError("more than one training seed (segment.replicas)")
        return number

    return effect


def _claim(name: str, where: str, says: str, measured_by: str, unit: str = "points", figure: str = "measures") -> Claim:
    effect = measured(name)
    return Claim(
        name, ABLATION, where, says, None, measured_by, unit, effect, setting="differs", differs=SETTING, figure=figure
    )


CLAIMS = [
    _claim(
        "segmentation_marks_regions",
        "section 2.2, Figure 3",
        "A segmentation network's maps mark regions, and a diffusion model's do not.",
        f"how well a layer's best channel alone marks the foreground, as an area under the curve, {GAIN}",
    ),
    _claim(
        "segmentation_follows_edges",
        "section 2.2, Figure 3",
        "A segmentation network's maps follow edges, and a diffusion model's do not.",
        f"the correlation of a layer's best channel alone with the image's gradient, {GAIN}",
    ),
    _claim(
        "diffusion_is_mosaic",
        "section 2.2, Figure 2",
        "A diffusion model's maps look like mosaics: they are rougher than a segmentation network's.",
        f"the correlation of neighbouring pixels, {GAIN}",
    ),
    _claim(
        "deeper_is_more_abstract",
        "section 2.2",
        "The deeper in the encoder, the more abstract the features.",
        "the share of images whose class a linear probe reads off the denoiser's middle, minus the same for its first "
        "layer, at the lowest noise level that was tried",
    ),
    _claim(
        "skips_bring_detail",
        "section 2.2",
        "Skip connections bring back detail that the encoder has lost.",
        "by how many percent the denoiser's loss rises where a skip is taken away, mean over all skips, at the lowest "
        "noise level, where detail is what is missing, minus the same at the highest",
        "%",
        "skips",
    ),
]

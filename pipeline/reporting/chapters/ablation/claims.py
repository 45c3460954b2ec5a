"""What the sources say of the architecture, to be put to the test."""

from pipeline.params import BASELINE
from pipeline.reporting.claims import Claim, Setting
from pipeline.reporting.effects import (
    Effect,
    best,
    blurrier,
    diminishing,
    few_weights,
    improvement,
    only_learnt,
    ordered,
    worse,
    worst,
)
from pipeline.reporting.sources import ABLATION, FASHION, MNIST

ROWS = [BASELINE, "wide", "no_attention", "res_blocks_1", "res_blocks_0"]  # of the source's table
FALL = "by how many percent its distance to the real images is smaller than the baseline's"
RISE = "by how many percent its distance to the real images is larger than the baseline's"
SCALED = (
    "The change of the network is the source's; the network, its training and the images are smaller, and the distance "
    "is not the source's FID."
)
NOT_TRAINED = "The source argues for it and trained no such network."
FEW_TOKENS = (
    "Here attention sees so few places that convolutions reach all of them too; in the network that the source builds "
    "on it is at 16x16 and 8x8."
)
FIGURE = "distances"


def _claim(
    name: str,
    where: str,
    says: str,
    printed: str | None,
    size: float | None,
    measured_by: str,
    effect: Effect,
    differs: str = "",
    source: str = ABLATION,
    unit: str = "%",
) -> Claim:
    """Return a claim about the architecture; differs: where the setting is not the source's made smaller, in a
    sentence."""
    setting: Setting = "differs" if differs else "scaled"
    said = differs or SCALED
    return Claim(
        name, source, where, says, printed, measured_by, unit, effect, False, size, None, setting, said, FIGURE
    )


def _others(variant: str) -> list[str]:
    return [row for row in ROWS if row != variant]


CLAIMS = [
    _claim(
        "width_helps",
        "Table 1",
        "Twice the width gives better images.",
        "+25.6 %",
        25.6,
        FALL,
        improvement("wide"),
    ),
    _claim(
        "width_helps_most",
        "Table 1, section 2.3",
        "Of the source's changes, twice the width gives the best images.",
        "FID 62.8, next 84.3",
        34.4,
        "by how many percent the distance of the best of the source's other variants is larger than that of `wide`",
        best("wide", _others("wide")),
    ),
    _claim(
        "attention_matters",
        "Table 1",
        "Without attention the images are worse.",
        "40.7 %",
        40.7,
        RISE,
        worse("no_attention"),
        FEW_TOKENS,
    ),
    _claim(
        "attention_matters_most",
        "Table 1, section 2.3",
        "Of the source's changes, leaving attention out gives the worst images.",
        "FID 118.7, next 102.5",
        15.7,
        "by how many percent the distance of `no_attention` is larger than that of the worst of the source's other "
        "variants",
        worst("no_attention", _others("no_attention")),
        FEW_TOKENS,
    ),
    _claim(
        "one_block_is_worse",
        "Table 1",
        "With one residual block a level the images are worse.",
        "11.2 %",
        11.2,
        RISE,
        worse("res_blocks_1"),
    ),
    _claim(
        "no_blocks_are_worse",
        "Table 1",
        "With no residual block the images are worse.",
        "21.6 %",
        21.6,
        RISE,
        worse("res_blocks_0"),
    ),
    _claim(
        "blocks_are_ordered",
        "Table 1",
        "The fewer residual blocks, the worse the images: two are better than one, and one is better than none.",
        "FID 84.3, 93.8 and 102.5",
        9.3,
        "by how many percent the distance grows when a block is taken away, for the block that matters less",
        ordered([BASELINE, "res_blocks_1", "res_blocks_0"]),
    ),
    _claim(
        "attention_is_small",
        "section 3",
        "Attention is a small part of the weights: less than a tenth.",
        None,
        None,
        "ten percent, minus the share of the baseline's weights that `no_attention` lacks",
        few_weights("no_attention", 10),
    ),
    _claim(
        "depth_alone_matters",
        "Table 1, where the width goes with the depth",
        "With no residual block the images are worse even where the encoder keeps its width.",
        None,
        None,
        RISE,
        worse("depth_0"),
        "The source has no such variant: its encoder without residual blocks is narrower too.",
    ),
    _claim(
        "width_before_depth",
        "section 3",
        "At equal multiply-adds, a wider and shallower network gives better images.",
        None,
        None,
        FALL,
        improvement("wide_shallow"),
        "The source recommends it and has no such variant.",
    ),
    _claim(
        "diminishing_returns",
        "section 3",
        "A third residual block a level gains less than the second did.",
        None,
        None,
        "by how many percent the factor by which the second block lowers the distance is larger than that of the third",
        diminishing(2, ["res_blocks_1", "deeper"]),
        "The source writes it and has no variant with three blocks.",
    ),
    _claim(
        "skips_sharpen",
        "section 2.2",
        "Without skip connections the images are blurry.",
        None,
        None,
        "the blur of its images (0 is sharp, 1 is blurred), minus the blur of the baseline's images",
        only_learnt("no_skips", blurrier("no_skips")),
        source=MNIST,
        unit="",
    ),
    _claim(
        "skips_matter",
        "section 2",
        "Without skip connections the images are worse.",
        None,
        None,
        RISE,
        only_learnt("no_skips", worse("no_skips")),
        NOT_TRAINED,
        FASHION,
    ),
    _claim(
        "time_matters",
        "section 3.3; also Brown, section 3",
        "A network that is not told the timestep gives worse images.",
        None,
        None,
        RISE,
        worse("no_time_embedding"),
        NOT_TRAINED,
        MNIST,
    ),
]

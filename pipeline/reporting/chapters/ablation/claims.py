"""What the sources say of the architecture, to be put to the test."""

from pipeline.params import BASELINE
from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import best, blurrier, diminishing, improvement, worse, worst
from pipeline.reporting.sources import ABLATION, FASHION, MNIST

ROWS = [BASELINE, "wide", "no_attention", "res_blocks_1", "res_blocks_0"]  # of the source's table
FALL = "by how many percent its distance to the real images is smaller than the baseline's"
RISE = "by how many percent its distance to the real images is larger than the baseline's"


def _others(variant: str) -> list[str]:
    return [row for row in ROWS if row != variant]


CLAIMS = [
    Claim(
        "width_helps",
        ABLATION,
        "Table 1",
        "Twice the width gives better images.",
        "+25.6 %",
        FALL,
        "%",
        improvement("wide"),
    ),
    Claim(
        "width_helps_most",
        ABLATION,
        "Table 1, section 2.3",
        "Of the source's changes, twice the width gives the best images.",
        "FID 62.8, next 84.3",
        "the distance of the best of the source's other variants, minus the distance of `wide`",
        "",
        best("wide", _others("wide")),
    ),
    Claim(
        "attention_matters",
        ABLATION,
        "Table 1",
        "Without attention the images are worse.",
        "40.7 %",
        RISE,
        "%",
        worse("no_attention"),
    ),
    Claim(
        "attention_matters_most",
        ABLATION,
        "Table 1, section 2.3",
        "Of the source's changes, leaving attention out gives the worst images.",
        "FID 118.7, next 102.5",
        "the distance of `no_attention`, minus the distance of the worst of the source's other variants",
        "",
        worst("no_attention", _others("no_attention")),
    ),
    Claim(
        "one_block_is_worse",
        ABLATION,
        "Table 1",
        "With one residual block a level the images are worse.",
        "11.2 %",
        RISE,
        "%",
        worse("res_blocks_1"),
    ),
    Claim(
        "no_blocks_are_worse",
        ABLATION,
        "Table 1",
        "With no residual block the images are worse.",
        "21.6 %",
        RISE,
        "%",
        worse("res_blocks_0"),
    ),
    Claim(
        "depth_alone_matters",
        ABLATION,
        "Table 1, where the width goes with the depth",
        "With no residual block the images are worse even where the encoder keeps its width.",
        None,
        RISE,
        "%",
        worse("depth_0"),
    ),
    Claim(
        "width_before_depth",
        ABLATION,
        "section 3",
        "At equal multiply-adds, a wider and shallower network gives better images.",
        None,
        FALL,
        "%",
        improvement("wide_shallow"),
    ),
    Claim(
        "diminishing_returns",
        ABLATION,
        "section 3",
        "A third residual block a level gains less than the second did.",
        None,
        "by how much the second block lowers the distance, minus by how much the third block lowers it",
        "",
        diminishing(2, ["res_blocks_1", "deeper"]),
    ),
    Claim(
        "skips_sharpen",
        MNIST,
        "section 2.2",
        "Without skip connections the images are blurry.",
        None,
        "the blur of its images (0 is sharp, 1 is blurred), minus the blur of the baseline's images",
        "",
        blurrier("no_skips"),
    ),
    Claim(
        "skips_matter",
        FASHION,
        "section 2",
        "Without skip connections the images are worse.",
        None,
        RISE,
        "%",
        worse("no_skips"),
    ),
    Claim(
        "time_matters",
        MNIST,
        "section 3.3; also Brown, section 3",
        "A network that is not told the timestep gives worse images.",
        None,
        RISE,
        "%",
        worse("no_time_embedding"),
    ),
]

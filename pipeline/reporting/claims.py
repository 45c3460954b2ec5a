"""The claims ledger: what the sources said, each as a function of summary.json.

Every effect is signed so that a positive one speaks for the claim. The verdict is its 95 % interval's: supported when
all of it is above 0, contradicted when all of it is below, inconclusive otherwise. A claim looks up variants by the
names that they have in the shipped params.yaml and profiles. One whose variants are not there is not decided, nor is
one about images where the judge cannot judge.
"""

from dataclasses import dataclass
from typing import Any

from pipeline.params import BASELINE
from pipeline.reporting.effects import (
    Effect,
    MissingError,
    Summary,
    best,
    best_throughout,
    blurrier,
    diminishing,
    easier,
    improvement,
    learns_faster,
    lower_loss,
    plateaus_earlier,
    slower,
    worse,
    worst,
)
from pipeline.reporting.paired import Entry

SUPPORTED, CONTRADICTED, INCONCLUSIVE, NO_DATA = "supported", "contradicted", "inconclusive", "no data"
KEPT = ("value", "n", "ci95", "replicas", "against")  # of an effect's entry
VERDICTS = (SUPPORTED, CONTRADICTED, INCONCLUSIVE, NO_DATA)
ABLATION = "Lu and Li, Visualizing and Understanding Diffusion Models"
MNIST = "Morathi, Diffusion Model Midterm Analysis Report (MNIST)"
FASHION = "Brown, MD Report (Fashion-MNIST)"


@dataclass(frozen=True)
class Claim:
    """name: the dotted name's last part; source: author and title; file: the number that its file begins with; where:
    its figure, table or section; says: the claim in our words; printed: the source's own figure, if it gives one;
    measured_by: what the effect is; unit: of the effect; effect: the entry, signed, or `MissingError`."""

    name: str
    source: str
    file: str
    where: str
    says: str
    printed: str | None
    measured_by: str
    unit: str
    effect: Effect


def verdict(effect: Entry) -> str:
    """What the interval says of a claim."""
    low, high = effect["ci95"]
    return SUPPORTED if low > 0 else CONTRADICTED if high < 0 else INCONCLUSIVE


def ledger(summary: Summary) -> dict[str, dict[str, Any]]:
    """Claim's name -> {verdict, and value, n, ci95 of its effect, or needs: what is missing}."""
    out: dict[str, dict[str, Any]] = {}
    for claim in CLAIMS:
        try:
            effect = claim.effect(summary)
        except MissingError as missing:
            out[claim.name] = {"verdict": NO_DATA, "needs": str(missing)}
        else:
            out[claim.name] = {"verdict": verdict(effect)}
            out[claim.name] |= {key: effect[key] for key in KEPT if key in effect}
    return out


FALL, RISE = "fall of the distance against the baseline", "rise of the distance against the baseline"
ROWS = [BASELINE, "wide", "no_attention", "res_blocks_1", "res_blocks_0"]  # of the source's table


def _others(variant: str) -> list[str]:
    return [row for row in ROWS if row != variant]


CLAIMS = [
    Claim(
        name="width_helps",
        source=ABLATION,
        file="000",
        where="Table 1",
        says="Twice the width gives better images.",
        printed="+25.6 %",
        measured_by=FALL,
        unit="%",
        effect=improvement("wide"),
    ),
    Claim(
        name="width_helps_most",
        source=ABLATION,
        file="000",
        where="Table 1, section 2.3",
        says="Of the source's changes, twice the width gives the best images.",
        printed="FID 62.8, next 84.3",
        measured_by="distance of the best rival less that of `wide`",
        unit="",
        effect=best("wide", _others("wide")),
    ),
    Claim(
        name="width_helps_throughout",
        source=ABLATION,
        file="000",
        where="Figure 5, section 2.3",
        says="Twice the width is ahead throughout training.",
        printed=None,
        measured_by="distance of the baseline less that of `wide`, at the snapshot where that is least",
        unit="",
        effect=best_throughout("wide"),
    ),
    Claim(
        name="attention_matters",
        source=ABLATION,
        file="000",
        where="Table 1",
        says="Without attention the images are worse.",
        printed="40.7 %",
        measured_by=RISE,
        unit="%",
        effect=worse("no_attention"),
    ),
    Claim(
        name="attention_matters_most",
        source=ABLATION,
        file="000",
        where="Table 1, section 2.3",
        says="Of the source's changes, leaving attention out gives the worst images.",
        printed="FID 118.7, next 102.5",
        measured_by="distance of `no_attention` less that of the worst rival",
        unit="",
        effect=worst("no_attention", _others("no_attention")),
    ),
    Claim(
        name="attention_loss_is_low",
        source=ABLATION,
        file="000",
        where="Table 1, Figure 4",
        says="Without attention the loss is lower than the baseline's.",
        printed="training loss 0.00103, baseline 0.00418",
        measured_by="fall of the validation loss against the baseline",
        unit="%",
        effect=lower_loss("no_attention"),
    ),
    Claim(
        name="one_block_is_worse",
        source=ABLATION,
        file="000",
        where="Table 1",
        says="With one residual block a level the images are worse.",
        printed="11.2 %",
        measured_by=RISE,
        unit="%",
        effect=worse("res_blocks_1"),
    ),
    Claim(
        name="no_blocks_are_worse",
        source=ABLATION,
        file="000",
        where="Table 1",
        says="With no residual block the images are worse.",
        printed="21.6 %",
        measured_by=RISE,
        unit="%",
        effect=worse("res_blocks_0"),
    ),
    Claim(
        name="depth_alone_matters",
        source=ABLATION,
        file="000",
        where="Table 1, where the width goes with the depth",
        says="With no residual block they are worse even where the encoder keeps its width.",
        printed=None,
        measured_by=RISE,
        unit="%",
        effect=worse("depth_0"),
    ),
    Claim(
        name="fewer_blocks_learn_faster",
        source=ABLATION,
        file="000",
        where="Figure 4, section 2.3",
        says="With one residual block a level the network learns faster at first.",
        printed=None,
        measured_by="training loss of the baseline less that of `res_blocks_1`, first part of training",
        unit="",
        effect=learns_faster("res_blocks_1"),
    ),
    Claim(
        name="no_blocks_learn_faster",
        source=ABLATION,
        file="000",
        where="Figure 4, section 2.3",
        says="With no residual block the network learns faster at first.",
        printed=None,
        measured_by="training loss of the baseline less that of `res_blocks_0`, first part of training",
        unit="",
        effect=learns_faster("res_blocks_0"),
    ),
    Claim(
        name="fewer_blocks_plateau_earlier",
        source=ABLATION,
        file="000",
        where="Figure 5, section 2.3",
        says="With one residual block a level the images stop getting better earlier.",
        printed=None,
        measured_by="fall of the distance after the last snapshot: the baseline's less that of `res_blocks_1`",
        unit="",
        effect=plateaus_earlier("res_blocks_1"),
    ),
    Claim(
        name="no_blocks_plateau_earlier",
        source=ABLATION,
        file="000",
        where="Figure 5, section 2.3",
        says="With no residual block the images stop getting better earlier.",
        printed=None,
        measured_by="fall of the distance after the last snapshot: the baseline's less that of `res_blocks_0`",
        unit="",
        effect=plateaus_earlier("res_blocks_0"),
    ),
    Claim(
        name="width_before_depth",
        source=ABLATION,
        file="000",
        where="section 3",
        says="At equal multiply-adds, wider and shallower gives better images.",
        printed=None,
        measured_by=FALL,
        unit="%",
        effect=improvement("wide_shallow"),
    ),
    Claim(
        name="diminishing_returns",
        source=ABLATION,
        file="000",
        where="section 3",
        says="A third residual block a level gains less than the second did.",
        printed=None,
        measured_by="fall of the distance by the second block less that by the third",
        unit="",
        effect=diminishing(2, ["res_blocks_1", "deeper"]),
    ),
    Claim(
        name="larger_takes_longer",
        source=MNIST,
        file="001",
        where="bonus experiment 1",
        says="Twice the width takes more than twice the training time.",
        printed="twice",
        measured_by="training time over the baseline's, less 2",
        unit="times",
        effect=slower("wide"),
    ),
    Claim(
        name="skips_sharpen",
        source=MNIST,
        file="001",
        where="section 2.2",
        says="Without skip connections the images are blurry.",
        printed=None,
        measured_by="rise of the blur (0 sharp, 1 blurred) against the baseline",
        unit="",
        effect=blurrier("no_skips"),
    ),
    Claim(
        name="skips_matter",
        source=FASHION,
        file="003",
        where="section 2",
        says="Without skip connections the images are worse.",
        printed=None,
        measured_by=RISE,
        unit="%",
        effect=worse("no_skips"),
    ),
    Claim(
        name="time_matters",
        source=MNIST,
        file="001",
        where="section 3.3; also Brown, section 3",
        says="A network that is not told the timestep gives worse images.",
        printed=None,
        measured_by=RISE,
        unit="%",
        effect=worse("no_time_embedding"),
    ),
    Claim(
        name="simple_digits_are_easier",
        source=MNIST,
        file="001",
        where="sections 4.1 and 4.2, Figure 6",
        says="The simple digits 0, 1 and 7 come out better than 5 and 8.",
        printed="CLIP 0.92 to 0.95, and 0.75 to 0.8",
        measured_by="class accuracy of the first less that of the others",
        unit="points",
        effect=easier(["0", "1", "7"], ["5", "8"]),
    ),
]

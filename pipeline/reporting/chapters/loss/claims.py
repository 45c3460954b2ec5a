"""What the source says of the loss, to be put to the test."""

from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import learns_faster, lower_loss, part_ways
from pipeline.reporting.sources import ABLATION

SETTING = "The network, its training and the images are smaller than the source's, and the loss is that of validation."
EARLY = (
    "The source shows the first 3,000 of 100,000 updates; what counts here is the time from the end of the warm-up to "
    "the end of the early part of a far shorter training."
)


def _faster(name: str, variant: str, says: str) -> Claim:
    """Return the claim that a variant learns faster than the baseline at first."""
    measured_by = f"by how many percent the training loss of `{variant}` is smaller than the baseline's, early on"
    where, effect = "Figure 4, section 2.3", learns_faster(variant)
    return Claim(name, ABLATION, where, says, None, measured_by, "%", effect, differs=EARLY, figure="early")


CLAIMS = [
    Claim(
        "attention_loss_is_low",
        ABLATION,
        "Table 1, Figure 4",
        "Without attention the loss is as low as the baseline's.",
        "training loss 0.00103, baseline 0.00418",
        "by how many percent its validation loss is smaller than the baseline's",
        "%",
        lower_loss("no_attention"),
        size=75.4,
        equal="loss",
        differs=SETTING,
        figure="curves",
    ),
    Claim(
        "loss_and_distance_part_ways",
        ABLATION,
        "Table 1, section 2.3",
        "A lower loss does not go with better images.",
        "a rank correlation of 0 over the five rows of its table",
        "the rank correlation of validation loss and distance over the variants that have learnt, with the other sign",
        "",
        part_ways(),
        size=0,
        differs=SETTING,
        figure="curves",
    ),
    _faster("wide_learns_faster", "wide", "With twice the width the network learns faster at first."),
    _faster(
        "fewer_blocks_learn_faster",
        "res_blocks_1",
        "With one residual block a level the network learns faster at first.",
    ),
    _faster("no_blocks_learn_faster", "res_blocks_0", "With no residual block the network learns faster at first."),
]

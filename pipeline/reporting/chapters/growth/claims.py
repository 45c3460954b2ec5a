"""What the sources say of the images over training, and what nobody asked, to be put to the test over training
seeds."""

from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import Effect, judged, measured
from pipeline.reporting.sources import ASKED, MNIST

EARLIER, TRAINED = "later_snapshots_are_recognised_earlier", "training_brings_form"
SETTING = "The source looks at images after each of 15 epochs; here a classifier says whether it recognises them."


def _measured(name: str) -> Effect:
    """What the snapshots of several training seeds say under the claim's name."""
    effect = f"growth.effects.{name}"
    needs = "a snapshot before the end (train.snapshots), and images that were followed (growth)"
    return judged(measured(effect, (effect, needs)))


CLAIMS = [
    Claim(
        TRAINED,
        MNIST,
        "section 3.2",
        "As training goes on, images go from static to clear forms.",
        "static in epochs 1 to 3 of 15, clear digits from epoch 9 on",
        "the share of the baseline's images that are recognised in the end, at the end of training minus at the first "
        "snapshot",
        "points",
        _measured(TRAINED),
        setting="differs",
        differs=SETTING,
        figure="snapshots",
    ),
    Claim(
        EARLIER,
        ASKED,
        "decisions over training",
        "The longer a network is trained, the earlier in the process its images are recognised.",
        None,
        "the share of the process after which the clean image that the baseline predicts is recognised for good, at "
        "the first snapshot minus at the end of training; an image that is never recognised counts as 100 %",
        "points",
        _measured(EARLIER),
        differs="No source says it; here the snapshots are few and the training is short. A part of it is that more "
        "images are recognised at all.",
        figure="training",
    ),
]

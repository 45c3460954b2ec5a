"""What the sources say of CLIP's scores, to be put to the test over training seeds."""

from collections.abc import Sequence

from pipeline.judges.number import Number
from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import Effect, MissingError, judged, measured
from pipeline.reporting.sources import ASKED, FASHION, MNIST
from pipeline.reporting.summary import Summary, below

DIGITS, CLOTHES = "simple_digits_score_highest", "simple_clothes_score_highest"
LATER, COMPLEX, WITH_ACCURACY = "later_images_score_higher", "complex_classes_score_lower", "scores_go_with_accuracy"
PRINTED = {"0": "0.92 to 0.95", "1": "0.92 to 0.95", "7": "0.92 to 0.95", "5": "0.75 to 0.8", "8": "0.75 to 0.8"}
CLIP = "The sources do not say which CLIP they use, nor on what scale; here its reliability stands beside every score."


def of_source(classes: Sequence[str]) -> dict[str, str]:
    """Return what the source printed of classes, where these are the source's; else nothing."""
    return PRINTED if set(PRINTED) <= set(classes) else {}


def believed(effect: Effect) -> Effect:
    """An effect that counts where the CLIP judges held-out images as well as is required."""

    def counted(s: Summary) -> Number:
        reliability = below(s, "clip")
        if not reliability:
            raise MissingError("a CLIP judge (clip), and what it says (scores, selection)")
        if any(number["value"] < number["required"] for number in reliability.values()):
            raise MissingError("a CLIP that can judge")
        return effect(s)

    return counted


def _measured(name: str, needs: str) -> Effect:
    effect = f"scores.effects.{name}"
    return measured(effect, (effect, needs))


CLAIMS = [
    Claim(
        DIGITS,
        MNIST,
        "section 4.1, Figure 6",
        "Images of the digits 0, 1 and 7 score highest, and of 5 and 8 lowest.",
        "0.92 to 0.95, and 0.75 to 0.8",
        "the mean CLIP score of the baseline's images of 0, 1 and 7, minus that of 5 and 8",
        "",
        believed(_measured(DIGITS, "the classes 0, 1, 5, 7 and 8, and a baseline that is told them")),
        setting="differs",
        differs=f"{CLIP} Scores of real images differ by class too, so a class may score low and be drawn well.",
        figure="classes",
    ),
    Claim(
        CLOTHES,
        FASHION,
        "part 4",
        "Images of T-shirts and trousers score higher than images of sneakers.",
        None,
        "the mean CLIP score of the baseline's images of T-shirts and trousers, minus that of sneakers",
        "",
        believed(_measured(CLOTHES, "Fashion-MNIST's classes, and a baseline that is told them")),
        setting="differs",
        differs="The source says of T-shirts that they often score highly, and only supposes that sneakers are harder. "
        f"{CLIP}",
        figure="classes",
    ),
    Claim(
        COMPLEX,
        MNIST,
        "section 4.1",
        "The scores go with the visual complexity of the digits: simple shapes score higher.",
        None,
        "the rank correlation, over the classes, of the baseline's mean CLIP score and the length of the skeleton of "
        "the real images' foreground, with the other sign",
        "",
        believed(_measured(COMPLEX, "a baseline that is told the class")),
        setting="differs",
        differs=f"{CLIP} The source says it of MNIST.",
        figure="classes",
    ),
    Claim(
        LATER,
        FASHION,
        "part 4",
        "Images that are drawn later in training get higher scores for good and clear.",
        None,
        "good plus clear of the baseline's images at the end of training, minus the same at the first snapshot",
        "points",
        believed(_measured(LATER, "a snapshot before the end (train.snapshots)")),
        setting="scaled",
        differs=CLIP,
        figure="training",
    ),
    Claim(
        WITH_ACCURACY,
        ASKED,
        "scores and accuracy",
        "Where a CLIP score is higher, a classifier recognises more images.",
        None,
        "the rank correlation of mean CLIP score and the classifier's accuracy over variants and their snapshots",
        "",
        believed(
            judged(_measured(WITH_ACCURACY, "a snapshot before the end (train.snapshots), and a scored baseline"))
        ),
        differs="No source says it; the points are few, and those of one variant hang together.",
        figure="training",
    ),
]

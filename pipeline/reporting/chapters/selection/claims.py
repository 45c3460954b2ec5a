"""What the sources say of selecting images by CLIP, to be put to the test over training seeds."""

from pipeline.judges.number import negative
from pipeline.reporting.chapters.scores.claims import believed
from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import Effect, by_all, judged, measured
from pipeline.reporting.sources import ASKED, FASHION, MNIST

JUDGES = {"accuracy": "the classifier", "second_accuracy": "the support vector machine"}
CLIP = "The sources do not say which CLIP they use. Here two judges look at it that took no part in selecting."
PROPOSED = f"The source proposes it, and did not do it. {CLIP}"


def _gap(by: str, metric: str) -> Effect:
    name = f"selection.{by}.{metric}.gap"
    return believed(judged(measured(name, (name, f"a selection by {by} (selection.by)"))))


def _recognised(by: str) -> Effect:
    """By how much more often the selected are recognised than as many drawn at random, by the judge that finds less."""
    return by_all({judge: _gap(by, metric) for metric, judge in JUDGES.items()})


def _falls(by: str, metric: str) -> Effect:
    return lambda s: negative(_gap(by, metric)(s))


RECOGNISED = (
    "the share of recognised images among those selected by {by}, minus that of as many drawn at random, by the judge "
    "that finds less"
)
NEARER = (
    "the distance to the real images of as many drawn at random, minus that of those selected by {by}, in percent of "
    "the former"
)
SCORE, LOOKS = "CLIP score", "good and clear less blurry"
CLAIMS = [
    Claim(
        "selected_by_score_are_recognised_more",
        MNIST,
        "section 4.3 and Experiment 2",
        "Selecting the images with the highest CLIP score makes the output better: more of them show their class.",
        None,
        RECOGNISED.format(by=SCORE),
        "points",
        _recognised("clip_score"),
        setting="differs",
        differs=CLIP,
        figure="effects",
    ),
    Claim(
        "selected_by_score_are_nearer",
        MNIST,
        "section 4.3 and Experiment 2",
        "Selecting the images with the highest CLIP score makes the output better: they are nearer to real images.",
        None,
        NEARER.format(by=SCORE),
        "%",
        _falls("clip_score", "frechet"),
        setting="differs",
        differs=CLIP,
        figure="effects",
    ),
    Claim(
        "selected_by_looks_are_recognised_more",
        FASHION,
        "bonus",
        "Of 15 images of a class, the three that CLIP finds good and clear rather than blurry are more reliable: more "
        "of them show their class.",
        None,
        RECOGNISED.format(by=LOOKS),
        "points",
        _recognised("quality"),
        setting="differs",
        differs=PROPOSED,
        figure="effects",
    ),
    Claim(
        "selected_by_looks_are_nearer",
        FASHION,
        "bonus",
        "Of 15 images of a class, the three that CLIP finds good and clear rather than blurry are of the highest "
        "quality: they are nearer to real images.",
        None,
        NEARER.format(by=LOOKS),
        "%",
        _falls("quality", "frechet"),
        setting="differs",
        differs=PROPOSED,
        figure="effects",
    ),
    Claim(
        "selection_narrows",
        ASKED,
        "selection and diversity",
        "Selecting the images with the highest CLIP score makes a set narrower.",
        None,
        "the mean distance, in the features that the images are compared by, of two images of a class: of as many "
        "drawn at random, minus that of those selected by CLIP score, in percent of the former",
        "%",
        _falls("clip_score", "diversity"),
        differs="No source says it.",
        figure="effects",
    ),
]

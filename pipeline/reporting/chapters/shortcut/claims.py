"""What the sources say of shortcuts, and what nobody asked, to be put to the test on every subject."""

from pipeline.anatomy.effects import Shortcuts
from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import of_subject
from pipeline.reporting.sources import ASKED, DEEPCACHE, TEMPORAL

OF_IMAGES = set(Shortcuts) - {Shortcuts.STRATEGY_KEEPS_LIKENESS}  # what is about distances to the real images

SETTING = "The source's schedule is scaled to a shorter loop of a smaller network, on other images."


def _claim(
    effect: Shortcuts,
    where: str,
    says: str,
    printed: str | None,
    measured_by: str,
    unit: str = "",
    source: str = TEMPORAL,
) -> Claim:
    """Return the claim that an effect of `shortcut` decides, for every subject; shares become percent points."""
    measured = of_subject("shortcut", effect, unit, effect in OF_IMAGES)
    return Claim(effect, source, where, says, printed, measured_by, unit, measured, True, differs=SETTING)


CLAIMS = [
    _claim(
        Shortcuts.STRATEGY_KEEPS_LIKENESS,
        "Figures 12 and 13",
        "The source's shortcut, scaled to this loop, leaves images as they are in the main.",
        "SSIM 0.795",
        "its mean likeness to the untouched images, from 0 for unrelated images of a class to 1 for equal ones, minus "
        "the threshold below which an image counts as changed",
    ),
    _claim(
        Shortcuts.STRATEGY_KEEPS_QUALITY,
        "abstract",
        "The source's shortcut, scaled to this loop, hardly degrades the images' quality.",
        None,
        "the distance of the untouched images times the growth that a schedule found for quality is allowed "
        "(shortcut.distance), minus the distance of the shortcut's; their common bias speaks for the claim",
    ),
    _claim(
        Shortcuts.LIKENESS_BEATS_FEWER_STEPS,
        "about quality",
        "A shortcut found for SSIM 0.795 gives better images than fewer steps do at the same cost.",
        None,
        "the distance of the best sampler with fewer steps that costs no more multiply-adds, minus the distance of the "
        "shortcut",
        source=ASKED,
    ),
    _claim(
        Shortcuts.DISTANCE_BEATS_FEWER_STEPS,
        "about quality",
        "A shortcut found for quality gives better images than fewer steps do at the same cost.",
        None,
        "the distance of the best sampler with fewer steps that costs no more multiply-adds, minus the distance of the "
        "shortcut",
        source=ASKED,
    ),
    _claim(
        Shortcuts.CACHE_BEATS_ZEROS,
        "Table 5",
        "In the place of a block that is left out, its last output is better than zeros.",
        "CIFAR-10 FID 9.74 and 192.98",
        "the distance of the shortcut of Prasad et al. with zeros, minus that with the last output",
        source=DEEPCACHE,
    ),
]

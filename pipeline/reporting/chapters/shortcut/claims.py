"""What the sources say of shortcuts, and what nobody asked, to be put to the test on every subject."""

from pipeline.anatomy.effects import Shortcuts
from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import of_subject
from pipeline.reporting.sources import ASKED, DEEPCACHE, TEMPORAL

OF_IMAGES = (Shortcuts.LIKENESS_BEATS_FEWER_STEPS, Shortcuts.DISTANCE_BEATS_FEWER_STEPS)  # of distances to real images

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
        "Figure 13",
        "The source's shortcut, scaled to this loop, keeps an SSIM of at least 0.795.",
        "SSIM 0.795",
        "its mean SSIM to the untouched images, minus 0.795",
    ),
    _claim(
        Shortcuts.STRATEGY_SAVES,
        "section Using insights for shortcut inference",
        "The source's shortcut, scaled to this loop, saves at least 27 % of the time.",
        "27 %",
        "the share of time that it saves, minus 27 %",
        "points",
    ),
    _claim(
        Shortcuts.FOUND_SAVES_MORE,
        "section Using insights for shortcut inference",
        "The source's shortcut is not the only good strategy.",
        None,
        "the share of time saved by the cheapest schedule found whose SSIM is not lower, minus that saved by the "
        "source's shortcut",
        "points",
    ),
    _claim(
        Shortcuts.BEATS_FEWER_STEPS_IN_LIKENESS,
        "about likeness",
        "A shortcut found for SSIM 0.795 stays nearer to the whole loop's images than fewer steps do in the same time.",
        None,
        "its mean SSIM, minus that of the best sampler with fewer steps, each to the whole loop of its own sampler",
        source=ASKED,
    ),
    _claim(
        Shortcuts.LIKENESS_BEATS_FEWER_STEPS,
        "about quality",
        "A shortcut found for SSIM 0.795 gives better images than fewer steps do in the same time.",
        None,
        "the distance of the best sampler with fewer steps, minus the distance of the shortcut",
        source=ASKED,
    ),
    _claim(
        Shortcuts.DISTANCE_BEATS_FEWER_STEPS,
        "about quality",
        "A shortcut found for quality gives better images than fewer steps do in the same time.",
        None,
        "the distance of the best sampler with fewer steps, minus the distance of the shortcut",
        source=ASKED,
    ),
    _claim(
        Shortcuts.CACHE_BEATS_ZEROS,
        "Table 5",
        "In the place of a block that is left out, its last output is better than zeros.",
        "CIFAR-10 FID 9.74 and 192.98",
        "the mean SSIM of the shortcut of Prasad et al. with the last output, minus that with zeros",
        source=DEEPCACHE,
    ),
]

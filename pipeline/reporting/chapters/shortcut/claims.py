"""What the sources say of shortcuts, and what nobody asked, to be put to the test on every subject."""

from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import of_subject
from pipeline.reporting.sources import ASKED, DEEPCACHE, TEMPORAL

OF_IMAGES = ("likeness_beats_fewer_steps", "distance_beats_fewer_steps")  # of distances to the real images


def _claim(
    name: str, where: str, says: str, printed: str | None, measured_by: str, unit: str = "", source: str = TEMPORAL
) -> Claim:
    """A claim whose effect `shortcut` has measured under its name, of every subject; shares become percent points."""
    effect = of_subject("shortcut", name, unit, name in OF_IMAGES)
    return Claim(name, source, where, says, printed, measured_by, unit, effect, True)


CLAIMS = [
    _claim(
        "strategy_keeps_likeness",
        "Figure 13",
        "The source's shortcut, scaled to this loop, keeps an SSIM of at least 0.795.",
        "SSIM 0.795",
        "its mean SSIM to the untouched images, minus 0.795",
    ),
    _claim(
        "strategy_saves",
        "section Using insights for shortcut inference",
        "The source's shortcut, scaled to this loop, saves at least 27 % of the time.",
        "27 %",
        "the share of time that it saves, minus 27 %",
        "points",
    ),
    _claim(
        "found_saves_more",
        "section Using insights for shortcut inference",
        "The source's shortcut is not the only good strategy.",
        None,
        "the share of time saved by the cheapest schedule found whose SSIM is not lower, minus that saved by the "
        "source's shortcut",
        "points",
    ),
    _claim(
        "beats_fewer_steps_in_likeness",
        "about likeness",
        "A shortcut found for SSIM 0.795 stays nearer to the whole loop's images than fewer steps do in the same time.",
        None,
        "its mean SSIM, minus that of the best sampler with fewer steps, each to the whole loop of its own sampler",
        source=ASKED,
    ),
    _claim(
        "likeness_beats_fewer_steps",
        "about quality",
        "A shortcut found for SSIM 0.795 gives better images than fewer steps do in the same time.",
        None,
        "the distance of the best sampler with fewer steps, minus the distance of the shortcut",
        source=ASKED,
    ),
    _claim(
        "distance_beats_fewer_steps",
        "about quality",
        "A shortcut found for quality gives better images than fewer steps do in the same time.",
        None,
        "the distance of the best sampler with fewer steps, minus the distance of the shortcut",
        source=ASKED,
    ),
    _claim(
        "cache_beats_zeros",
        "Table 5",
        "In the place of a block that is left out, its last output is better than zeros.",
        "CIFAR-10 FID 9.74 and 192.98",
        "the mean SSIM of the shortcut of Prasad et al. with the last output, minus that with zeros",
        source=DEEPCACHE,
    ),
]

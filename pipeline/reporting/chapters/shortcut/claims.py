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
        "The source's shortcut, scaled, keeps this likeness.",
        "SSIM 0.795",
        "SSIM less 0.795",
    ),
    _claim(
        "strategy_saves",
        "section Using insights for shortcut inference",
        "The source's shortcut, scaled, saves this share of the time.",
        "27 %",
        "share saved less 27 %",
        "points",
    ),
    _claim(
        "found_saves_more",
        "section Using insights for shortcut inference",
        "It is not the sole strategy.",
        None,
        "share of time saved by the cheapest schedule found that is no less like, less that by the source's",
        "points",
    ),
    _claim(
        "beats_fewer_steps_in_likeness",
        "likeness",
        "Such a shortcut gives images more like the whole loop's than fewer steps do in the same time.",
        None,
        "SSIM of the schedule found for 0.795 less that of every sampler with fewer steps, each to its own whole loop",
        source=ASKED,
    ),
    _claim(
        "likeness_beats_fewer_steps",
        "quality",
        "Such a shortcut gives better images than fewer steps do in the same time.",
        None,
        "distance of every sampler with fewer steps less that of the schedule found for SSIM 0.795",
        source=ASKED,
    ),
    _claim(
        "distance_beats_fewer_steps",
        "quality",
        "A shortcut found for quality gives better images than fewer steps do in the same time.",
        None,
        "distance of every sampler with fewer steps less that of the schedule found for the distance",
        source=ASKED,
    ),
    _claim(
        "cache_beats_zeros",
        "Table 5",
        "In a removed block's place its last output is better than zeros.",
        "CIFAR-10 FID 9.74 and 192.98",
        "SSIM of the shortcut of Prasad et al. with the one less that with the other",
        source=DEEPCACHE,
    ),
]

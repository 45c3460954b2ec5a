"""What the sources say of the sampling loop, its steps, skips and blocks, to be put to the test on one subject."""

from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import of_subject

TEMPORAL = "Prasad et al., Unraveling the Temporal Dynamics of the Unet in Diffusion Models"
ASKED = "asked here, of no source"
DEEPCACHE = "Ma et al., DeepCache: Accelerating Diffusion Models for Free"


def _claim(
    name: str, where: str, says: str, printed: str | None, measured_by: str, unit: str = "", source: str = TEMPORAL
) -> Claim:
    """A claim whose effect a stage has measured under its name; shares become percent points."""
    stage = "shortcut" if name in SHORTCUTS else "intervene"
    return Claim(name, source, where, says, printed, measured_by, unit, of_subject(stage, name, unit))


SHORTCUTS = (
    "strategy_keeps_likeness",
    "strategy_saves",
    "cache_beats_zeros",
    "found_saves_more",
    "beats_fewer_steps_in_likeness",
    "likeness_beats_fewer_steps",
    "distance_beats_fewer_steps",
)
DYNAMICS = [
    _claim(
        "one_step_is_little",
        "section Exploration of generation phases",
        "Leaving out a single step does not substantially alter the image.",
        None,
        "SSIM less the threshold, two steps in one, at the worst start",
    ),
    _claim(
        "first_steps_compose",
        "Figures 3 and 4",
        "The first steps compose: leaving out some of them changes the image more than leaving out some of the last.",
        None,
        "SSIM with the last starts jumped over less that with the first",
    ),
    _claim(
        "deep_blocks_compose",
        "Figures 6 and 8",
        "The deepest blocks matter in the first phase and become redundant after it.",
        None,
        "threshold less SSIM without them at the first starts, or SSIM at the last less the threshold: the lesser",
    ),
    _claim(
        "skips_denoise",
        "Figure 7",
        "After the first phase the top skips denoise: images without them are noisier than without the deepest blocks.",
        None,
        "PSNR without the blocks less that without the skips, after the first third of the starts",
        "dB",
    ),
    _claim(
        "bottom_up",
        "Figure 8",
        "Blocks become redundant from the bottom up: the deepest first.",
        "nb = 4 from step 68 of 100, nb = 6 from 65",
        "steps by which the fewest blocks are redundant before the most",
        "steps",
    ),
    _claim(
        "cuts_are_limited",
        "Figure 9",
        "Only few steps in a row can go without blocks.",
        "7 of 100",
        "threshold less the best SSIM of the longest cuts tried, of 7 % of the steps at least",
    ),
    _claim(
        "rest_helps",
        "Figure 10",
        "The longer the rest between two cuts, the less the image changes.",
        None,
        "SSIM after the longest rest less that after the shortest",
    ),
    _claim(
        "rest_restores",
        "Figure 10",
        "After a rest of 15 to 20 % of the steps a second cut leaves the image as it is.",
        "SSIM 0.8 after 15 to 20 of 100 steps",
        "SSIM less the threshold, at the longest such rest tried, for the worst number of blocks",
    ),
    _claim(
        "last_steps_are_spare",
        "Figures 16 and 17",
        "The clean image predicted 18 % of the steps before the end is accurate.",
        "step 18 of 100",
        "its SSIM less the threshold",
    ),
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

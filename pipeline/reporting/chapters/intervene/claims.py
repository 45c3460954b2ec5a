"""What the source says of the sampling loop's steps, skips and blocks, to be put to the test on every subject."""

from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import of_subject
from pipeline.reporting.sources import TEMPORAL


def _claim(
    name: str, where: str, says: str, printed: str | None, measured_by: str, unit: str = "", source: str = TEMPORAL
) -> Claim:
    """A claim whose effect `intervene` has measured under its name, of every subject; shares become percent points."""
    return Claim(name, source, where, says, printed, measured_by, unit, of_subject("intervene", name, unit), True)


CLAIMS = [
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
]

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
        "the mean SSIM when two steps are done in one, at the step where it is lowest, minus the threshold",
    ),
    _claim(
        "first_steps_compose",
        "Figures 3 and 4",
        "The first steps compose: leaving out some of them changes the image more than leaving out some of the last.",
        None,
        "the mean SSIM when steps are jumped over in the last third of the starts, minus the same in the first third",
    ),
    _claim(
        "deep_blocks_compose",
        "Figures 6 and 8",
        "The deepest blocks matter in the first phase and become redundant after it.",
        None,
        "the smaller of two numbers: by how much SSIM without them is below the threshold in the first third of the "
        "starts, and by how much it is above the threshold in the last third",
    ),
    _claim(
        "skips_denoise",
        "Figure 7",
        "After the first phase the top skips denoise: images without them are noisier than without the deepest blocks.",
        None,
        "PSNR without the deepest blocks, minus PSNR without the top skips, after the first third of the starts",
        "dB",
    ),
    _claim(
        "bottom_up",
        "Figure 8",
        "Blocks become redundant from the bottom up: the deepest first.",
        "nb = 4 from step 68 of 100, nb = 6 from 65",
        "how many steps earlier the smallest number of blocks becomes redundant than the largest",
        "steps",
    ),
    _claim(
        "cuts_are_limited",
        "Figure 9",
        "Only a few steps in a row can go without blocks.",
        "7 of 100",
        "the threshold, minus the best mean SSIM of the longest cuts that were tried (at least 7 % of the steps)",
    ),
    _claim(
        "rest_helps",
        "Figure 10",
        "The longer the rest between two cuts, the less the image changes.",
        None,
        "the mean SSIM with the longest rest, minus that with the shortest",
    ),
    _claim(
        "rest_restores",
        "Figure 10",
        "After a rest of 15 to 20 % of the steps a second cut leaves the image as it is.",
        "SSIM 0.8 after 15 to 20 of 100 steps",
        "the mean SSIM with the longest such rest that was tried, for the worst number of blocks, minus the threshold",
    ),
    _claim(
        "last_steps_are_spare",
        "Figures 16 and 17",
        "The clean image predicted 18 % of the steps before the end is accurate.",
        "step 18 of 100",
        "its mean SSIM to the image at the end of the loop, minus the threshold",
    ),
]

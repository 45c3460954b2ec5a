"""What the source says of the sampling loop's steps, skips and blocks, to be put to the test on every subject."""

from pipeline.anatomy.effects import Sweeps
from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import of_subject
from pipeline.reporting.sources import TEMPORAL

SETTING = "The loop, the network and the images are smaller than the source's text-to-image model."


def _claim(effect: Sweeps, where: str, says: str, printed: str | None, measured_by: str, unit: str = "") -> Claim:
    """Return the claim that an effect of `intervene` decides, for every subject; shares become percent points."""
    measured = of_subject("intervene", effect, unit)
    return Claim(effect, TEMPORAL, where, says, printed, measured_by, unit, measured, True, differs=SETTING)


CLAIMS = [
    _claim(
        Sweeps.ONE_STEP_IS_LITTLE,
        "section Exploration of generation phases",
        "Leaving out a single step does not substantially alter the image.",
        None,
        "the mean SSIM when two steps are done in one, at the step where it is lowest, minus the threshold",
    ),
    _claim(
        Sweeps.FIRST_STEPS_COMPOSE,
        "Figures 3 and 4",
        "The first steps compose: leaving out some of them changes the image more than leaving out some of the last.",
        None,
        "the mean SSIM when steps are jumped over in the last third of the starts, minus the same in the first third",
    ),
    _claim(
        Sweeps.DEEP_BLOCKS_COMPOSE,
        "Figures 6 and 8",
        "The deepest blocks matter in the first phase and become redundant after it.",
        None,
        "the smaller of two numbers: by how much SSIM without them is below the threshold in the first third of the "
        "starts, and by how much it is above the threshold in the last third",
    ),
    _claim(
        Sweeps.SKIPS_DENOISE,
        "Figure 7",
        "After the first phase the top skips denoise: images without them are noisier than without the deepest blocks.",
        None,
        "PSNR without the deepest blocks, minus PSNR without the top skips, after the first third of the starts",
        "dB",
    ),
    _claim(
        Sweeps.BOTTOM_UP,
        "Figure 8",
        "Blocks become redundant from the bottom up: the deepest first.",
        "nb = 4 from step 68 of 100, nb = 6 from 65",
        "how many steps earlier the smallest number of blocks becomes redundant than the largest",
        "steps",
    ),
    _claim(
        Sweeps.CUTS_ARE_LIMITED,
        "Figure 9",
        "Only a few steps in a row can go without blocks.",
        "7 of 100",
        "the threshold, minus the best mean SSIM of the longest cuts that were tried (at least 7 % of the steps)",
    ),
    _claim(
        Sweeps.REST_HELPS,
        "Figure 10",
        "The longer the rest between two cuts, the less the image changes.",
        None,
        "the mean SSIM with the longest rest, minus that with the shortest",
    ),
    _claim(
        Sweeps.REST_RESTORES,
        "Figure 10",
        "After a rest of 15 to 20 % of the steps a second cut leaves the image as it is.",
        "SSIM 0.8 after 15 to 20 of 100 steps",
        "the mean SSIM with the longest such rest that was tried, for the worst number of blocks, minus the threshold",
    ),
    _claim(
        Sweeps.LAST_STEPS_ARE_SPARE,
        "Figures 16 and 17",
        "The clean image predicted 18 % of the steps before the end is accurate.",
        "step 18 of 100",
        "its mean SSIM to the image at the end of the loop, minus the threshold",
    ),
]

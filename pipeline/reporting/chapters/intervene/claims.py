"""What the source says of the sampling loop's steps, skips and blocks, to be put to the test on every subject."""

from pipeline.anatomy.effects import Sweeps
from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import MEASURED, of_subject
from pipeline.reporting.sources import TEMPORAL

SETTING = "The loop, the network and the images are smaller than the source's text-to-image model."
PHASES = "phases, which are told from twelve starts on (intervene.phase_starts)"
CLASSES = f"{PHASES}, and a judge of the subject's images"
ORDER = "numbers of blocks that become redundant after the first start, rather than from it on or never"
LONG_CUT = "a cut of more than 7 and at most 25 % of the steps (intervene.durations)"
FAILS = "a number of blocks that fails after the shortest rest, and a rest as long as the source's beside it"


def _claim(
    effect: Sweeps,
    where: str,
    says: str,
    printed: str | None,
    measured_by: str,
    unit: str = "",
    needs: str = MEASURED,
) -> Claim:
    """Return the claim that an effect of `intervene` decides, for every subject; shares become percent points."""
    measured = of_subject("intervene", effect, unit, needs=needs)
    return Claim(effect, TEMPORAL, where, says, printed, measured_by, unit, measured, True, differs=SETTING)


CLAIMS = [
    _claim(
        Sweeps.ONE_STEP_IS_LITTLE,
        "section Exploration of generation phases",
        "Leaving out a single step does not substantially alter the image.",
        None,
        "the mean likeness when two steps are done in one, at the step where it is lowest, minus the threshold",
    ),
    _claim(
        Sweeps.JUMPS_SHOW,
        "Figure 18",
        "A jump over 5 % of the steps changes most images.",
        "at n = 5 of 100 most images below SSIM 0.8",
        "the share of images below the threshold over all starts, minus 50 %",
        "points",
    ),
    _claim(
        Sweeps.THREE_PHASES,
        "Figure 4",
        "Generation has three phases, which show as three patterns in the curves of jumps.",
        "three phases, read off by eye",
        "how much better three levels fit these curves than two levels, a straight line or a smooth curve (a cubic), "
        "whichever fits best: the logarithm of the ratio of the squared deviations, less what chance gives",
        "",
        PHASES,
    ),
    _claim(
        Sweeps.FIRST_STEPS_COMPOSE,
        "Figures 3 and 4",
        "The first steps compose: leaving out some of them changes what an image shows more often than leaving out "
        "some of the last.",
        None,
        "the share of images that keep their class when steps of the last phase are jumped over, minus the same for "
        "the first phase",
        "points",
        CLASSES,
    ),
    _claim(
        Sweeps.LAST_STEPS_DENOISE,
        "Figures 3 and 4",
        "The last steps only denoise: leaving out some of them does not change what an image shows.",
        None,
        "the share of seeds whose image keeps its class wherever steps of the last phase are jumped over, minus 90 %",
        "points",
        CLASSES,
    ),
    _claim(
        Sweeps.SKIPS_COMPOSE,
        "Figure 5",
        "In the first phase the top skips compose too: without them, what an image shows changes.",
        None,
        "the share of images that keep their class without the top skips after the first phase, minus the same in the "
        "first phase",
        "points",
        CLASSES,
    ),
    _claim(
        Sweeps.DEEP_BLOCKS_COMPOSE,
        "Figures 6 and 8",
        "The deepest blocks matter in the first phase and become redundant after it.",
        "nb = 2 redundant from about step 70 of 100",
        "the smaller of two numbers: by how much likeness without them is below the threshold in the first phase, and "
        "by how much it is above the threshold after it",
        "",
        PHASES,
    ),
    _claim(
        Sweeps.SKIPS_DENOISE,
        "Figure 7",
        "After the first phase the top skips denoise: images without them are noisier than without the deepest blocks.",
        None,
        "PSNR without the deepest blocks, minus PSNR without the top skips, after the first phase",
        "dB",
        PHASES,
    ),
    _claim(
        Sweeps.BOTTOM_UP,
        "Figure 8",
        "Blocks become redundant from the bottom up: the deepest first.",
        "nb = 4 from step 68 of 100, nb = 6 from 65",
        "how many steps earlier the smallest number of blocks becomes redundant than the largest",
        "steps",
        ORDER,
    ),
    _claim(
        Sweeps.CUTS_ARE_LIMITED,
        "Figure 9",
        "Only a few steps in a row can go without blocks.",
        "7 of 100",
        "the threshold, minus the mean likeness of the longest cut of more than 7 and at most 25 % of the steps, after "
        "the first phase, for the number of blocks that can best be left out",
        "",
        LONG_CUT,
    ),
    _claim(
        Sweeps.REST_HELPS,
        "Figure 10",
        "The longer the rest between two cuts, the less the image changes.",
        None,
        "the mean likeness with the longest rest, minus that with the shortest, where the shortest does not suffice",
        "",
        FAILS,
    ),
    _claim(
        Sweeps.REST_RESTORES,
        "Figure 10",
        "After a rest of 15 to 20 % of the steps a second cut leaves the image as it is.",
        "SSIM 0.8 after 15 to 20 of 100 steps",
        "the mean likeness with the longest such rest that was tried, for the worst number of blocks of those for "
        "which the shortest rest does not suffice, minus the threshold",
        "",
        FAILS,
    ),
    _claim(
        Sweeps.SHORT_REST_APPROXIMATES,
        "Figure 10",
        "Where less likeness suffices, a rest of 10 to 12 % of the steps is enough.",
        "SSIM 0.75 after 10 to 12 of 100 steps",
        "the same with the longest rest of 10 to 12 %, minus a threshold that is lower by 0.06 (an SSIM of 0.75 rather "
        "than 0.8 where unrelated images have one of 0.2)",
        "",
        FAILS,
    ),
    _claim(
        Sweeps.LAST_STEPS_ARE_SPARE,
        "Figures 16 and 17",
        "The clean image predicted 18 % of the steps before the end is accurate.",
        "step 18 of 100",
        "its mean likeness to the image at the end of the loop, minus the threshold",
    ),
]

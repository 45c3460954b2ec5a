"""What the sources say of the images on their way from noise, to be put to the test on every subject."""

from pipeline.anatomy.effects import Trajectories
from pipeline.anatomy.followed import NOISY
from pipeline.judges.number import Number
from pipeline.reporting.claims import Claim, Setting
from pipeline.reporting.effects import MissingError, of_subject
from pipeline.reporting.sources import ASKED, FASHION, MNIST, TEMPORAL
from pipeline.reporting.summary import Summary

JUDGE = "a judge of the subject's images (trajectory)"
DIGITS = f"{JUDGE}, and the digits 1, 5, 7 and 8"
SETTING = "The loop, the network and the images are smaller than a source's text-to-image model."
OF_RECOGNITION = (Trajectories.RECOGNISED_BY_60_TO_70, Trajectories.RECOGNISED_BY_50_TO_70, Trajectories.SIMPLE_FIRST)
ENOUGH = 0.8  # of the images must be recognised after the last step, or when they are would say that they are bad
INSIDE = (
    "how far the mean share of the process after which images are recognised lies inside these bounds; an image that "
    "is never recognised counts as 100 %"
)
LOOKED = "The source looks at noisy images; here a classifier says from which step on it names their class for good."


def _claim(
    effect: Trajectories,
    source: str,
    where: str,
    says: str,
    printed: str | None,
    measured_by: str,
    unit: str,
    needs: str = "a subject that was followed (trajectory)",
    setting: Setting = "scaled",
    differs: str = SETTING,
) -> Claim:
    """Return the claim that an effect of `trajectory` decides, for every subject; shares become percent points."""
    found = of_subject("trajectory", effect, unit, needs=needs)

    def measured(s: Summary, subject: str) -> Number:
        number, last = found(s, subject), s.get(f"trajectory.{subject}.steps.1.{NOISY}-calibrated")
        if effect in OF_RECOGNITION and last is not None and last["value"] < ENOUGH:
            raise MissingError(
                f"{100 * ENOUGH:.0f} % of the images recognised in the end, and here it is {100 * last['value']:.0f} %"
            )
        return number

    return Claim(
        effect, source, where, says, printed, measured_by, unit, measured, True, setting=setting, differs=differs
    )


CLAIMS = [
    _claim(
        Trajectories.RECOGNISED_BY_60_TO_70,
        MNIST,
        "section 1.3",
        "Digits become recognisable after 60 to 70 % of the process.",
        "60 to 70 %",
        INSIDE,
        "points",
        JUDGE,
        "differs",
        f"{LOOKED} The source says it of MNIST.",
    ),
    _claim(
        Trajectories.RECOGNISED_BY_50_TO_70,
        FASHION,
        "part 1",
        "Shapes become recognisable after 50 to 70 % of the process.",
        "50 to 70 %",
        INSIDE,
        "points",
        JUDGE,
        "differs",
        f"{LOOKED} The source says it of Fashion-MNIST.",
    ),
    _claim(
        Trajectories.SIMPLE_FIRST,
        MNIST,
        "section 1.3",
        "The digits 1 and 7 emerge before 5 and 8.",
        "near 50 %, and near the end",
        "the share of the process after which 5 and 8 are recognised, minus that for 1 and 7",
        "points",
        DIGITS,
        "differs",
        LOOKED,
    ),
    _claim(
        Trajectories.COARSE_FIRST,
        ASKED,
        "structure early, texture late",
        "Coarse structure is there before fine texture.",
        None,
        "the share of the process after which the finest octave of the predicted clean image has 90 % of its final "
        "energy, minus that for the coarsest",
        "points",
    ),
    _claim(
        Trajectories.NOISE_LEAVES_LATE,
        TEMPORAL,
        "Figure 16",
        "The noisy image comes near to the final one in the last steps alone.",
        "a sharp rise of PSNR in steps 15 to 18 of 100",
        "how much faster PSNR of x_k rises in the last 18 % of the steps than before",
        "dB a step",
    ),
]

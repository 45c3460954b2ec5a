"""What the sources say of when concepts are drawn and of how steps are best spaced, to be put to the test on every
subject."""

from pipeline.anatomy.effects import Timesteps
from pipeline.reporting.claims import Claim, Setting
from pipeline.reporting.effects import of_subject
from pipeline.reporting.sources import DDIM, EDM, VISUAL

OF_IMAGES = {Timesteps.QUADRATIC_BEATS_UNIFORM, Timesteps.KARRAS_BEATS_UNIFORM}  # about distances to the real images
STYLE = "ddim among timesteps.samplers, and captions with words for slant and stroke"
JUDGE = "a judge of the subject's images (timesteps), and captions with words for slant and stroke"
DRAWN = "ddim among timesteps.samplers"
SETTING = (
    "The source looks at images of a text-to-image model in 30 steps of DPM-Solver; here it is measured on the images "
    "of a smaller network in few steps of DDIM, and all spacings keep the first and the last timestep."
)
SAMPLER = "The source has a larger network; here a smaller one draws in few steps of DDIM."


def _claim(
    effect: Timesteps,
    source: str,
    where: str,
    says: str,
    measured_by: str,
    unit: str,
    needs: str,
    figure: str,
    differs: str = SETTING,
    setting: Setting = "differs",
) -> Claim:
    """Return the claim that an effect of `timesteps` decides, for every subject; shares become percent points."""
    measured = of_subject("timesteps", effect, unit, effect in OF_IMAGES, needs)
    return Claim(
        effect,
        source,
        where,
        says,
        None,
        measured_by,
        unit,
        measured,
        True,
        setting=setting,
        differs=differs,
        figure=figure,
    )


CLAIMS = [
    _claim(
        Timesteps.SEMANTICS_EARLY,
        VISUAL,
        "abstract",
        "The early steps generate high-level content.",
        "how alike the coarsest octave of an image is to that of the full loop's image (1 for equal ones), with the "
        "steps spent early minus with the steps spent late",
        "",
        DRAWN,
        "kept",
    ),
    _claim(
        Timesteps.DETAIL_LATE,
        VISUAL,
        "abstract",
        "The latter steps generate the details of the image.",
        "how alike the finest octave of an image is to that of the full loop's image (1 for equal ones), with the "
        "steps spent late minus with the steps spent early",
        "",
        DRAWN,
        "kept",
    ),
    _claim(
        Timesteps.EARLY_ATTRIBUTE_IS_LOST,
        VISUAL,
        "section on exponential sampling",
        "An attribute that is decided early is lost where the early part of the process has few steps.",
        "the share of images that keep the word of style which is settled first, with the steps spent early minus with "
        "the steps spent late",
        "points",
        STYLE,
        "kept",
        f"{SETTING} The source's attribute is gender; here it is slant or stroke, whichever is settled first.",
    ),
    _claim(
        Timesteps.SEMANTICS_SETTLE_FIRST,
        VISUAL,
        "section on exponential sampling",
        "What an image shows is settled before its details are.",
        "the share of the process after which the predicted clean image has its final word for the stroke's width, "
        "minus that after which the judge names its class, both for good",
        "points",
        JUDGE,
        "concepts",
        "The source measures attention to words; here what the predicted clean image shows is measured. The network is "
        "told the class at every step, and never the stroke.",
    ),
    _claim(
        Timesteps.QUADRATIC_BEATS_UNIFORM,
        DDIM,
        "appendix D.2",
        "Quadratic spacing gives slightly better images than uniform spacing.",
        "the distance to the real images with the uniform spacing minus with the quadratic one, at the same number of "
        "steps",
        "",
        DRAWN,
        "distances",
        f"{SAMPLER} The source says it of CIFAR-10 alone.",
    ),
    _claim(
        Timesteps.KARRAS_BEATS_UNIFORM,
        EDM,
        "section 3, equation 5",
        "Noise levels spaced with rho = 7 give better images than uniformly spaced timesteps.",
        "the distance to the real images with the uniform spacing minus with that of Karras et al., at the same number "
        "of steps",
        "",
        DRAWN,
        "distances",
        f"{SAMPLER} The source's sampler is Heun's, of the second order, with noise levels between 0.002 and 80.",
    ),
]

"""What the sources say of guidance and of the class that a network is told, to be put to the test over training
seeds."""

from pipeline.reporting.claims import Claim, Setting
from pipeline.reporting.effects import Effect, judged, measured
from pipeline.reporting.sources import FASHION, GUIDANCE, INTERVAL, TEMPORAL

SMALL = "The network, the images and the loop are smaller."


def _measured(name: str) -> Effect:
    """What the variant's training seeds say under the claim's name."""
    effect = f"guidance.effects.{name}"
    return judged(measured(effect, (effect, "images under guidance (guidance)")))


def _claim(
    name: str,
    source: str,
    where: str,
    says: str,
    measured_by: str,
    unit: str,
    figure: str,
    printed: str | None = None,
    setting: Setting = "scaled",
    differs: str = SMALL,
) -> Claim:
    """Return the claim that an effect of the chapter decides."""
    return Claim(
        name,
        source,
        where,
        says,
        printed,
        measured_by,
        unit,
        _measured(name),
        setting=setting,
        differs=differs,
        figure=figure,
    )


CLAIMS = [
    _claim(
        "class_steers",
        FASHION,
        "section 2, class conditioning",
        "The class that a network is told steers its images to that class; a mask on it makes the condition optional.",
        "the share of images that show the class asked for, where the network is told it, minus where the same network "
        "is told no class",
        "points",
        "scales",
        differs="The source has the mask and shows no images without the class.",
    ),
    _claim(
        "guidance_raises_fidelity",
        GUIDANCE,
        "section 4.1",
        "Guidance makes images truer to their class.",
        "the classifier's mean probability of the class asked for, with guidance at all steps minus without",
        "points",
        "scales",
        differs="The source measures this by the Inception score. " + SMALL,
    ),
    _claim(
        "guidance_costs_diversity",
        GUIDANCE,
        "section 4.1",
        "Guidance makes images less various.",
        "by how many percent the spread of images within their class is larger without guidance than with guidance at "
        "all steps",
        "%",
        "scales",
        differs="The source shows this on pictures and says it; here the spread of features is measured. " + SMALL,
    ),
    _claim(
        "strong_guidance_is_farther",
        GUIDANCE,
        "section 4.1, table 1",
        "Strong guidance takes images away from the real ones.",
        "by how many percent the distance to the real images is larger with guidance at all steps than without",
        "%",
        "scales",
    ),
    _claim(
        "middle_beats_all_steps",
        INTERVAL,
        "section 4",
        "Guidance in a limited interval of noise levels brings images nearer to the real ones than at all steps.",
        "by how many percent the distance to the real images is larger with guidance at all steps than with the same "
        "scale in all parts of the loop but the first and the last",
        "%",
        "parts",
        printed="FID 1.40 instead of 1.81 on ImageNet-512",
        differs="The source tunes scale and interval for each way of guidance; here both have one scale. " + SMALL,
    ),
    _claim(
        "guidance_in_noise_harms",
        INTERVAL,
        "section 3",
        "Guidance is harmful at high noise levels.",
        "by how many percent the distance to the real images is larger with guidance in the first part of the loop "
        "than without guidance",
        "%",
        "parts",
    ),
    _claim(
        "guidance_in_the_middle_helps",
        INTERVAL,
        "section 3",
        "Guidance is beneficial at middle noise levels.",
        "by how many percent the distance to the real images is larger without guidance than with guidance in all "
        "parts of the loop but the first and the last",
        "%",
        "parts",
    ),
    _claim(
        "first_part_decides_the_class",
        TEMPORAL,
        "section 4, phases",
        "The first steps decide what an image means.",
        "the share of images that show the class asked for, where the network is told it in the first part of the loop "
        "alone, minus the largest such share of another part",
        "points",
        "told",
        setting="differs",
        differs="The source removes steps and blocks; here the network is told the class at some steps and no class at "
        "the others.",
    ),
]

"""What is said of saliency maps of a denoiser, to be put to the test on every subject."""

from pipeline.anatomy.effects import Saliency
from pipeline.judges.number import Number
from pipeline.reporting.claims import Claim, Setting
from pipeline.reporting.effects import MissingError, of_subject
from pipeline.reporting.sources import ADVERSARIAL, ASKED, SANITY, VISUAL
from pipeline.reporting.summary import Summary

UNTIMED = "no_time_embedding"  # the variant, and the subject, that is never told the timestep
AGAINST = "semantics_first_in_baseline"  # of that subject: by how much the baseline's order is larger, paired by seed
SETTING = (
    "The source looks at latents of Stable Diffusion, with 500 masks of single pixels; here images are small, a mask "
    "has cells, and what two noises have in common is one number (`saliency.likeness`)."
)
SMALLER = "The source looks at classifiers of photographs; here it is a denoiser of small images."
NEEDS = "saliency maps of the subject (saliency)"
OBJECTS = f"{NEEDS}, of images that have a foreground"
TIMES = f"{OBJECTS}, at two times or more"


def _claim(
    effect: Saliency,
    source: str,
    where: str,
    says: str,
    measured_by: str,
    figure: str,
    needs: str = NEEDS,
    differs: str = SETTING,
    setting: Setting = "scaled",
) -> Claim:
    """Return the claim that an effect of `saliency` decides, for every subject."""
    measured = of_subject("saliency", effect, "", needs=needs)
    return Claim(
        effect,
        source,
        where,
        says,
        None,
        measured_by,
        "",
        measured,
        of_subjects=True,
        setting=setting,
        differs=differs,
        figure=figure,
    )


def _needs_time(s: Summary) -> Number:
    """By how much the order from the object to the edges is larger in the baseline than without the timestep."""
    found = s.get(f"saliency.{UNTIMED}.{AGAINST}")
    if found is None:
        raise MissingError(f"the subjects `baseline` and `{UNTIMED}`, both with the stage saliency")
    return found


CLAIMS = [
    _claim(
        Saliency.RISE_EXPLAINS,
        VISUAL,
        "abstract",
        "DF-RISE shows the region that the model concentrates on.",
        "the area under insertion minus that under deletion, less that of the best of three rivals which do not ask "
        "the network: a random map, the centre, and the edges of the predicted clean image",
        "gains",
    ),
    _claim(
        Saliency.CAM_EXPLAINS,
        VISUAL,
        "abstract",
        "DF-CAM shows the region that the model concentrates on.",
        "the area under insertion minus that under deletion, less that of the best of three rivals which do not ask "
        "the network: a random map, the centre, and the edges of the predicted clean image",
        "gains",
    ),
    _claim(
        Saliency.RISE_COVERS,
        VISUAL,
        "figures of DF-RISE",
        "The maps cover the object.",
        "the intersection over union of the final image's foreground and as many of the highest pixels, less that of a "
        "random map or the centre, whichever has more",
        "overlap",
        OBJECTS,
    ),
    _claim(
        Saliency.SEMANTICS_FIRST,
        VISUAL,
        "abstract",
        "Early steps look at the region with the semantic content.",
        "the rank correlation of DF-RISE's map with the final image's foreground, in the noisier half of the times "
        "minus the cleaner half",
        "overlap",
        TIMES,
    ),
    _claim(
        Saliency.EDGES_LATE,
        VISUAL,
        "abstract",
        "Late steps look at the details.",
        "the rank correlation of DF-RISE's map with the final image's edges, in the cleaner half of the times minus "
        "the noisier half",
        "overlap",
        TIMES,
    ),
    _claim(
        Saliency.METHODS_AGREE,
        VISUAL,
        "section on DF-CAM",
        "DF-RISE and DF-CAM show the same region, from outside the network and from inside.",
        "the rank correlation of their maps, mean over times",
        "maps",
    ),
    _claim(
        Saliency.RISE_NEEDS_WEIGHTS,
        SANITY,
        "section 3",
        "A saliency map is gone where the weights are random (DF-RISE).",
        "half of the rank correlation of two maps with other masks, less that with the map of fresh weights",
        "sanity",
        differs=SMALLER,
        setting="differs",
    ),
    _claim(
        Saliency.CAM_NEEDS_WEIGHTS,
        SANITY,
        "section 3",
        "A saliency map is gone where the weights are random (DF-CAM).",
        "one half, less the rank correlation with the map of fresh weights",
        "sanity",
        differs=SMALLER,
        setting="differs",
    ),
    _claim(
        Saliency.RISE_IS_OWN,
        ASKED,
        "is a map about its own image?",
        "The map of DF-RISE explains its own image better than another image's map does.",
        "the area under insertion minus that under deletion, less that with the map of the next seed",
        "gains",
    ),
    _claim(
        Saliency.CAM_IS_OWN,
        ASKED,
        "is a map about its own image?",
        "The map of DF-CAM explains its own image better than another image's map does.",
        "the area under insertion minus that under deletion, less that with the map of the next seed",
        "gains",
    ),
    _claim(
        Saliency.RISE_FOLLOWS_NOISE,
        ADVERSARIAL,
        "section 3",
        "The map follows the prediction, and not the picture.",
        "the rank correlation of DF-RISE's map with that of a randomly changed input, less that of an input which was "
        "changed by as much to change the predicted noise",
        "sanity",
        differs="The source changes the map and keeps the prediction; here the prediction is changed.",
        setting="differs",
    ),
    Claim(
        "hierarchy_needs_time",
        VISUAL,
        "mechanism of the order from semantics to detail",
        "Without the timestep, early steps no longer look at the semantic content first.",
        None,
        f"the effect of `{Saliency.SEMANTICS_FIRST}` in the baseline, minus that in `{UNTIMED}`, paired by seed",
        "",
        _needs_time,
        differs=SETTING,
        figure=f"{UNTIMED}/overlap.png",
    ),
]

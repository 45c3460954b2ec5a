"""The effects that claims of the sources are decided by: their names, and what a positive value says.

A stage that measures one and a claim that is decided by it both take its name from here. Needs neither torch nor
files. Where an effect compares with several rivals at once, its interval is above 0 only where every rival is beaten,
and below 0 where some rival is not (intersection-union).
"""

from enum import StrEnum


class Effect(StrEnum):
    """An effect, which is its own name. says: what a positive value says, in the unit that the value has."""

    says: str

    def __new__(cls, name: str, says: str) -> "Effect":
        effect = str.__new__(cls, name)
        effect._value_, effect.says = name, says
        return effect


class Sweeps(Effect):
    """What `intervene` measures (Prasad et al. 2023). Likeness is SSIM on a scale from unrelated images of the class
    (0) to equal ones (1), and the threshold is that of likeness below which an image has changed; the starts are the
    steps that interventions begin at. The first phase lies before the first of the two change points of jumps, and the
    last phase after the second."""

    ONE_STEP_IS_LITTLE = (
        "one_step_is_little",
        "Two steps done in one leave likeness above the threshold by so much, even at the worst start.",
    )
    THREE_PHASES = (
        "three_phases",
        "Three levels fit the curves of jumps better than two levels, a line or a smooth curve by so much: the "
        "logarithm of the ratio of what they leave, less what chance gives in one of twenty curves without phases.",
    )
    FIRST_STEPS_COMPOSE = (
        "first_steps_compose",
        "Jumping over steps of the last phase leaves so many more images in their class than of the first phase.",
    )
    LAST_STEPS_DENOISE = (
        "last_steps_denoise",
        "So many more than nine in ten images keep their class wherever steps of the last phase are jumped over.",
    )
    JUMPS_SHOW = (
        "jumps_show",
        "So many more than half of the images have changed after a jump of the usual length, over all starts.",
    )
    SKIPS_COMPOSE = (
        "skips_compose",
        "Without the top skips after the first phase, so many more images keep their class than without them in it.",
    )
    DEEP_BLOCKS_COMPOSE = (
        "deep_blocks_compose",
        "Without the fewest blocks tried, likeness is below the threshold by so much in the first phase, and above it "
        "by so much after it; the lesser of the two.",
    )
    SKIPS_DENOISE = (
        "skips_denoise",
        "After the first phase, PSNR without the deepest blocks is higher by so many dB than without the top skips.",
    )
    BOTTOM_UP = (
        "bottom_up",
        "The fewest blocks tried are redundant so many steps before the most; it is left out where both are redundant "
        "from the first start, or neither ever is.",
    )
    CUTS_ARE_LIMITED = (
        "cuts_are_limited",
        "The longest cut tried of more than 7 and at most 25 % of the steps, after the first phase, leaves likeness "
        "below the threshold by so much, for every number of blocks.",
    )
    REST_RESTORES = (
        "rest_restores",
        "The longest rest tried of 15 to 20 % of the steps leaves likeness above the threshold by so much, for the "
        "worst number of blocks, of those that fail after the shortest rest.",
    )
    SHORT_REST_APPROXIMATES = (
        "short_rest_approximates",
        "The longest rest tried of 10 to 12 % of the steps leaves likeness above a looser threshold by so much, for "
        "the worst number of blocks, of those that fail after the shortest rest.",
    )
    REST_HELPS = (
        "rest_helps",
        "Likeness after the longest rest tried is higher by so much than after the shortest, on the mean over the "
        "numbers of blocks that fail after the shortest.",
    )
    LAST_STEPS_ARE_SPARE = (
        "last_steps_are_spare",
        "The clean image predicted 18 % of the steps before the end has a likeness above the threshold by so much.",
    )


class Shortcuts(Effect):
    """What `shortcut` measures. Likeness is SSIM from that of images which have nothing to do with each other (0) to
    that of equal ones (1). Samplers with fewer steps are rivals where they cost no more multiply-adds than the
    schedule, to the nearest step."""

    STRATEGY_KEEPS_LIKENESS = (
        "strategy_keeps_likeness",
        "The source's strategy has a mean likeness above the threshold by so much.",
    )
    STRATEGY_KEEPS_QUALITY = (
        "strategy_keeps_quality",
        "The source's strategy is nearer to the real images by so much than the untouched loop's distance times the "
        "growth that a schedule found for the distance is allowed.",
    )
    CACHE_BEATS_ZEROS = (
        "cache_beats_zeros",
        "The source's strategy with zeros is further from the real images by so much than with cached blocks.",
    )
    LIKENESS_BEATS_FEWER_STEPS = (
        "likeness_beats_fewer_steps",
        "Every rival is further from the real images by so much than the schedule found for the source's likeness.",
    )
    DISTANCE_BEATS_FEWER_STEPS = (
        "distance_beats_fewer_steps",
        "Every rival is further from the real images by so much than the schedule found for the distance.",
    )


class Trajectories(Effect):
    """What `trajectory` measures. An image is recognised where the judge names its class from the noisy image, which is
    what the sources look at, and never changes its mind after that, its favourites taken off; the share of the process
    is how many of the steps are done. A band of the predicted clean image is there where it has 90 % of its final
    energy for good."""

    RECOGNISED_BY_60_TO_70 = (
        "recognised_by_60_to_70",
        "Images are recognised so many percent points inside 60 to 70 % of the process, from the nearer bound.",
    )
    RECOGNISED_BY_50_TO_70 = (
        "recognised_by_50_to_70",
        "Images are recognised so many percent points inside 50 to 70 % of the process, from the nearer bound.",
    )
    SIMPLE_FIRST = (
        "simple_first",
        "The digits 5 and 8 are recognised so many percent points of the process after 1 and 7.",
    )
    COARSE_FIRST = (
        "coarse_first",
        "The finest band is there so many percent points of the process after the coarsest.",
    )
    NOISE_LEAVES_LATE = (
        "noise_leaves_late",
        "PSNR of x_k to the final image rises faster by so many dB a step in the last 18 % of the steps than before.",
    )


class Timesteps(Effect):
    """What `timesteps` measures, with few DDIM steps from the same noise; likenesses are to the images of the full
    loop. Early and late are the exponential spacings whose steps are densest at the earliest and at the latest place
    that was tried."""

    SEMANTICS_EARLY = (
        "semantics_early",
        "With the steps spent early, the coarsest band of the images is more like the full loop's by so much than with "
        "the steps spent late.",
    )
    DETAIL_LATE = (
        "detail_late",
        "With the steps spent late, the finest band of the images is more like the full loop's by so much than with "
        "the steps spent early.",
    )
    EARLY_ATTRIBUTE_IS_LOST = (
        "early_attribute_is_lost",
        "So many more images keep the word that is settled first with the steps spent early than with the early part "
        "thinned.",
    )
    SEMANTICS_SETTLE_FIRST = (
        "semantics_settle_first",
        "The class is settled so much of the process before the stroke's width.",
    )
    QUADRATIC_BEATS_UNIFORM = (
        "quadratic_beats_uniform",
        "The uniform spacing is further from the real images by so much than the quadratic one.",
    )
    KARRAS_BEATS_UNIFORM = (
        "karras_beats_uniform",
        "The uniform spacing is further from the real images by so much than that of Karras et al.",
    )


class Saliency(Effect):
    """What `saliency` measures. A gain is the area under insertion minus that under deletion. Early times are the
    noisier half of those that were looked at, and late ones the cleaner half; all else is a mean over times."""

    RISE_EXPLAINS = (
        "rise_explains",
        "DF-RISE has a larger gain by so much than each of a random map, the centre and the edges.",
    )
    CAM_EXPLAINS = (
        "cam_explains",
        "DF-CAM has a larger gain by so much than each of a random map, the centre and the edges.",
    )
    RISE_COVERS = (
        "rise_covers",
        "DF-RISE has a larger intersection over union with the object, by so much, than a random map and the centre.",
    )
    SEMANTICS_FIRST = (
        "semantics_first",
        "The map of DF-RISE has a rank correlation with the object that is larger by so much early than late.",
    )
    EDGES_LATE = (
        "edges_late",
        "The map of DF-RISE has a rank correlation with the edges that is larger by so much late than early.",
    )
    METHODS_AGREE = (
        "methods_agree",
        "The maps of DF-RISE and DF-CAM have this rank correlation.",
    )
    RISE_NEEDS_WEIGHTS = (
        "rise_needs_weights",
        "With fresh weights, the map of DF-RISE is less like the trained network's, by so much, than half of what two "
        "sets of masks have in common.",
    )
    CAM_NEEDS_WEIGHTS = (
        "cam_needs_weights",
        "With fresh weights, the map of DF-CAM has a rank correlation with the trained network's that is below one "
        "half by so much.",
    )
    RISE_IS_OWN = (
        "rise_is_own",
        "An image's own map of DF-RISE has a larger gain by so much than another image's.",
    )
    CAM_IS_OWN = (
        "cam_is_own",
        "An image's own map of DF-CAM has a larger gain by so much than another image's.",
    )
    RISE_FOLLOWS_NOISE = (
        "rise_follows_noise",
        "The map of DF-RISE stays more alike by so much under a random change of the input than under one as large "
        "that changes the predicted noise most.",
    )

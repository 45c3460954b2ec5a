"""What is said of the noise level that a denoiser is told, to be put to the test over training seeds."""

from pipeline.reporting.claims import Claim
from pipeline.reporting.effects import Effect, measured
from pipeline.reporting.sources import ASKED, UNCONDITIONED

SEEN = 0.9  # R2 from which on a layer shows the level
COSTS = 10.0  # percent of the loss from which on a wrong level costs something


def _measured(name: str) -> Effect:
    """What the baseline's training seeds say under the claim's name."""
    effect = f"embedding.effects.{name}"
    return measured(
        effect,
        ("embedding.baseline.read.encoder", "a look at the baseline's embedding (embedding)"),
        (effect, "more than one training seed (replicas)"),
    )


CLAIMS = [
    Claim(
        "level_is_seen",
        UNCONDITIONED,
        "section 1",
        "A denoiser can tell the noise level from the noisy image alone.",
        None,
        f"by how much R2 of a linear probe of the level is above {SEEN:g}, in the layer of the encoder that shows the "
        "level best, of a network that is told the same timestep for every level; the layer is chosen on other images",
        "",
        _measured("level_is_seen"),
        setting="differs",
        differs="The source trains networks that are never told the level. Here the network was told it in training, "
        "and is no longer told it when its layers are read.",
        figure="read",
    ),
    Claim(
        "wrong_level_costs",
        ASKED,
        "what does the timestep embedding do?",
        f"A denoiser that is told a level a quarter of T off loses at least {COSTS:g} %.",
        None,
        f"the rise of the loss where the network alone is told a level a quarter of T off, as a geometric mean over "
        f"levels, minus {COSTS:g} %",
        "%",
        _measured("wrong_level_costs"),
        differs="Where the network predicts v, a wrong level also asks it for another v; the page says what is left "
        "with the best reading of its output.",
        figure="told",
    ),
]

"""The checks across sections of what looks into the loops of subjects."""

from pipeline.diffusion import addresses, spacing
from pipeline.errors import UserError, short
from pipeline.params.whole import Params


def check(values: Params) -> None:
    """Refuse looks that do not fit the subjects or their loop, by a `UserError` that names the keys."""
    _check_feature_maps(values)
    _check_saliency(values)
    _check_steps(values)
    _check_interventions(values)
    _check_timesteps(values)


def _check_feature_maps(values: Params) -> None:
    """Refuse more times than the loop has steps, and channels that no layer of a variant has."""
    chosen = values.feature_maps
    _check_times("feature_maps", chosen.times, values.sampler.steps)
    for name, subject in values.subjects.items():
        if subject.is_trained_here and "feature_maps" in subject.stages:
            chosen.check_channels(max(values.architecture(subject.variant).channels), name)


def _check_times(name: str, times: list[float], steps: int) -> None:
    """Refuse more times than the loop has steps; name: of the section."""
    if len(times) > steps:
        raise UserError(
            f"params.yaml: {name}.times has {len(times)} times, each with a step of its own, but the sampling loop has "
            f"{steps} steps (sampler.timesteps)."
        )


def _check_saliency(values: Params) -> None:
    """Refuse more times than the loop has steps, a grid finer than the image, and layers that have no map."""
    chosen, size = values.saliency, values.data.image_size
    _check_times("saliency", chosen.times, values.sampler.steps)
    for name, subject in values.subjects.items():
        if not subject.is_trained_here or "saliency" not in subject.stages:
            continue
        chosen.check_size(size)
        unet = values.architecture(subject.variant)
        for layer in chosen.layers if chosen.layers != "all" else []:
            side = addresses.part_resolution(layer, len(unet.channels), unet.res_blocks, size)
            if side is None:
                raise UserError(
                    f"params.yaml: saliency.layers has {short(layer)}, but the network of subject {name} has "
                    f"skip_01 to skip_{len(unet.channels) * (unet.res_blocks + 1):02d}, as many blocks, and middle_01."
                )
            if side == 1:
                raise UserError(f"params.yaml: saliency.layers has {layer}, whose output is one pixel and has no map.")


def _check_steps(values: Params) -> None:
    """Refuse what is to be tried over more steps than the sampling loop has, which could not be done."""
    steps, intervene, shortcut = values.sampler.steps, values.intervene, values.shortcut
    starts = 1 if intervene.starts == "all" else intervene.starts
    bounds = {  # key: its values, and the most that a loop has room for
        "trajectory.branch_starts": ([values.trajectory.branch_starts], steps),
        "trajectory.columns": ([values.trajectory.columns], steps),
        "growth.branch_starts": ([values.growth.branch_starts], steps),
        "growth.columns": ([values.growth.columns], steps),
        "intervene.starts": ([starts], steps),
        "intervene.length": ([intervene.length], steps),
        "intervene.jumps": (intervene.jumps, steps),
        "intervene.durations": (intervene.durations, steps),
        "intervene.relaxations": (intervene.relaxations, steps - 2),  # beside two cuts of a step each
        "shortcut.cuts": (shortcut.cuts, steps),
        "shortcut.rests": (shortcut.rests, steps - 1),  # beside a cut of one step
        "shortcut.intervals": (shortcut.intervals, steps),
        "shortcut.fewer": (shortcut.fewer, steps - 1),
        "timesteps.steps": ([values.timesteps.steps], steps),
        "timesteps.columns": ([values.timesteps.columns], steps),
    }
    for key, (asked, most) in bounds.items():
        if max(asked, default=0) > max(most, 0):
            raise UserError(
                f"params.yaml: {key} is {max(asked)}, but must be at most {max(most, 0)}, for the sampling loop has "
                f"{steps} steps (sampler.timesteps)."
            )


def _check_interventions(values: Params) -> None:
    """Refuse a search on more seeds than there are, and parts that a variant does not have."""
    intervene = values.intervene
    if values.shortcut.search > values.shortcut.learn:
        raise UserError(
            f"params.yaml: shortcut.search is {values.shortcut.search}, but must be at most the "
            f"{values.shortcut.learn} seeds of shortcut.learn, which it is the first of."
        )
    asked = {"intervene.skips": [intervene.skips], "shortcut.blocks": values.shortcut.blocks}
    if intervene.blocks != "all":
        asked["intervene.blocks"] = intervene.blocks
    for name, subject in values.subjects.items():
        if not subject.is_trained_here:
            continue
        unet = values.architecture(subject.variant)
        there = len(unet.channels) * (unet.res_blocks + 1)
        for key, numbers in asked.items():
            if key.split(".")[0] in subject.stages and max(numbers, default=0) > there:
                raise UserError(
                    f"params.yaml: {key} goes up to {max(numbers)}, but the network of subject {name} has {there} "
                    "skips and as many blocks."
                )


def _check_timesteps(values: Params) -> None:
    """Refuse exponential spacings whose steps fall together on some timesteps of what is trained here."""
    if not any(each.is_trained_here and "timesteps" in each.stages for each in values.subjects.values()):
        return
    chosen, total = values.timesteps, values.diffusion.timesteps
    try:
        for position in chosen.positions:
            spacing.exponential(chosen.steps, total, chosen.strength, position)
        for early in (True, False):
            spacing.source(chosen.steps, total, spacing.shift(chosen.steps, total, chosen.strength), early)
    except UserError as error:
        raise UserError(f"params.yaml: timesteps.strength is {chosen.strength:g}, but {error}") from None

"""The effects that claims are decided by: functions of summary.json, signed so that a positive effect speaks for it."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from math import hypot, sqrt

import numpy as np

from pipeline.judges.number import Number, least, negative, p_value, scaled, shifted, student
from pipeline.params import BASELINE
from pipeline.reporting.summary import Summary, children

Effect = Callable[[Summary], Number]
PLATEAU = 25.0  # percent: a distance that falls by no more after the last snapshot hardly falls any more


class MissingError(Exception):
    """An effect cannot be had; says what it would need."""


def improvement(variant: str) -> Effect:
    """The fall of the Frechet distance against the baseline, percent."""
    return lambda s: _of(s, variant, f"evaluate.{variant}.{_frechet(s)}_improvement")


def worse(variant: str) -> Effect:
    """The rise of the Frechet distance against the baseline, percent."""
    return lambda s: negative(improvement(variant)(s))


def best(variant: str, rivals: list[str]) -> Effect:
    """By how many percent the smallest of the rivals' distances is larger than the variant's."""
    return lambda s: least({rival: _change(s, rival, variant) for rival in _present(s, variant, rivals)})


def worst(variant: str, rivals: list[str]) -> Effect:
    """By how many percent the variant's distance is larger than the largest of the rivals'."""
    return lambda s: least({rival: _change(s, variant, rival) for rival in _present(s, variant, rivals)})


def ordered(variants: list[str]) -> Effect:
    """By how many percent the distance of each variant is larger than that of the one before it, where it is least."""

    def effect(s: Summary) -> Number:
        for variant in variants:
            _trained(s, variant)
        return least({other: _change(s, other, one) for one, other in pairwise(variants)})

    return effect


def best_throughout(variant: str) -> Effect:
    """By how many percent the variant's distance is smaller than the baseline's, where it leads least."""

    def effect(s: Summary) -> Number:
        names = {m: f"snapshots.{variant}.{m}.{_frechet(s)}_change" for m in children(s, "snapshots", variant)}
        gaps = {f"{int(mark):,} images": negative(s[name]) for mark, name in names.items() if name in s}
        _trained(s, variant)
        if len(gaps) < 2:
            raise MissingError("a snapshot before the end (train.snapshots)")
        return least(gaps)

    return effect


def lower_loss(variant: str) -> Effect:
    """The fall of the validation loss against the baseline, percent."""
    return lambda s: negative(_of(s, variant, f"train.{variant}.loss_change"))


def learns_faster(variant: str) -> Effect:
    """By how many percent the training loss is smaller than the baseline's in the early part of training."""
    name = f"train.{variant}.early_loss_change"
    return lambda s: negative(_of(s, variant, name, "more updates in the early part of training (report.early)"))


def plateaus_earlier(variant: str) -> Effect:
    """By how many percent the factor by which the distance still falls is larger in the baseline, where one of the two
    has all but stopped falling (`PLATEAU`)."""

    def effect(s: Summary) -> Number:
        _frechet(s)
        gap = _of(s, variant, f"snapshots.{variant}.late_fall_gap", "a snapshot before the end (train.snapshots)")
        mine, base = (s[f"snapshots.{name}.late_fall"]["value"] for name in (variant, BASELINE))
        if min(mine, base) > PLATEAU:
            raise MissingError(
                "a training that goes on until one of the two hardly gets better any more: after the last snapshot the "
                f"distance of `{variant}` still falls by {mine:.0f} % and the baseline's by {base:.0f} %, and on a "
                f"plateau it falls by {PLATEAU:.0f} % at most"
            )
        return negative(gap)

    return effect


def part_ways() -> Effect:
    """The rank correlation of loss and distance over the variants, with the other sign."""

    def effect(s: Summary) -> Number:
        _frechet(s)
        rank = s["ranks.variants.loss"]
        if rank["n"] < 4:
            raise MissingError("four variants that have learnt to draw")
        return negative(rank)

    return effect


def diminishing(blocks: int, variants: list[str]) -> Effect:
    """By how much less the distance falls with one residual block more than with the one before."""

    def effect(s: Summary) -> Number:
        _frechet(s)
        for variant in variants:
            _trained(s, variant)
        return _of(s, variants[0], f"depth.{blocks}.diminishing", f"a baseline of {blocks} residual blocks")

    return effect


def only_learnt(variant: str, effect: Effect) -> Effect:
    """The effect, where the variant has learnt to draw what it is asked for: where its images are recognised more often
    than chance would be. Comparing noise with images says nothing of what a part is for."""

    def found(s: Summary) -> Number:
        _trained(s, variant)
        share, classes = s.get(f"evaluate.{variant}.accuracy"), len(children(s, "classes"))
        if share is None or not classes:
            raise MissingError("a variant that is told the class")
        if share["ci95"][0] <= 1 / classes:
            raise MissingError(
                f"a training in which `{variant}` learns: its images are recognised no more often than "
                "chance would be, and noise says nothing of what a part is for"
            )
        return effect(s)

    return found


def blurrier(variant: str) -> Effect:
    """The rise of the blur against the baseline."""
    return lambda s: _of(s, variant, f"evaluate.{variant}.blur_gain")


def doubled(variant: str, cost: str) -> Effect:
    """By how many percent of the baseline's the cost is larger than twice it."""

    def effect(s: Summary) -> Number:
        change = _of(s, variant, f"train.{variant}.{cost}_change")
        if cost == "seconds" and "ci95" not in change:
            raise MissingError("more than one replica (replicas): one time has no interval")
        return shifted(change, -100)

    return effect


def few_weights(variant: str, most: float) -> Effect:
    """By how many percent points of the baseline's weights fewer than `most` percent the variant lacks."""
    return lambda s: shifted(_of(s, variant, f"train.{variant}.parameters_change"), most)


def by_all(effects: dict[str, Effect]) -> Effect:
    """The effect that every judge must find; effects: by the judge's name."""
    return lambda s: least({judge: effect(s) for judge, effect in effects.items()})


def easier(simple: list[str], hard: list[str], accuracy: str = "accuracy") -> Effect:
    """The mean accuracy of the simple classes less that of the hard ones, percentage points; accuracy: which judge's.

    Over one run the classes' images are independent, and their own intervals are combined (Zou and Donner 2008); over
    replicas the interval is Student's of the replicas' differences.
    """

    def effect(s: Summary) -> Number:
        _frechet(s)
        labels = {s[f"classes.{label}.variance"]["class_name"]: label for label in children(s, "classes")}
        names = [f"evaluate.{BASELINE}.class.{labels.get(name)}.{accuracy}" for name in (*simple, *hard)]
        if any(name not in s for name in names):
            raise MissingError(f"the classes {', '.join((*simple, *hard))}, and a baseline that is told them")
        groups = [[s[name] for name in names[: len(simple)]], [s[name] for name in names[len(simple) :]]]
        n = sum(entry["n"] for group in groups for entry in group)
        if "replicas" in groups[0][0]:
            one, other = (np.mean([entry["replicas"] for entry in group], axis=0) for group in groups)
            value, ends = student(one - other)
            gaps = (one - other).tolist()
            found: Number = {"value": value, "n": n, "ci95": ends, "dof": len(gaps) - 1, "replicas": gaps}
            return scaled({**found, "p": p_value(found)}, 100)
        (one, below_one, above_one), (other, below_other, above_other) = map(_mean_share, groups)
        gap = one - other
        ends = [gap - hypot(below_one, above_other), gap + hypot(above_one, below_other)]
        found = {"value": gap, "n": n, "ci95": ends}
        return scaled({**found, "p": p_value(found)}, 100)

    return effect


def measured(name: str, *needed: tuple[str, str]) -> Effect:
    """A number that a stage has measured; needed: names of numbers, the measured one among them, each with what is
    missing where it is not there."""

    def effect(s: Summary) -> Number:
        for each, needs in needed:
            if each not in s:
                raise MissingError(needs)
        return s[name]

    return effect


def judged(effect: Effect) -> Effect:
    """An effect that counts where the judge can judge."""

    def counted(s: Summary) -> Number:
        check_judge(s)
        return effect(s)

    return counted


def check_judge(s: Summary) -> None:
    """Refuse what hangs on the judge where it cannot judge, by a `MissingError`."""
    if s["judges.accuracy"]["value"] < s["judges.accuracy"]["required"]:
        raise MissingError("a judge that can judge")


MEASURED = "sweeps that show it (intervene), or a schedule that was found (shortcut)"


def of_subject(
    stage: str, name: str, unit: str, of_images: bool = False, needs: str = MEASURED
) -> Callable[[Summary, str], Number]:
    """What a stage has measured of a subject under the claim's name; shares in percent points where that is the unit.
    of_images: whether it is about distances to the real images, which count where the judge can judge; needs: what is
    missing where it was not measured."""

    def effect(s: Summary, subject: str) -> Number:
        if of_images:
            _frechet(s)
        if not subject:
            raise MissingError("a subject")
        number = s.get(f"{stage}.{subject}.effects.{name}")
        if number is None:
            raise MissingError(needs)
        return scaled(number, 100) if unit == "points" else number

    return effect


def _mean_share(entries: list[Number]) -> tuple[float, float, float]:
    """The mean of independent shares, and how far its interval reaches below and above it."""
    value = sum(each["value"] for each in entries) / len(entries)
    below = sqrt(sum((each["value"] - each["ci95"][0]) ** 2 for each in entries)) / len(entries)
    above = sqrt(sum((each["ci95"][1] - each["value"]) ** 2 for each in entries)) / len(entries)
    return value, below, above


def _trained(s: Summary, variant: str) -> None:
    if f"train.{variant}.loss" not in s:
        raise MissingError(f"the variant `{variant}`")


def _of(s: Summary, variant: str, name: str, needs: str = "") -> Number:
    """A number of a variant; needs: what is missing where the variant is there and the number is not."""
    _trained(s, variant)
    if name not in s:
        raise MissingError(needs)
    return s[name]


def _present(s: Summary, variant: str, rivals: Iterable[str]) -> list[str]:
    """The rivals that were trained, at least two, the variant itself being needed."""
    _trained(s, variant)
    found = [each for each in rivals if f"train.{each}.loss" in s]
    if len(found) < 2:
        raise MissingError("two of the variants " + ", ".join(f"`{each}`" for each in rivals))
    return found


def _change(s: Summary, one: str, other: str) -> Number:
    """By how many percent the distance of one is larger than that of the other."""
    return s[f"pairs.{one}.{other}.{_frechet(s)}_change"]


def _frechet(s: Summary) -> str:
    """The distance of this run, where its judge can judge."""
    if f"evaluate.{BASELINE}.fid" in s:
        return "fid"
    check_judge(s)
    return "fd_classifier"

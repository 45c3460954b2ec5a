"""One metric of every variant with every training seed, and what its replicas say of levels and of differences.

With the same training seed all variants share the order of the images, and the images that they draw share their noise.
A replica is thus a block, and the layout is that of randomised blocks (Montgomery 2017, section 4.1): a difference
between variants is free of what the whole replica shares, and its error comes from the residuals of all variants, with
(V - 1)(R - 1) degrees of freedom instead of R - 1. A variant that has failed to learn has an error of its own, so it
stays apart and is judged by its own replicas alone.

No difference between replicas is no proof of no error. A share that is 0, or 1, in every replica has Wilson's interval
over all their images, and so has one between that is the same in every replica and has nothing else that shows its
error; a difference from such a share is as uncertain as the share too (Newcombe 1998, method 10).

A distance or a loss is compared on the log scale and a share on that of the arcsine of its root, where the errors of
variants are alike whatever their level (Bartlett 1947).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtr, stdtrit

from pipeline.judges.number import BOUNDS, Number, centred, is_proportion, of_alike, p_value, resampled

ScaleName = Literal["log", "share", "plain"]
SMALLEST = 1e-12  # of a value on the log scale
NOTHING = 1e-9  # an error below it is one of rounding


@dataclass(frozen=True)
class Scale:
    """A scale on which errors are alike. to, back: the transform of values and its inverse; gap: a difference on the
    scale, in the unit that a reader has, from the difference and the mean of both levels on the scale."""

    to: Callable[[np.ndarray], np.ndarray]
    back: Callable[[np.ndarray], np.ndarray]
    gap: Callable[[np.ndarray, float], np.ndarray]


SCALES: dict[ScaleName, Scale] = {
    "log": Scale(lambda x: np.log(np.maximum(x, SMALLEST)), np.exp, lambda d, _: 100 * np.expm1(d)),  # percent
    "share": Scale(
        lambda x: np.arcsin(np.sqrt(np.clip(x, 0, 1))),
        lambda y: np.sin(np.clip(y, 0, np.pi / 2)) ** 2,
        lambda d, middle: np.sin(2 * middle) * np.sin(np.clip(d, -np.pi / 2, np.pi / 2)),  # sin2(m+d/2) - sin2(m-d/2)
    ),
    "plain": Scale(lambda x: x, lambda y: y, lambda d, _: d),
}


@dataclass(frozen=True)
class Measured:
    """A metric in one training. number: with its interval within this training, where it was sampled; replicates: its
    resamples [B], from the same draws in every variant, where there are some."""

    number: Number
    replicates: np.ndarray | None = None


@dataclass(frozen=True)
class Replicated:
    """A metric of every variant, a training seed after the other. scale: on which its errors are alike; shared: whether
    all replicas measure it on the same images, so that their replicas do not show the error of these; apart: the
    variants whose errors are not those of the others."""

    found: Mapping[str, Sequence[Measured]]
    scale: ScaleName
    shared: bool = False
    apart: frozenset[str] = frozenset()

    @property
    def replicas(self) -> int:
        """How many training seeds there are."""
        return len(next(iter(self.found.values())))

    def on_scale(self, variant: str) -> np.ndarray:
        """The variant's values on the scale, float64 [R]."""
        return SCALES[self.scale].to(np.array([each.number["value"] for each in self.found[variant]], dtype=float))

    def level(self, variant: str) -> Number:
        """The metric of a variant over its replicas, with the interval of Student's t. What is the same in every
        replica and has no interval, and what has one replica, stays as it is."""
        first = self.found[variant][0].number
        values = np.array([each.number["value"] for each in self.found[variant]], dtype=float)
        if self.replicas == 1 or ("ci95" not in first and (values == values[0]).all()):
            return first
        scale, mine = SCALES[self.scale], self.on_scale(variant)
        error, dof = self._added(*self._error_of_level(variant), {variant: 1.0})
        if self._at_bound(variant) or (error < NOTHING and self._is_alike(variant)):
            return {**first, "ci95": self._wilson(variant), "replicas": values.tolist()}
        ends = scale.back(mine.mean() + stdtrit(dof, 0.975) * error * np.array([-1, 1]))
        value = float(scale.back(mine.mean()))
        out: Number = {**first, "value": value, "ci95": _around(value, ends), "dof": dof, "replicas": values.tolist()}
        out["n"] = first["n"] if "ci95" in first else len(values)
        if "p" in first:
            out["p"] = p_value(out)
        bounds = BOUNDS.get(first.get("kind", ""), (-np.inf, np.inf))
        return {**out, "ci95": [float(np.clip(end, *bounds)) for end in out["ci95"]]}

    def change(self, variant: str, base: str) -> Number:
        """How far the variant is above the base: in percent on the log scale, else as a difference."""
        if variant == base:
            return self.contrast({variant: 0.0}, lambda d: d)
        middle = float((self.on_scale(variant).mean() + self.on_scale(base).mean()) / 2)
        out = self.contrast({variant: 1.0, base: -1.0}, lambda d: SCALES[self.scale].gap(d, middle))
        return self._as_uncertain_as(out, variant, base)

    def _as_uncertain_as(self, change: Number, variant: str, base: str) -> Number:
        """The change, whose interval reaches farther where the replicas do not show the error of one of both."""
        low, high = change.get("ci95", [-np.inf, np.inf])
        unshown = high - low < NOTHING
        hides = self._is_alike if unshown else self._at_bound
        value, below, above = change["value"], [change["value"] - low], [high - change["value"]]
        for each, down, up in ((variant, below, above), (base, above, below)):
            if hides(each):
                share, (least, most) = self.found[each][0].number["value"], self._wilson(each)
                down.append(share - least)
                up.append(most - share)
        if len(below) == 1:
            return change
        out: Number = {**change, "ci95": [value - float(np.hypot.reduce(below)), value + float(np.hypot.reduce(above))]}
        if unshown:
            out.pop("dof", None)  # all that is known of the error is that of the images
        return {**out, "p": max(change["p"], p_value(out))}

    def contrast(self, weights: Mapping[str, float], shown: Callable[[np.ndarray], np.ndarray]) -> Number:
        """A sum of variants' levels on the scale, with weights that add up to 0, shown in a reader's unit.

        shown: an increasing function, 0 at 0. Within a single replica the interval is that of the resamples; without
        resamples it has none.
        """
        each = np.sum([weight * self.on_scale(variant) for variant, weight in weights.items()], axis=0)
        single = [one for variant in weights for one in self.found[variant]]
        n = min(one.number["n"] for one in single)
        if not any("ci95" in one.number or one.replicates is not None for one in single):  # counted, or timed
            if np.ptp(each) == 0:
                return {"value": float(shown(each[0])), "n": n}
            n = self.replicas
        if self.replicas == 1:
            return self._of_one(float(each[0]), n, weights, shown)
        error, dof = self._added(*self._error_of_contrast(each, weights), weights)
        mean = float(np.mean(each))
        ends = shown(mean + stdtrit(dof, 0.975) * error * np.array([-1.0, 1.0]))
        value = float(shown(np.array(mean)))
        p = 2 * stdtr(dof, -abs(mean) / error) if error > 0 else float(mean == 0)
        return {
            "value": value,
            "n": n,
            "ci95": _around(value, ends),
            "p": float(p),
            "dof": dof,
            "replicas": shown(each).tolist(),
        }

    def _is_alike(self, variant: str) -> bool:
        """Say whether a sampled share of images is the same in all of several replicas."""
        first = self.found[variant][0].number
        alike = {each.number["value"] for each in self.found[variant]} == {first["value"]}
        sampled = self.scale == "share" and self.replicas > 1 and "ci95" in first
        return alike and sampled and is_proportion(first["value"], first["n"])

    def _at_bound(self, variant: str) -> bool:
        """Say whether a sampled share is 0 in all of several replicas, or 1 in all. Their differences, of which there
        are none, do not show its error then, whatever the others' do."""
        return self._is_alike(variant) and self.found[variant][0].number["value"] in (0.0, 1.0)

    def _wilson(self, variant: str) -> list[float]:
        """The interval of a share that is the same in all replicas, over the images of all."""
        first = self.found[variant][0].number
        return of_alike(first["value"], first["n"] * (1 if self.shared else self.replicas))

    def _of_one(
        self, value: float, n: int, weights: Mapping[str, float], shown: Callable[[np.ndarray], np.ndarray]
    ) -> Number:
        """A contrast within the only replica."""
        replicates = self._resamples(weights, 0)
        if replicates is None:
            return {"value": float(shown(np.array(value))), "n": n}
        out = resampled(value, n, replicates)
        shown_value = float(shown(np.array(value)))
        return {**out, "value": shown_value, "ci95": _around(shown_value, shown(np.array(out["ci95"])))}

    def _resamples(self, weights: Mapping[str, float], replica: int) -> np.ndarray | None:
        """The contrast's resamples [B] within a replica, on the scale, without the bias of resampling."""
        total = np.zeros(1)
        for variant, weight in weights.items():
            each = self.found[variant][replica]
            if each.replicates is None:
                return None
            value = each.number["value"]
            inside = centred(value, each.replicates)
            if self.scale == "log":
                inside = np.maximum(inside, value / 100)
            total = total + weight * SCALES[self.scale].to(inside)
        return total

    @property
    def _pool(self) -> list[str]:
        """The variants whose residuals count together."""
        return [variant for variant in self.found if variant not in self.apart]

    def _squares(self) -> tuple[float, float]:
        """The mean squares of the replicas and of the residuals, over the pool."""
        table = np.array([self.on_scale(variant) for variant in self._pool])  # [V, R]
        of_replicas = table.mean(axis=0)
        residuals = table - table.mean(axis=1, keepdims=True) - of_replicas + table.mean()
        variants, replicas = table.shape
        return (
            float(variants * of_replicas.var(ddof=1)),
            float((residuals**2).sum() / ((variants - 1) * (replicas - 1))),
        )

    def _error_of_contrast(self, each: np.ndarray, weights: Mapping[str, float]) -> tuple[float, float]:
        """The squared standard error of a contrast, and its degrees of freedom."""
        pool = self._pool
        if set(weights) <= set(pool) and len(pool) > 1:
            residual = self._squares()[1]
            square = residual * sum(weight**2 for weight in weights.values()) / self.replicas
            return square, (len(pool) - 1) * (self.replicas - 1)
        return float(np.var(each, ddof=1)) / self.replicas, self.replicas - 1

    def _error_of_level(self, variant: str) -> tuple[float, float]:
        """The squared standard error of a level, and its degrees of freedom (Satterthwaite 1946)."""
        pool = self._pool
        if variant in pool and len(pool) > 1:
            of_replicas, residual = self._squares()
            parts = [(of_replicas / len(pool), self.replicas - 1)]
            parts.append((residual * (1 - 1 / len(pool)), (len(pool) - 1) * (self.replicas - 1)))
            square, dof = _satterthwaite(parts)
            return square / self.replicas, dof
        return float(self.on_scale(variant).var(ddof=1)) / self.replicas, self.replicas - 1

    def _added(self, square: float, dof: float, weights: Mapping[str, float]) -> tuple[float, float]:
        """The standard error and its degrees of freedom, with the error of the images added where all replicas have
        the same ones."""
        if not self.shared:
            return float(np.sqrt(square)), dof
        within = [self._resamples(weights, replica) for replica in range(self.replicas)]
        if any(each is None for each in within):
            return float(np.sqrt(square)), dof
        of_images = float(np.mean(within, axis=0).var())  # type: ignore[arg-type]
        n = min(self.found[variant][0].number["n"] for variant in weights)
        total, together = _satterthwaite([(square, dof), (of_images, n - 1)])
        return float(np.sqrt(total)), together


def _satterthwaite(parts: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The sum of independent variances, and its degrees of freedom; parts: each with its own."""
    total = sum(square for square, _ in parts)
    below = sum(square**2 / dof for square, dof in parts)
    return total, total**2 / below if below > 0 else min(dof for _, dof in parts)


def _around(value: float, ends: np.ndarray) -> list[float]:
    """The ends of an interval as numbers, the value between them whatever the rounding."""
    return [min(float(ends[0]), value), max(float(ends[1]), value)]

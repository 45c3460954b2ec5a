"""The saliency maps of a subject at some steps of its loop, by DF-RISE and DF-CAM, and whether to believe them.

Everything is done for one image at a time, so that no map depends on what else is looked at.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from pipeline.anatomy import belief, cam, rise, sanity
from pipeline.anatomy.explained import Explained, explained, likeness
from pipeline.anatomy.feature_maps import Look
from pipeline.anatomy.followed import CLEAN, NOISY
from pipeline.anatomy.layers import layers
from pipeline.anatomy.parts import Unit
from pipeline.anatomy.salient import ADVERSARIALLY, CAM, MASKS, OTHER, RANDOMLY, RISE, WEIGHTS
from pipeline.anatomy.sweep import Loop
from pipeline.anatomy.trajectories import reduced
from pipeline.data.masks import of_image
from pipeline.diffusion.sampling import batches
from pipeline.params import Saliency


@dataclass(frozen=True)
class Approach:
    """An approach is the way of some images through the loop, at the steps that are looked at. x, clean: k -> the
    step's input and the clean image that is predicted, [S, C, H, W]; final: [S, C, H, W]; looks: the steps, the
    noisiest first."""

    loop: Loop
    seeds: np.ndarray
    labels: np.ndarray
    looks: list[Look]
    x: dict[int, torch.Tensor]
    clean: dict[int, torch.Tensor]
    final: torch.Tensor

    def images(self, values: torch.Tensor) -> np.ndarray:
        """Return values [S, C, H, W] as images, uint8 [S, H, W, C]."""
        return self.loop.subject.images(values)


def approach(loop: Loop, seeds: np.ndarray, labels: np.ndarray, looks: list[Look]) -> Approach:
    """Follow images through the untouched loop, `loop.batch_size` at a time; seeds, labels: int [S]."""
    wanted = sorted(looks, key=lambda one: -one.k)
    x, clean = ({one.k: list[torch.Tensor]() for one in wanted} for _ in range(2))
    final = []
    for batch_seeds, batch_labels, kept in batches(seeds, labels, loop.batch_size):
        for moment in loop.walk(loop.untouched, batch_seeds, batch_labels):
            if moment.action.k in x:
                x[moment.action.k].append(moment.x[:kept].clone())
                clean[moment.action.k].append(moment.x0[:kept].clone())
        final.append(moment.after[:kept].clone())
    inputs, predicted = ({k: torch.cat(of) for k, of in each.items()} for each in (x, clean))
    return Approach(loop, seeds, labels, wanted, inputs, predicted, torch.cat(final))


class Maps:
    """The maps of an approach. of: method -> float64 [times, S, H, W]; layers: name -> those of DF-CAM in one layer, of
    the first images, [times, shown, H, W]; found: the scores of DF-RISE's masks, [times, S, N]; convergence: a row per
    time, seed and number of masks."""

    def __init__(self, way: Approach, chosen: Saliency, units: list[Unit]):
        self.way, self.chosen, self.units = way, chosen, units
        shape = (len(way.looks), len(way.seeds))
        self.of = {method: np.zeros((*shape, *way.final.shape[2:])) for method in (RISE, CAM)}
        few = (len(way.looks), chosen.shown, *way.final.shape[2:])
        self.layers = {unit.name: np.zeros(few) for unit in units}
        self.found = np.zeros((*shape, chosen.masks))
        self.convergence: list[dict[str, Any]] = []
        self.kept_share = rise.expectation(chosen.threshold)

    def explained(self, one: Look, i: int, x: torch.Tensor | None = None, network: Any = None) -> Explained:
        """Return what is explained of image i at a time; x: another input in the place of its own."""
        way, own = self.way, self.way.x[one.k][i]
        return explained(
            way.loop.subject,
            own if x is None else x,
            one.t,
            int(way.labels[i]),
            self.chosen.likeness,
            self.chosen.batch_size,
            network,
        )

    def masks(self, one: Look, i: int) -> np.ndarray:
        """Return the masks of image i at a time, bool [N, H, W]."""
        side, chosen = self.way.final.shape[-1], self.chosen
        return rise.masks(int(self.way.seeds[i]), one.t, chosen.masks, side, chosen.cells, chosen.threshold)

    def cam(self, what: Explained, one: Look, i: int) -> dict[str, np.ndarray]:
        """Return the map of DF-CAM in every chosen layer, name -> float64 [H, W]."""
        estimate = cam.final_noise(what.x, self.way.final[i], self.way.loop.level(one.k))
        return cam.maps(what, self.units, estimate, self.chosen.target)

    def make(self, done: Callable[[], object]) -> None:
        """Make both maps of every image at every time."""
        for at, one in enumerate(self.way.looks):
            for i, seed in enumerate(self.way.seeds):
                what, kept = self.explained(one, i), self.masks(one, i)
                found = self.found[at, i] = rise.scores(what, kept)
                self.of[RISE][at, i] = rise.weighted(kept, found, self.kept_share)
                of_layers = self.cam(what, one, i)
                self.of[CAM][at, i] = cam.together(of_layers)
                if i < self.chosen.shown:
                    for name, values in of_layers.items():
                        self.layers[name][at, i] = values
                for count, value in rise.convergence(kept, found, self.kept_share).items():
                    self.convergence.append({"time": one.name, "seed": seed, "masks": count, "correlation": value})
                done()


def generator(seed: int, one: Look) -> np.random.Generator:
    """Return a source of random numbers that belongs to an image and a time."""
    return np.random.default_rng([seed, one.t])


def foreground(image: np.ndarray, side: int) -> np.ndarray:
    """Return the foreground of an image, bool [side, side]; of an image that is larger than the network's input, a
    pixel is foreground where most of what it stands for is. image: uint8 [H, W, C]."""
    mask, factor = of_image(image), len(image) // side
    cut = mask[: side * factor, : side * factor].reshape(side, factor, side, factor)
    return np.asarray(cut.mean(axis=(1, 3)) >= 0.5)


def games(maps: Maps, done: Callable[[], object]) -> tuple[list[dict[str, Any]], np.ndarray, dict[str, np.ndarray]]:
    """Play both games with the maps of both methods, with those of the next image in their place, and with all rivals'.

    Returns a row per time, seed and method; the curves, float64 [times, S, methods, 2, points + 1]; and the rivals'
    maps, [times, S, H, W]. Measures of overlap are not a number where an image has no foreground, or nothing else.
    """
    way, chosen, rows, curves = maps.way, maps.chosen, list[dict[str, Any]](), list[np.ndarray]()
    objects = [foreground(image, way.final.shape[-1]) for image in way.images(way.final)]
    detail = [belief.edges(final.permute(1, 2, 0).cpu().numpy()) for final in way.final]
    rivals: dict[str, list[np.ndarray]] = {}
    for at, one in enumerate(way.looks):
        for i, seed in enumerate(way.seeds):
            source, what = generator(int(seed), one), maps.explained(one, i)
            clean = way.clean[one.k][i].permute(1, 2, 0).cpu().numpy()
            against = belief.rivals(what, clean, source, chosen.occlusion, chosen.gradient_steps)
            for name, values in against.items():
                rivals.setdefault(name, []).append(values)
            other = (i + 1) % len(way.seeds)
            mine = {method: of[at, i] for method, of in maps.of.items()}
            others = {f"{method}{OTHER}": of[at, other] for method, of in maps.of.items()}
            every = {**mine, **others, **against}
            orders = {name: belief.ordered(values, source) for name, values in every.items()}
            played = belief.play(what, orders, chosen.points)
            curves.append(np.stack([*played.values()]))
            for name, (inserted, deleted) in played.items():
                areas = belief.area(inserted), belief.area(deleted)
                row = {"time": one.name, "seed": seed, "method": name, "gain": areas[0] - areas[1]}
                row |= {"insertion": areas[0], "deletion": areas[1]}
                row |= belief.overlap(every[name], orders[name], objects[i])
                rows.append({**row, "edges": belief.alike(every[name], detail[i])})
            done()
    shape = (len(way.looks), len(way.seeds))
    whole = np.stack(curves).reshape(*shape, *curves[0].shape)
    return rows, whole, {name: np.stack(of).reshape(*shape, *of[0].shape) for name, of in rivals.items()}


def checks(maps: Maps, done: Callable[[], object]) -> Iterator[dict[str, Any]]:
    """Yield a row per time, seed, method and check: correlation, the rank correlation with the map of the trained
    network and the untouched input; and likeness, of the predicted noise to what it was.

    The checks are fresh weights, from the output on (`sanity.depths`), and a changed input. DF-RISE is asked with half
    of its masks. `masks` is the correlation of the two halves' maps; fresh weights get the other half too, so that they
    can be compared with it, for shared masks alone make maps alike. A changed input gets the same half.
    """
    way, chosen = maps.way, maps.chosen
    total = len(layers(way.loop.subject.model))
    fresh = {
        f"{WEIGHTS}{100 * depth / total:.0f}": sanity.randomised(way.loop.subject.model, depth, chosen.cascade)
        for depth in sanity.depths(way.loop.subject.model, chosen.cascade)
    }
    half = chosen.masks // 2
    for at, one in enumerate(way.looks):
        for i, seed in enumerate(way.seeds[: chosen.sanity_seeds]):
            own, kept = maps.explained(one, i), maps.masks(one, i)
            halves = [
                rise.weighted(kept[part], maps.found[at, i, part], maps.kept_share)
                for part in (slice(half), slice(half, 2 * half))
            ]
            row = {"time": one.name, "seed": seed}
            yield {**row, "method": RISE, "check": MASKS, "correlation": belief.alike(*halves), "likeness": 1.0}
            changed = sanity.perturbed(own, chosen.perturbation, chosen.perturbation_steps, int(seed))
            cases = {name: maps.explained(one, i, network=network) for name, network in fresh.items()}
            cases |= {
                name: maps.explained(one, i, x=x) for name, x in zip((RANDOMLY, ADVERSARIALLY), changed, strict=True)
            }
            for name, what in cases.items():
                like = float(likeness(what.noise, own.noise, own.kind))
                mine = kept[half : 2 * half] if name.startswith(WEIGHTS) else kept[:half]
                found = rise.weighted(mine, rise.scores(what, mine), maps.kept_share)
                pairs = {RISE: (halves[0], found), CAM: (maps.of[CAM][at, i], cam.together(maps.cam(what, one, i)))}
                for method, pair in pairs.items():
                    yield {**row, "method": method, "check": name, "correlation": belief.alike(*pair), "likeness": like}
            done()


def pictures(way: Approach, shown: int) -> dict[str, np.ndarray]:
    """Return the images of the first seeds, uint8: the steps' inputs and the clean images that are predicted there,
    [times, shown, H, W, C], and the final ones, [shown, H, W, C]."""
    out = {"final": reduced(way.images(way.final[:shown]))}
    for kind, values in ((NOISY, way.x), (CLEAN, way.clean)):
        out[kind] = np.stack([reduced(way.images(values[one.k][:shown])) for one in way.looks])
    return out

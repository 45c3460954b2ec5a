"""The sampling loop under interventions, one plan at a time or many as a tree.

Every plan begins as the untouched run does, whose steps are kept: an intervention starts at its own step. Plans that
differ only in where a step leads share the network's call, and what is at one step with the same parts shares batches.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from pipeline.anatomy import parts
from pipeline.anatomy.interventions import Action, Plan, plan
from pipeline.anatomy.parts import recording
from pipeline.anatomy.without import Fill, Reduced
from pipeline.diffusion.guidance import passes
from pipeline.diffusion.noise import INITIAL, noise
from pipeline.diffusion.sampling import SAMPLERS, Sampler
from pipeline.diffusion.schedule import snr_db
from pipeline.diffusion.subject import Subject
from pipeline.diffusion.unet import halves
from pipeline.errors import UserError

Config = tuple[int, frozenset[int], str, float | None]  # what is left out of the network at a step, what stands in, and
# the scale of guidance
Cache = dict[str, torch.Tensor]  # part -> its last output, [S, passes, C, H, W]


@dataclass(frozen=True)
class Moment:
    """A moment is a step of a walk. x: [S, C, H, W] before it; after: [S, C, H, W] after it; x0: the clean image
    predicted at it; cache: the parts' outputs that were kept."""

    action: Action
    x: torch.Tensor
    after: torch.Tensor
    x0: torch.Tensor
    cache: Cache


@dataclass(frozen=True)
class Branch:
    """A branch is what some plans do alike at a step of a tree. done: their actions, down to this one; plans: all that
    begin so; x: [S, C, H, W] after it; x0: the clean image predicted at it."""

    done: Plan
    plans: list[Plan]
    x: torch.Tensor
    x0: torch.Tensor


@dataclass(frozen=True)
class _Node:
    """A node is a point that some plans have reached."""

    x: torch.Tensor
    done: Plan
    plans: list[Plan]
    cache: Cache

    def following(self) -> dict[Config, list[Action]]:
        """What the plans do next, by what they leave out of the network."""
        out: dict[Config, list[Action]] = defaultdict(list)
        for action in dict.fromkeys(steps[len(self.done)] for steps in self.plans):
            out[_config(action)].append(action)
        return out


class Loop:
    """A loop is a subject and how it is sampled. timesteps: K of them, descending; sampler, clip: as in params.yaml;
    batch_size: images that the network takes at a time. Timesteps that the subject does not have, and latents clipped
    to the range of images, are a `UserError`."""

    def __init__(self, subject: Subject, timesteps: list[int], sampler: Sampler, clip: bool, batch_size: int):
        if clip and subject.autoencoder is not None:
            raise UserError("this subject works on latents, which reach beyond [-1, 1]: set sampler.clip to false.")
        total = len(subject.alpha_bar)
        if sorted(set(timesteps), reverse=True) != timesteps or timesteps[0] >= total:
            raise UserError(
                f"sampling was asked for in {len(timesteps)} timesteps up to {max(timesteps)}, but they must fall "
                f"without repeats from at most {total - 1}, the noisiest of this subject."
            )
        self.subject, self.timesteps, self.sampler, self.clip = subject, timesteps, sampler, clip
        self.batch_size = batch_size
        self.steps, self.blocks = len(timesteps), len(parts.blocks(subject.model))
        self.called: Callable[[int], object] = lambda images: None  # is told how many images each call was of
        self._units = {unit.name: unit for unit in [*parts.skips(subject.model), *parts.blocks(subject.model)]}
        self._forms = parts.forms(subject, batch_size)
        self._networks: dict[tuple[int, frozenset[int]], Reduced] = {}
        self._costs: dict[tuple[int, frozenset[int], int], int] = {}

    @contextmanager
    def counting(self, called: Callable[[int], object]) -> Iterator[None]:
        """Within the block, `called` is told at each call of the network how many images it was of."""
        before, self.called = self.called, called
        try:
            yield
        finally:
            self.called = before

    @property
    def untouched(self) -> Plan:
        """The plan without an intervention."""
        return plan([], self.steps, self.blocks)

    def network(self, action: Action) -> Reduced:
        """Return the network without what the action leaves out."""
        key = (action.blocks, action.skips)
        if key not in self._networks:
            self._networks[key] = Reduced(self.subject.model, *key, self._forms)
        return self._networks[key]

    def walk(self, steps: Plan, seeds: np.ndarray, labels: np.ndarray, kept: Iterable[str] = ()) -> Iterator[Moment]:
        """Follow one plan from pure noise, a step at a time. seeds, labels: int [S]; kept: parts whose outputs are kept
        beside those that the plan itself needs."""
        wanted = [*kept, *cached_parts([steps])]
        x, cache = self.initial(seeds), Cache()
        for action in steps:
            ((out, cache),) = self.call(action, [(x, cache)], labels, wanted)
            after, x0 = self.step(x, out, action, self.drawn(seeds, action))
            yield Moment(action, x, after, x0, cache)
            x = after

    def final(self, steps: Plan, seeds: np.ndarray, labels: np.ndarray) -> torch.Tensor:
        """Return the images [S, C, H, W] that a plan ends with."""
        for moment in self.walk(steps, seeds, labels):
            pass
        return moment.x0 if moment.action.ends else moment.after

    def branch(
        self, before: Moment, plans: list[Plan], seeds: np.ndarray, labels: np.ndarray
    ) -> Iterator[tuple[Plan, torch.Tensor]]:
        """Follow plans that leave the untouched run at the step of `before`, all as one tree. Yields each plan and its
        final images; equal plans come once.

        before: that step of the untouched run, with the cache of the step before it.
        """
        k = before.action.k
        done = self.untouched[: self.steps - k]
        mine = [steps for steps in dict.fromkeys(plans) if steps[: len(done)] == done]
        for each in self._grow(k, _Node(before.x, done, mine, before.cache), seeds, labels, set()):
            last = each.done[-1]
            if last.after == 0:
                yield each.done, each.x0 if last.ends else each.x

    def tree(self, plans: list[Plan], seeds: np.ndarray, labels: np.ndarray, given_up: set[Plan]) -> Iterator[Branch]:
        """Follow plans from pure noise, all as one tree, and yield every branch of it, those of one step together.

        given_up: what the caller puts here, `done` of a branch, is not followed any further.
        """
        root = _Node(self.initial(seeds), (), list(dict.fromkeys(plans)), {})
        return self._grow(self.steps, root, seeds, labels, given_up)

    def _grow(
        self, k: int, root: _Node, seeds: np.ndarray, labels: np.ndarray, given_up: set[Plan]
    ) -> Iterator[Branch]:
        """Follow the root's plans from step k on, all that is at one step side by side."""
        wanted = cached_parts(root.plans)
        waiting: dict[int, list[_Node]] = defaultdict(list)
        waiting[k].append(root)
        for now in range(k, 0, -1):
            by_config: dict[Config, list[tuple[_Node, list[Action]]]] = defaultdict(list)
            for node in waiting.pop(now, []):
                for config, actions in node.following().items():
                    by_config[config].append((node, actions))
            for group in by_config.values():
                action = group[0][1][0]
                z = self.drawn(seeds, action)
                called = self.call(action, [(node.x, node.cache) for node, _ in group], labels, wanted)
                for (node, actions), (out, cache) in zip(group, called, strict=True):
                    for each in actions:
                        x, x0 = self.step(node.x, out, each, z)
                        done = (*node.done, each)
                        mine = [steps for steps in node.plans if steps[len(node.done)] == each]
                        yield Branch(done, mine, x, x0)
                        if each.after and done not in given_up:
                            waiting[each.after].append(_Node(x, done, mine, cache))

    def level(self, k: int) -> float:
        """Return alpha-bar of x at step k; 1 at step 0, the clean image."""
        return float(self.subject.alpha_bar[self.timesteps[self.steps - k]]) if k else 1.0

    def snr_db(self) -> dict[int, float]:
        """Return step -> signal-to-noise ratio of x at it, in dB, of every step from the first on."""
        levels = snr_db(self.subject.alpha_bar)
        return {k: float(levels[t]) for k, t in zip(range(self.steps, 0, -1), self.timesteps, strict=True)}

    def multiply_adds(self, action: Action) -> int:
        """Return the multiply-adds of one image at the action's step, guidance's second pass among them."""
        key = (action.blocks, action.skips, passes(self._scale(action)))
        if key not in self._costs:
            network = self.network(action)
            network.fill = Fill()
            with FlopCounterMode(display=False) as counter:
                self.subject.once(network.network, scale=action.guidance)
            self._costs[key] = counter.get_total_flops() // 2
        return self._costs[key]

    def _scale(self, action: Action) -> float:
        """Return the scale of guidance at the action's step."""
        return self.subject.guidance if action.guidance is None else action.guidance

    def initial(self, seeds: np.ndarray) -> torch.Tensor:
        """Return the pure noise [S, C, H, W] from which sampling begins."""
        return noise(seeds, INITIAL, self.subject.shape).to(self.subject.device)

    def drawn(self, seeds: np.ndarray, action: Action) -> torch.Tensor | None:
        """Return the noise that is drawn at the action's step, the same whatever has been left out before; None where
        the sampler draws none."""
        if self.sampler != "ddpm":
            return None
        address = self.timesteps[self.steps - action.k] + 1
        return noise(seeds, address, self.subject.shape).to(self.subject.device)

    def step(
        self, x: torch.Tensor, out: torch.Tensor, action: Action, z: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the next x and the predicted clean image. Several steps are done at once where `after` says so (Prasad
        et al. 2023, eq. 4); the variance of what is drawn is the whole jump's, or one step's as in the source."""
        eps, share = halves(out, self.subject.shape[0])
        one = self.level(action.k - 1) if action.noise == "step" else None
        return SAMPLERS[self.sampler](
            x, eps, self.level(action.k), self.level(action.after), z, self.clip, share, a_of_sigma=one
        )

    def call(
        self, action: Action, points: list[tuple[torch.Tensor, Cache]], labels: np.ndarray, wanted: Iterable[str]
    ) -> list[tuple[torch.Tensor, Cache]]:
        """What the network gives at each of some points (x [S, C, H, W], its cache) of the action's step: [S, C or 2C,
        H, W], and the cache with the wanted parts' outputs in it.

        Batches are all of one size, the last filled up with repeats: kernels round alike, whatever shares a batch.
        """
        network, size, each = self.network(action), self.batch_size, len(labels)
        removed = {f"skip_{number:02d}" for number in action.skips}
        units = [self._units[name] for name in dict.fromkeys(wanted) if name not in removed]
        x = torch.cat([x for x, _ in points])
        asked = torch.from_numpy(np.tile(labels, len(points))).to(x.device)
        stand_ins = {name: torch.cat([cache[name] for _, cache in points]) for name in cached_parts([(action,)])}
        t = self.timesteps[self.steps - action.k]
        outs, left = [], defaultdict(list)
        for start in range(0, len(x), size):
            kept = min(size, len(x) - start)
            rows = torch.from_numpy(np.resize(np.arange(start, start + kept), size)).to(x.device)
            given = {
                name: tensor[rows].flatten(0, 1).contiguous(memory_format=self._forms[name].layout)
                for name, tensor in stand_ins.items()
            }
            network.fill = Fill(
                given.get(f"block_{action.blocks:02d}"),
                {number: given[f"skip_{number:02d}"] for number in action.skips if given},
            )
            with torch.inference_mode(), recording(self.subject.model, units) as recorded:
                out = self.subject.predict(network.network, x[rows], t, asked[rows], action.guidance)
            outs.append(out[:kept])
            self.called(kept)
            for name, tensor in recorded.items():
                left[name].append(tensor.unflatten(0, (size, passes(self._scale(action))))[:kept])
        new = {name: torch.cat(tensors).split(each) for name, tensors in left.items()}
        caches = [cache | {name: of[i] for name, of in new.items()} for i, (_, cache) in enumerate(points)]
        return list(zip(torch.cat(outs).split(each), caches, strict=True))


def leaves_at(steps: Plan, untouched: Plan) -> int | None:
    """Return the step at which a plan does something else than the untouched run; None where it never does."""
    return next((mine.k for mine, plain in zip(steps, untouched, strict=False) if mine != plain), None)


def cached_parts(plans: Iterable[Plan]) -> list[str]:
    """Return the parts whose earlier output some plan puts in place of a removed one."""
    found: dict[str, None] = {}
    for action in (action for steps in plans for action in steps if action.fill == "cache"):
        found |= dict.fromkeys(f"skip_{number:02d}" for number in sorted(action.skips))
        found |= dict.fromkeys([f"block_{action.blocks:02d}"] if action.blocks else [])
    return list(found)


def calls(plans: Iterable[Plan], untouched: Plan) -> dict[Config, int]:
    """Return how often the network is called without what, per seed: along the untouched run, and once for every branch
    of the trees that the plans make."""
    branches = set()
    for steps in plans:
        start = leaves_at(steps, untouched)
        branches |= {(steps[:i], _config(a)) for i, a in enumerate(steps) if start is not None and a.k <= start}
    out: dict[Config, int] = defaultdict(int)
    for config in [*map(_config, untouched), *(config for _, config in branches)]:
        out[config] += 1
    return dict(out)


def _config(action: Action) -> Config:
    """Return what an action leaves out of the network, what stands in, and its scale of guidance."""
    return action.blocks, action.skips, action.fill, action.guidance

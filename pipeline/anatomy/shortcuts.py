"""The search for the cheapest schedule at a given quality: cut, relax, cut, and an early end (Prasad et al. 2023).

A cut is a jump over steps, or steps without blocks. Cost is counted in multiply-adds and not timed, so that a search
finds the same twice; what the schedules found save in time is measured afterwards.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from pipeline.anatomy.interventions import Intervention, Plan, parse, plan
from pipeline.anatomy.sweep import Loop
from pipeline.judges import similarity
from pipeline.params import Shortcut

SLACK = 0.03  # an end that has just missed a quality on the few seeds of the search may reach it on more


@dataclass(frozen=True)
class Candidate:
    """A candidate is an early end of a schedule. intervention: what is left out; steps: its plan; cost: multiply-adds
    of an image, as a share of the untouched run's; ssim: mean over the seeds of the search."""

    intervention: Intervention
    steps: Plan
    cost: float
    ssim: float


def schedules(params: Shortcut, steps: int) -> Iterator[list[dict]]:
    """Yield no cut at all, and then every way to cut n steps and rest r steps, from the first step to the last; each as
    YAML has interventions."""
    yield []
    for n in params.cuts:
        for r in params.rests:
            if n > 1:
                yield [{"remove": "steps", "start": k, "count": c} for k, c in _cycle(steps, n, r)]
            for number in params.blocks:
                cut = {"remove": "blocks", "number": number}
                yield [{**cut, "start": k, "count": c, "fill": "zeros"} for k, c in _cycle(steps, n, r)]
                if r:  # something must be computed before it can be kept
                    yield [{**cut, "start": k, "count": c, "fill": "cache"} for k, c in _cycle(steps - 1, n, r)]


def _cycle(start: int, n: int, r: int) -> list[tuple[int, int]]:
    """Return the first step and the number of steps of every cut from `start` on."""
    return [(k, min(n, k)) for k in range(start, 0, -(n + r))]


def search(
    loop: Loop,
    wanted: list[list[dict]],
    seeds: np.ndarray,
    labels: np.ndarray,
    untouched: np.ndarray,
    qualities: list[float],
) -> list[Candidate]:
    """Return every early end of the schedules that no cheaper one beats, cheapest first. They are judged on seeds,
    labels int [S]; untouched: the images of these seeds, uint8 [S, H, W, C].

    All schedules go on side by side, those at one step in one batch. A schedule is given up where it costs as much as
    an end that is well above the highest quality. Ends that cost more and show less than another are left out.
    """
    plans = {plan(parse(each), loop.steps, loop.blocks): each for each in wanted}
    whole = loop.steps * loop.multiply_adds(loop.untouched[0])
    limit, found, costs = np.inf, list[Candidate](), dict[Plan, int]({(): 0})
    enough = (max(qualities) + 1) / 2  # halfway to the untouched images: it surely holds on other seeds
    given_up = set[Plan]()
    for branch in loop.tree(list(plans), seeds, labels, given_up):
        action = branch.done[-1]
        cost = costs[branch.done] = costs[branch.done[:-1]] + loop.multiply_adds(action)
        ssim = float(similarity.ssim(loop.subject.images(branch.x0), untouched).mean())
        intervention = parse([*_before(plans[branch.plans[0]], action.k), {"remove": "rest", "start": action.k}])
        found.append(Candidate(intervention, plan(intervention, loop.steps, loop.blocks), cost / whole, ssim))
        if ssim >= enough:
            limit = min(limit, cost)
        if cost >= limit:
            given_up.add(branch.done)
    return _front(found)


def _before(removals: list[dict], k: int) -> list[dict]:
    """Return the removals as they are down to step k: those that begin later are dropped, and a longer one is cut
    short."""
    out = []
    for removal in removals:
        if removal["remove"] == "steps":
            if removal["start"] > k:
                out.append(removal)
        elif removal["start"] >= k:
            out.append({**removal, "count": min(removal["count"], removal["start"] - k + 1)})
    return out


def _front(found: list[Candidate]) -> list[Candidate]:
    """Return the ends that no other beats in both cost and likeness, cheapest first."""
    out: list[Candidate] = []
    for candidate in sorted(found, key=lambda each: (each.cost, -each.ssim)):
        if not out or candidate.ssim > out[-1].ssim:
            out.append(candidate)
    return out


def find(
    loop: Loop,
    params: Shortcut,
    seeds: np.ndarray,
    labels: np.ndarray,
    distance: Callable[[np.ndarray], float] | None,
) -> tuple[list[Candidate], dict[str, Candidate]]:
    """Search all schedules on the first of the seeds, and learn from their front on all of them.

    seeds, labels: int [S]; distance: of images to the real ones, or None. Returns the front as `search` has it, and
    what `learnt` makes of it.
    """
    untouched = loop.subject.images(loop.final(loop.untouched, seeds, labels))
    some = slice(params.search)
    wanted = list(schedules(params, loop.steps))
    front = search(loop, wanted, seeds[some], labels[some], untouched[some], params.qualities)
    return front, learnt(loop, front, seeds, labels, untouched, params, distance)


def learnt(
    loop: Loop,
    front: list[Candidate],
    seeds: np.ndarray,
    labels: np.ndarray,
    untouched: np.ndarray,
    params: Shortcut,
    distance: Callable[[np.ndarray], float] | None,
) -> dict[str, Candidate]:
    """Return the cheapest ends of the front that hold on more seeds, labels int [S]; untouched: their images uint8 [S,
    H, W, C]; distance: of images to the real ones, or None.

    The names are `ssim-Q`, for each quality Q that an end reaches on the mean, and `distance`: going down the front
    from the most alike end, the last one before the distance exceeds the untouched images' times `params.distance`.
    Each candidate has its SSIM on these seeds.
    """
    drawn: dict[Plan, np.ndarray] = {}

    def images(candidate: Candidate) -> np.ndarray:
        if candidate.steps not in drawn:
            drawn[candidate.steps] = loop.subject.images(loop.final(candidate.steps, seeds, labels))
        return drawn[candidate.steps]

    def measured(candidate: Candidate) -> Candidate:
        return replace(candidate, ssim=float(similarity.ssim(images(candidate), untouched).mean()))

    out = {}
    for quality in params.qualities:
        near = (measured(candidate) for candidate in front if candidate.ssim >= quality - SLACK)
        best = next((candidate for candidate in near if candidate.ssim >= quality), None)
        if best:
            out[f"ssim-{quality:g}"] = best
    if distance:
        most = params.distance * distance(untouched)
        for candidate in reversed(front):
            if distance(images(candidate)) > most:
                break
            out["distance"] = measured(candidate)
    return out

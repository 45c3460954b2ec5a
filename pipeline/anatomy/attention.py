"""Attention maps: what each place of the image attends to, for each word of a text and at each step of the loop.

Cross-attention by word follows DAAM (Tang et al. 2023, section 3), and the roll-out of self-attention follows Abnar and
Zuidema 2020. A site is an attention layer; its name is its address in the network.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipeline.anatomy.parts import Unit, watching
from pipeline.anatomy.sweep import Loop, Moment
from pipeline.diffusion import subject as subjects
from pipeline.diffusion.subject import Subject, UNet
from pipeline.errors import UserError

ORDER = ("down_blocks", "mid_block", "up_blocks")  # in which a network computes its sites
QUERY, KEY = "q", "k"  # the projections that are watched, and kinds of `Unit`


@dataclass(frozen=True)
class Site:
    """A site is one attention layer. address: of its module, which is its name; cross: whether its keys are words."""

    address: str
    cross: bool


def sites(model: UNet, cross: bool) -> list[Site]:
    """Return the sites of a network in the order in which they are computed: those whose keys are words, or those whose
    keys are places. The list is empty where there are none."""
    found = [
        Site(name, bool(getattr(module, "is_cross_attention", False)))
        for name, module in model.named_modules()
        if all(hasattr(module, needed) for needed in ("to_q", "to_k", "heads", "scale"))
    ]
    return sorted((site for site in found if site.cross == cross), key=lambda site: ORDER.index(_top(site)))


def _top(site: Site) -> str:
    return site.address.split(".")[0]


def asked(model: UNet, cross: bool) -> list[Site]:
    """Return the network's sites; a network without such sites, or with one whose keys are not projected by itself
    alone, is a `UserError`."""
    found = sites(model, cross)
    if not found:
        kind, where = ("cross-attention", "a text") if cross else ("self-attention", "its own places")
        raise UserError(f"attention maps were asked of a network that has no {kind}: nothing in it attends to {where}.")
    for site in found:
        module = model.get_submodule(site.address)
        if getattr(module, "fused_projections", False) or getattr(module, "added_kv_proj_dim", None) is not None:
            raise UserError(
                f"the attention of {site.address} has fused projections, or keys beside its own, so its maps cannot be "
                "read; a network without either is accepted."
            )
    return found


@contextmanager
def attending(model: UNet, wanted: list[Site], see: Callable[[Site, torch.Tensor], object]) -> Iterator[None]:
    """Within the block `see` gets each site and its attention probabilities, [N, heads, Q, K], at the moment when its
    queries and keys are there; they are softmax(q k' / sqrt(d)) (Vaswani et al. 2017, equation 1), without a mask, as a
    subject calls its network. None is kept here, so memory does not grow with the number of sites. Every hook is gone
    afterwards."""
    units = [
        Unit(kind, number, 0, 0, (f"{site.address}.to_{kind}",))
        for number, site in enumerate(wanted)
        for kind in (QUERY, KEY)
    ]
    by_name = {unit.name: (unit.kind, wanted[unit.number]) for unit in units}
    queries = dict[Site, torch.Tensor]()

    def shown(name: str, output: torch.Tensor) -> None:
        kind, site = by_name[name]
        if kind == QUERY:
            queries[site] = output
        else:
            see(site, probabilities(model.get_submodule(site.address), queries.pop(site), output))

    with watching(model, units, shown):
        yield


def probabilities(module: Any, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    """Return the attention probabilities [N, heads, Q, K] of a site's module from what its projections give: query [N,
    Q, heads d] and key [N, K, heads d]. Each row sums to one."""
    q, k = (each.unflatten(2, (module.heads, -1)).transpose(1, 2) for each in (query, key))
    q = q if module.norm_q is None else module.norm_q(q)
    k = k if module.norm_k is None else module.norm_k(k)
    return (q @ k.transpose(2, 3) * module.scale).softmax(dim=3)


@contextmanager
def recording(model: UNet, wanted: list[Site]) -> Iterator[dict[str, torch.Tensor]]:
    """Record attention within the block: address -> probabilities [N, heads, Q, K] at the last call. Every hook is gone
    afterwards."""
    found: dict[str, torch.Tensor] = {}
    with attending(model, wanted, lambda site, seen: found.__setitem__(site.address, seen)):
        yield found


class Rollout:
    """The roll-out of self-attention through the sites of one call: how much of each place goes into each other one.
    shares: [N, P, P] with P = side^2, whose rows sum to one; None before the first site. At each site half of a place
    stays, as the residual connection has it, and half is taken as its attention says, the mean over heads (Abnar and
    Zuidema 2020, equation 1)."""

    def __init__(self, side: int):
        self.side = side
        self.shares: torch.Tensor | None = None

    def add(self, _site: Site, seen: torch.Tensor) -> None:
        """Go through one more site; seen: its probabilities, [N, heads, Q, Q]."""
        here = spread(seen.mean(dim=1), self.side)
        stays = torch.eye(here.shape[1], device=here.device).expand_as(here)
        mixed = (stays + here) / 2
        self.shares = mixed if self.shares is None else mixed @ self.shares

    def received(self) -> torch.Tensor:
        """Return how much each place gives to all others, [N, side, side], as a multiple of what it would give if
        attention were even; its mean is 1."""
        assert self.shares is not None, "a site has been gone through"
        return self.shares.sum(dim=1).unflatten(1, (self.side, self.side))


def spread(shares: torch.Tensor, side: int) -> torch.Tensor:
    """Return attention among the places of a finer grid, [N, side^2, side^2]: each place of the coarser one, [N, Q, Q],
    stands for those that lie in it, which share its attention evenly. Rows sum to one."""
    own = _side(shares.shape[1])
    line = torch.arange(side, device=shares.device) * own // side
    place = (line[:, None] * own + line[None, :]).flatten()
    finer = shares[:, place][:, :, place]
    return finer / finer.sum(dim=2, keepdim=True)


def _side(places: int) -> int:
    side = round(places**0.5)
    if side**2 != places:
        raise UserError(f"attention among {places} places is not that of a square image, which alone has a map.")
    return side


def finest(subject: Subject) -> int:
    """Return the pixels per side of the finest self-attention of a subject; one without any is a `UserError`."""
    wanted, places = asked(subject.model, cross=False), list[int]()
    with attending(subject.model, wanted, lambda _, seen: places.append(seen.shape[2])):
        subject.once()
    return _side(max(places))


def _check_batch(loop: Loop, seeds: np.ndarray) -> None:
    """Refuse more images than one call of the network takes, whose maps would be those of the last of several."""
    if len(seeds) > loop.batch_size:
        raise UserError(
            f"attention maps were asked of {len(seeds)} images, but this loop takes {loop.batch_size} at a time, and "
            "at most so many can be followed."
        )


def rolled(loop: Loop, seeds: np.ndarray, labels: np.ndarray) -> Iterator[tuple[Moment, torch.Tensor]]:
    """Walk through the untouched loop, and yield every moment of it with `Rollout.received` of its call, [S, side,
    side], on the network's device; with guidance that of the prompted pass.

    seeds, labels: int [S]; more than the loop's batch size, and a subject without self-attention, are a `UserError`.
    """
    _check_batch(loop, seeds)
    wanted, side, passes = asked(loop.subject.model, cross=False), finest(loop.subject), loop.subject.passes
    through = [Rollout(side)]
    with attending(loop.subject.model, wanted, lambda site, seen: through[0].add(site, seen[0::passes])):
        for moment in loop.walk(loop.untouched, seeds, labels):
            yield moment, through[0].received()[: len(seeds)]
            through[0] = Rollout(side)


def by_word(loop: Loop, seeds: np.ndarray, labels: np.ndarray) -> Iterator[tuple[Moment, torch.Tensor]]:
    """Walk through the untouched loop, and yield every moment of it with where each word is attended to, [S, L, H, W]
    of x's size: the share of a place's attention that goes to each of L words (`tokens` names them), the mean over
    heads and sites, enlarged bilinearly where a site is coarser (Tang et al. 2023, equation 5). At each place the words
    sum to one. With guidance it is that of the prompted pass.

    seeds, labels: int [S]; more than the loop's batch size, and a subject that is told no text, are a `UserError`.
    """
    _check_batch(loop, seeds)
    wanted, passes = asked(loop.subject.model, cross=True), loop.subject.passes
    _, height, width = loop.subject.shape
    maps = list[torch.Tensor]()

    def see(_site: Site, seen: torch.Tensor) -> None:
        words = seen[0::passes].mean(dim=1).transpose(1, 2)
        side = _side(words.shape[2])
        maps.append(torch.nn.functional.interpolate(words.unflatten(2, (side, side)), (height, width), mode="bilinear"))

    with attending(loop.subject.model, wanted, see):
        for moment in loop.walk(loop.untouched, seeds, labels):
            yield moment, torch.stack(maps).mean(dim=0)[: len(seeds)]
            maps.clear()


def tokens(folder: Path, prompt: str, length: int) -> list[str]:
    """Return the tokens of a prompt as the tokenizer of the pipeline in a folder has them, with those at its beginning,
    its end and in the places that are left over: the words of `by_word`, in their order; length: L, how many."""
    tokenizer = subjects.tokenizer(folder)
    ids = tokenizer(prompt, padding="max_length", max_length=length, truncation=True).input_ids
    return [str(token).removesuffix("</w>") for token in tokenizer.convert_ids_to_tokens(ids)]

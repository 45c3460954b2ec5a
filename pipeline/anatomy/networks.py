"""The networks of a subject, one for each training seed of several: they are looked at side by side, each on images of
its own."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipeline.files import replacing
from pipeline.params import Params, Subject, Watched, networks_in
from pipeline.processes import side_by_side

R = TypeVar("R")


@dataclass(frozen=True)
class Network:
    """One network of a subject. name: of the subject, and where it has several networks, the place of this one; place:
    counted from 0; asked: what it is, and what it is told; threads: of the CPU, while it is looked at; folder: for what
    was found."""

    name: str
    place: int
    asked: Subject
    threads: int
    folder: Path

    def __str__(self) -> str:
        return self.name

    def first_seed(self, first: int, count: int) -> int:
        """Return the first seed of its images. first: that of the first network; count: images of every network."""
        return first + self.place * count


def of(asked: Watched) -> list[Subject]:
    """Return a subject's networks: the one in the folder `model`, or those in the folders inside it, in the order of
    their names and at most `replicas` of them."""
    models = networks_in(Path(asked.model))[: asked.replicas]
    return [Subject(model=each.as_posix(), prompts=asked.prompts, guidance=asked.guidance) for each in models]


def look(work: Callable[[Network], R], name: str, asked: Watched, values: Params, out: Path) -> list[R]:
    """Call `work` on every network of a subject, and return what it gives for each. Each network gets a folder inside
    `out`, which is there in the end with all of them or not at all.

    On a CPU they are worked on side by side, each with `compute.replica_threads`; a single one gets `compute.threads`.
    """
    from pipeline import compute  # torch takes seconds to import, and the report reads results without it

    networks = of(asked)
    several = len(networks) > 1
    at_once = values.compute.side_by_side if compute.start(values.compute.device) == "fork" else 1
    threads = values.compute.replica_threads if several and at_once > 1 else values.compute.threads
    with replacing(out) as unfinished:
        unfinished.mkdir()
        items = [
            Network(f"{name}-{place}" if several else name, place, each, threads, unfinished / str(place))
            for place, each in enumerate(networks)
        ]
        return side_by_side(work, items, at_once)

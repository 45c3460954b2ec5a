"""The networks of a subject, one for each training seed of several: they are looked at side by side, each on images of
its own."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pipeline.errors import UserError
from pipeline.files import entries, is_file, is_folder, read_object, replacing
from pipeline.params import Params, Subject, Watched
from pipeline.processes import side_by_side

R = TypeVar("R")
WEIGHTS = ("config.json", "model_index.json")  # one of these is in the folder of a network, or of a pipeline


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
    models = inside(Path(asked.model))[: asked.replicas]
    return [Subject(model=each.as_posix(), prompts=asked.prompts, guidance=asked.guidance) for each in models]


def inside(folder: Path) -> list[Path]:
    """Return the folders of the networks that a folder holds, in the order of their names; the folder itself where it
    is a network's, or holds none. Networks that differ in more than their weights are a `UserError`."""
    if _is_network(folder) or not is_folder(folder):
        return [folder]
    found = sorted(filter(_is_network, entries(folder)), key=lambda each: (len(each.name), each.name))
    for each in found[1:]:
        if _form(each) != _form(found[0]):
            raise UserError(
                f"{folder} holds networks that differ in more than their weights, {found[0].name} and {each.name}; a "
                "subject has one network, or several that differ in their training seed alone."
            )
    return found or [folder]


def _form(folder: Path) -> dict[str, Any]:
    """Return what a network's or a pipeline's configuration says, without what says where it comes from."""
    held = read_object(next(folder / name for name in WEIGHTS if is_file(folder / name)))
    return {key: value for key, value in held.items() if not key.startswith("_")}


def _is_network(folder: Path) -> bool:
    return any(is_file(folder / name) for name in WEIGHTS)


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

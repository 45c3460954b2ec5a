"""Work on several items side by side, each in a process of its own."""

import multiprocessing
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Literal, TypeVar

from pipeline import tether
from pipeline.errors import UserError

T = TypeVar("T")
R = TypeVar("R")
Start = Literal["fork", "spawn"]


def side_by_side(work: Callable[[T], R], items: Sequence[T], at_once: int, start: Start = "fork") -> list[R]:
    """Call `work` on every item, on at most `at_once` of them at a time, and return what it gives for each; on one more
    at a time, where a last item would else be left for a round of its own and the other cores would wait for it.

    start: how a child begins. One that is forked takes over what was imported already; one that is spawned imports it
    again, and `work` must then be a function of a module, or a `functools.partial` of one.

    One at a time, the work is done in this process; else every item gets a child of it. The first error stops the other
    children and is raised here: a `UserError` with its sentence, anything else as a `UserError` that says which item
    failed, below the child's own traceback.
    """
    if len(items) % at_once == 1:
        at_once += 1
    if at_once == 1 or len(items) == 1:
        return [work(item) for item in items]
    context: Any = multiprocessing.get_context(start)
    waiting, running = list(range(len(items))), dict[Connection, tuple[int, BaseProcess]]()
    given = dict[int, R]()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                place = waiting.pop(0)
                receiver, sender = context.Pipe(duplex=False)
                child: BaseProcess = context.Process(target=_child, args=(work, items[place], sender))
                child.start()
                sender.close()
                running[receiver] = place, child
            for ready in wait(list(running)):
                assert isinstance(ready, Connection)
                place, ended = running[ready]
                said = _received(ready)
                ended.join()
                del running[ready]
                if ended.exitcode or not isinstance(said, _Given):
                    raise UserError(_sentence(items[place], ended, said))
                given[place] = said.value
    finally:
        children = [each for _, each in running.values()]
        for each in children:
            each.terminate()
        for each in children:
            each.join()
    return [given[place] for place in range(len(items))]


@dataclass(frozen=True)
class _Given:
    """What a child's work has given."""

    value: Any


def _received(receiver: Connection) -> object:
    """Return what a child has sent: what its work gave, the sentence of an error, or None where it ended before."""
    try:
        return receiver.recv()
    except EOFError:
        return None


def _child(work: Callable[[T], R], item: T, sender: Connection) -> None:
    """Do the work of a child, and send the parent what it gives, or the sentence of an error."""
    tether.tie_to_parent()
    try:
        sender.send(_Given(work(item)))
    except UserError as error:
        sender.send(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _sentence(item: object, child: BaseProcess, said: object) -> str:
    """Say why a child ended early; said: what it sent."""
    if isinstance(said, str):
        return said
    code = child.exitcode or 0
    why = f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
    return f"the process of {item} {why}; what it had finished is kept, and the same command goes on from there."

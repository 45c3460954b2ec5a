"""Work on several items side by side, each in a process of its own."""

import multiprocessing
import sys
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Literal, TypeVar

from pipeline import tether
from pipeline.errors import UserError

T = TypeVar("T")
Start = Literal["fork", "spawn"]


def side_by_side(work: Callable[[T], None], items: Sequence[T], at_once: int, start: Start = "fork") -> None:
    """Call `work` on every item, on at most `at_once` of them at a time; on one more, where a last item would else be
    left for a round of its own and the other cores would wait for it.

    start: how a child begins. One that is forked takes over what was imported already; one that is spawned imports it
    again, and `work` must then be a function of a module, or a `functools.partial` of one.

    One at a time, the work is done in this process; else every item gets a child of it. The first error stops the other
    children and is raised here: a `UserError` with its sentence, anything else as a `UserError` that says which item
    failed, below the child's own traceback.
    """
    if len(items) % at_once == 1:
        at_once += 1
    if at_once == 1 or len(items) == 1:
        for item in items:
            work(item)
        return
    context: Any = multiprocessing.get_context(start)
    waiting, running = list(items), dict[object, tuple[T, BaseProcess, Connection]]()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                item = waiting.pop(0)
                receiver, sender = context.Pipe(duplex=False)
                child: BaseProcess = context.Process(target=_child, args=(work, item, sender))
                child.start()
                sender.close()
                running[child.sentinel] = item, child, receiver
            for sentinel in wait([each.sentinel for _, each, _ in running.values()]):
                item, ended, told = running.pop(sentinel)
                ended.join()
                if ended.exitcode:
                    raise UserError(_sentence(item, ended, told))
    finally:
        children = [each for _, each, _ in running.values()]
        for each in children:
            each.terminate()
        for each in children:
            each.join()


def _child(work: Callable[[T], None], item: T, sender: Connection) -> None:
    """Do the work of a child, and tell the parent the sentence of an error."""
    tether.tie_to_parent()
    try:
        work(item)
    except UserError as error:
        sender.send(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _sentence(item: object, child: BaseProcess, receiver: Connection) -> str:
    """Say why a child ended early."""
    if receiver.poll():
        try:
            return str(receiver.recv())
        except EOFError:
            pass
    code = child.exitcode or 0
    why = f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
    return f"the process of {item} {why}; what it had finished is kept, and the same command goes on from there."

"""A program run inside this process: as a user runs it, without what a fresh interpreter and its imports cost."""

import contextlib
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Done:
    """How a program ended: its exit status and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def run(main: Callable[[], object], *args: str, folder: Path, **environment: str) -> Done:
    """Call `main` with these arguments, in a folder and with extra environment variables, and put everything back.

    A `SystemExit` gives the status and the sentence that a process would have given; any other error is passed on.
    """
    out, err, status = io.StringIO(), io.StringIO(), 0
    with _as_it_was(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        os.chdir(folder)
        os.environ.update(environment)
        sys.argv = [sys.argv[0], *args]
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1 if end.code else 0
            if isinstance(end.code, str):
                print(end.code, file=sys.stderr)
    return Done(status, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _as_it_was() -> Iterator[None]:
    """Restore on exit what a program may change in its own process."""
    import matplotlib as mpl
    import torch

    before = Path.cwd(), sys.argv, dict(os.environ)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    filled, benchmark = torch.utils.deterministic.fill_uninitialized_memory, torch.backends.cudnn.benchmark
    try:
        with mpl.rc_context():
            yield
    finally:
        os.chdir(before[0])
        sys.argv = before[1]
        _put_back(before[2])
        for number, handler in handlers.items():
            signal.signal(number, handler)
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)
        torch.utils.deterministic.fill_uninitialized_memory = filled
        torch.backends.cudnn.benchmark = benchmark


def _put_back(environment: Mapping[str, str]) -> None:
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)

"""Errors for the person who caused them, which end a program with one sentence, exit status 1 and no traceback."""

import atexit
import errno
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path


class UserError(Exception):
    """An error whose text says in one sentence what went wrong, where, and what is accepted."""


def run(main: Callable[[], None]) -> None:
    """Call `main` as a program, which a `UserError` or a full disk ends with a sentence and status 1.

    Where this interpreter was started for `main`'s file, it ends at once when `main` has returned, because freeing
    torch's objects one by one, as Python does at its end, would take one to two seconds.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print("interrupted: finished results are kept; the same command goes on from here.", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.exit(f"error: no space left on the disk that holds {error.filename or 'the outputs'}; nothing was changed.")
    if _started_for(main):
        atexit._run_exitfuncs()  # what libraries want done at the end
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _started_for(main: Callable[[], None]) -> bool:
    """Say whether this interpreter was started with the file that defines `main` as its program."""
    program = sys.orig_argv[1:2]
    return bool(program) and Path(program[0]).resolve() == Path(main.__code__.co_filename).resolve()

"""Errors for the person who caused them: one sentence, exit status 1, no traceback."""

import errno
import signal
import sys
from collections.abc import Callable


class UserError(Exception):
    """What went wrong, where, and what is accepted, in one sentence."""


def run(main: Callable[[], None]) -> None:
    """Call `main` as a program: a `UserError` or a full disk ends it with a sentence and status 1."""
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

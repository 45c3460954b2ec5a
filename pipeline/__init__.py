"""The project asks: what inside a diffusion model makes its images, and when?"""

import os
import sys
from types import TracebackType

from pipeline import tether

# How long a thread that waits for the others spins before it lets go of its core; read once, when torch is imported.
# OpenMP's own default is 30 times longer, and stalls a training when any other program takes one of its cores.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def _interrupted(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say in one line that a program was interrupted while it was still importing, before `errors.run` could."""
    if issubclass(kind, KeyboardInterrupt):
        print("interrupted: nothing was begun.", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _interrupted
tether.tie()

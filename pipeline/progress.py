"""The progress of a task and the time left, as a bar on a terminal, or as a line now and then in a log."""

import sys
from typing import Any

from tqdm import tqdm


def bar(label: str, total: int, unit: str, done: int = 0) -> "tqdm[Any]":
    """Return a progress bar on standard error; in a log (no terminal) it prints a line at most every ten seconds."""
    terminal = sys.stderr.isatty()
    return tqdm(
        total=total,
        initial=done,
        desc=label,
        unit=unit,
        unit_scale=total >= 10_000,
        mininterval=0.2 if terminal else 10,
        maxinterval=10,
        dynamic_ncols=terminal,
        ncols=None if terminal else 100,
        leave=True,
        file=sys.stderr,
    )

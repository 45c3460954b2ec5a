"""What the report's tests share: the project's parameters, read once, and figures that are made and not rendered."""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from pipeline import params


@functools.cache
def defaults() -> params.Params:
    """params.yaml of the project; nobody may change it."""
    return params.load(Path(__file__).parents[2] / "params.yaml")


@contextlib.contextmanager
def unrendered() -> Iterator[None]:
    """Within the block, figures are made and their files stay empty: to render them takes most of the time."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Figure, "savefig", lambda figure, path, **how: Path(path).touch())
        patched.setattr(ConstrainedLayoutEngine, "execute", lambda engine, figure: None)
        yield

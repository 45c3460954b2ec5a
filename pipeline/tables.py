"""Tables as CSV and arrays as npz, which are written whole or not at all; one that cannot be read is a `UserError`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd

from pipeline.files import reading, replacing

Write = Callable[[str, np.ndarray], None]  # adds a named array to a file


def write_csv(path: Path, table: pd.DataFrame, float_format: str | None = None) -> None:
    """Write a table without its index, whole or not at all; float_format: such as %.6g, all digits where None."""
    with replacing(path) as unfinished:
        table.to_csv(unfinished, index=False, float_format=float_format)


def read_csv(path: Path, stage: str) -> pd.DataFrame:
    """Read a table that a stage wrote; a missing or broken file is a `UserError`."""
    with reading(path, stage):
        return pd.read_csv(path)


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write named arrays, whole or not at all, without a pickle."""
    with replacing(path) as unfinished, open(unfinished, "wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


@contextmanager
def writing_arrays(path: Path) -> Iterator[Write]:
    """Give a function that adds a named array to a file, which has the bytes that `write_arrays` makes of them all; so
    no two of them need be in memory at once. The file is there at the end of the block, whole or not at all."""
    with replacing(path) as unfinished, ZipFile(unfinished, "w") as archive:

        def add(name: str, array: np.ndarray) -> None:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)

        yield add


def read_arrays(path: Path, stage: str) -> dict[str, np.ndarray]:
    """Read the named arrays that a stage wrote; a missing or broken file is a `UserError`."""
    with reading(path, stage), np.load(path) as saved:
        return dict(saved)

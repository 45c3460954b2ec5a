"""Tables as CSV and arrays as npz, which are written whole or not at all; one that cannot be read is a `UserError`."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.files import reading, replacing


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


def read_arrays(path: Path, stage: str) -> dict[str, np.ndarray]:
    """Read the named arrays that a stage wrote; a missing or broken file is a `UserError`."""
    with reading(path, stage), np.load(path) as saved:
        return dict(saved)

"""Made-up data sets: images of one level, and tables of them."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from PIL import Image

from pipeline.params import Data

ROOT = Path(__file__).parents[2]

DEFAULT = Data(**yaml.safe_load((ROOT / "params.yaml").read_text())["data"])


def data(**changes: object) -> Data:
    return DEFAULT.model_copy(update=changes)


def png(level: int, size: int = 8) -> bytes:
    out = BytesIO()
    Image.fromarray(np.full((size, size), level, np.uint8)).save(out, "PNG")
    return out.getvalue()


def parquet(path: Path, **columns: list) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def cells(*levels: int) -> list[dict]:
    return [{"bytes": png(level), "path": None} for level in levels]

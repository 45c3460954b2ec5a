"""The real images as the judge sees them, computed once and kept under a name that says of what and by whom."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from pipeline.errors import UserError
from pipeline.files import replacing
from pipeline.judges.features import Judge
from pipeline.judges.frechet import Gaussian


def file_name(data_sha256: str, judge: Judge) -> str:
    """Different for other images and for another judge."""
    return f"{judge.identity}-{judge.layer}-data-{data_sha256[:12]}.npz"


def save(folder: Path, data_sha256: str, judge: Judge, features: np.ndarray, statistics: Gaussian) -> None:
    """Write the folder with the features [M, F] and their statistics, whole or not at all."""
    with replacing(folder) as unfinished:
        unfinished.mkdir()
        np.savez(
            unfinished / file_name(data_sha256, judge),
            features=features.astype(np.float32),
            mean=statistics.mean,
            covariance=statistics.covariance,
        )


def load(folder: Path, data_sha256: str, judge: Judge) -> tuple[np.ndarray, Gaussian]:
    """Features [M, F] and statistics of these images by this judge; those of any other are not taken."""
    path = Path(folder) / file_name(data_sha256, judge)
    try:
        with open(path, "rb") as file, np.load(file) as saved:
            features = saved["features"].astype(np.float64)
            return features, Gaussian(saved["mean"], saved["covariance"], len(features))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        raise UserError(
            f"{path} is not there or not whole: the statistics in {folder} are of other images or another judge; "
            "`dvc repro judges` makes them."
        ) from None

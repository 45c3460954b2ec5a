"""The real images as the judge sees them, computed once and kept in a file whose name says which images and which
judge."""

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from pipeline.data.images import evenly
from pipeline.errors import UserError
from pipeline.files import replacing
from pipeline.judges.features import Judge
from pipeline.judges.frechet import Gaussian, gaussian


def file_name(data_sha256: str, judge: Judge) -> str:
    """Return a file name that is different for other images and for another judge."""
    return f"{judge.identity}-{judge.layer}-data-{data_sha256[:12]}.npz"


@dataclass(frozen=True)
class Reference:
    """The real images to compare with. features: float64 [M, F], and labels: int64 [M], of some of them; statistics:
    the Gaussian of all of them."""

    features: np.ndarray
    labels: np.ndarray
    statistics: Gaussian


def choose(features: np.ndarray, labels: np.ndarray, at_most: int) -> Reference:
    """Make the reference from all real images [N]; it keeps the features of `at_most` of them, evenly over the
    classes."""
    chosen = evenly(labels, at_most)
    return Reference(features[chosen], labels[chosen], gaussian(features))


def save(folder: Path, data_sha256: str, judge: Judge, reference: Reference) -> None:
    """Write the folder whole or not at all."""
    with replacing(folder) as unfinished:
        unfinished.mkdir()
        np.savez(
            unfinished / file_name(data_sha256, judge),
            features=reference.features.astype(np.float32),
            labels=reference.labels,
            mean=reference.statistics.mean,
            covariance=reference.statistics.covariance,
            n=reference.statistics.n,
        )


def load(folder: Path, data_sha256: str, judge: Judge) -> Reference:
    """Load the reference of these images by this judge; a missing or damaged one is a `UserError`."""
    path = Path(folder) / file_name(data_sha256, judge)
    try:
        with open(path, "rb") as file, np.load(file) as saved:
            statistics = Gaussian(saved["mean"], saved["covariance"], int(saved["n"]))
            return Reference(saved["features"].astype(np.float64), saved["labels"], statistics)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        raise UserError(
            f"{path} is not there or not whole: the statistics in {folder} are of other images or another judge; "
            "`uv run dvc repro judges` makes them."
        ) from None

"""Real statistics are taken for the images and the judge that they are of, and for no other."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.judges import reference
from pipeline.judges.features import Judge
from pipeline.judges.frechet import gaussian

JUDGE = Judge("j", "classifier-abc", "6", "fd_classifier", "kd_classifier", None)
OTHER = Judge("j", "classifier-def", "6", "fd_classifier", "kd_classifier", None)
FEATURES = np.random.default_rng(0).normal(size=(40, 6))


def test_they_come_back_and_are_no_one_else_s(tmp_path: Path) -> None:
    statistics = gaussian(FEATURES)
    reference.save(tmp_path / "r", "d" * 64, JUDGE, FEATURES, statistics)
    features, found = reference.load(tmp_path / "r", "d" * 64, JUDGE)
    np.testing.assert_allclose(features, FEATURES, rtol=1e-6)
    np.testing.assert_array_equal(found.covariance, statistics.covariance)
    assert found.n == 40
    (file,) = (tmp_path / "r").iterdir()
    assert "classifier-abc" in file.name
    assert "dddddddddddd" in file.name
    for data, judge in (("e" * 64, JUDGE), ("d" * 64, OTHER)):
        with pytest.raises(UserError, match="other images or another judge"):
            reference.load(tmp_path / "r", data, judge)


@pytest.mark.parametrize("length", [0, 10, 600])
def test_a_damaged_file_is_refused(tmp_path: Path, length: int) -> None:
    reference.save(tmp_path / "r", "d" * 64, JUDGE, FEATURES, gaussian(FEATURES))
    (file,) = (tmp_path / "r").iterdir()
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(UserError, match="not whole"):
        reference.load(tmp_path / "r", "d" * 64, JUDGE)

"""Real statistics are taken for the images and the judge that they are of, and for no other."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.data.images import evenly
from pipeline.errors import UserError
from pipeline.judges import reference
from pipeline.judges.features import Judge
from pipeline.judges.frechet import gaussian

JUDGE = Judge("classifier-abc", "6", "fd_classifier", "kd_classifier")
OTHER = Judge("classifier-def", "6", "fd_classifier", "kd_classifier")
FEATURES = np.random.default_rng(0).normal(size=(40, 6))
LABELS = np.arange(40) % 4


def test_they_come_back_and_are_no_one_else_s(tmp_path: Path) -> None:
    whole = reference.choose(FEATURES, LABELS, 1000)
    reference.save(tmp_path / "r", "d" * 64, JUDGE, whole)
    found = reference.load(tmp_path / "r", "d" * 64, JUDGE)
    np.testing.assert_allclose(found.features, FEATURES, rtol=1e-6)
    np.testing.assert_array_equal(found.labels, LABELS)
    np.testing.assert_array_equal(found.statistics.covariance, gaussian(FEATURES).covariance)
    assert found.statistics.n == 40
    (file,) = (tmp_path / "r").iterdir()
    assert "classifier-abc" in file.name
    assert "dddddddddddd" in file.name
    for data, judge in (("e" * 64, JUDGE), ("d" * 64, OTHER)):
        with pytest.raises(UserError, match="other images or another judge"):
            reference.load(tmp_path / "r", data, judge)


@pytest.mark.parametrize("length", [0, 10, 600])
def test_a_damaged_file_is_refused(tmp_path: Path, length: int) -> None:
    reference.save(tmp_path / "r", "d" * 64, JUDGE, reference.choose(FEATURES, LABELS, 40))
    (file,) = (tmp_path / "r").iterdir()
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(UserError, match="not whole"):
        reference.load(tmp_path / "r", "d" * 64, JUDGE)


def test_of_many_real_images_so_many_are_kept_evenly_over_the_classes() -> None:
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    features = np.random.default_rng(0).normal(size=(1000, 3))
    kept = reference.choose(features, labels, 100)
    chosen = evenly(labels, 100)
    np.testing.assert_array_equal(kept.labels, labels[chosen])
    np.testing.assert_array_equal(kept.features, features[chosen])
    assert kept.statistics.n == 1000
    np.testing.assert_array_equal(kept.statistics.mean, gaussian(features).mean)

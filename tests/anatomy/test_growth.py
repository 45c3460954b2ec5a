"""What is followed of which network, and that what was found comes back."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.anatomy import grown
from pipeline.anatomy.grown import Branched, Grown, Network
from pipeline.errors import UserError


def test_every_variant_is_followed_at_its_end_and_the_baseline_at_every_snapshot_of_some_training_seeds(
    tmp_path: Path,
) -> None:
    for replica in (4, 5, 6):
        for mark in ("1200", "64"):
            (tmp_path / f"baseline/snapshots/{replica}/{mark}").mkdir(parents=True)
    found = grown.networks(tmp_path, ["baseline", "wide"], [4, 5])
    assert found == [
        Network("baseline", 4, "end"),
        Network("wide", 4, "end"),
        Network("baseline", 4, "64"),
        Network("baseline", 4, "1200"),
        Network("baseline", 5, "64"),
        Network("baseline", 5, "1200"),
        Network("baseline", 5, "end"),
    ]
    assert found[1].weights(tmp_path) == tmp_path / "wide/model/4"
    assert found[5].weights(tmp_path) == tmp_path / "baseline/snapshots/5/1200"


def test_what_was_found_comes_back_from_the_disk(tmp_path: Path) -> None:
    images = pd.DataFrame({"seed": [0, 1], "label": [0, 1], "x0-calibrated": [0.2, 1.0], "x_k-calibrated": [0.4, 1.0]})
    strips = np.random.default_rng(0).integers(0, 255, (1, 3, 8, 8, 1), dtype=np.uint8)
    pictures = {"x0": strips, "x_k": strips, "done": np.array([0.0, 0.5])}
    branches = pd.DataFrame({"k": [5, 1], "likeness": [0.1, 1.0]})
    half = {"value": 0.5, "n": 2, "ci95": [0.4, 0.6]}
    made = {
        Network("baseline", 4, "end"): Grown(images, pictures, Branched(branches, half)),
        Network("wide", 4, "end"): Grown(images, pictures, None),
    }
    for network, each in made.items():
        each.save(network.within(tmp_path / "growth"))
    again = grown.load(tmp_path / "growth")
    assert set(again) == set(made)
    for network, each in again.items():
        pd.testing.assert_frame_equal(each.images, images)
        np.testing.assert_array_equal(each.pictures["x_k"], strips)
        assert (each.branched is None) == (network.variant == "wide")
    assert again[Network("baseline", 4, "end")].branched.half == half


def test_a_folder_that_is_none_of_its_own_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "growth/baseline/first/end").mkdir(parents=True)
    with pytest.raises(UserError, match="growth"):
        grown.load(tmp_path / "growth")


def test_switched_off_there_is_nothing(tmp_path: Path) -> None:
    assert not grown.there(tmp_path / "growth")
    (tmp_path / "growth").mkdir()
    assert not grown.there(tmp_path / "growth")

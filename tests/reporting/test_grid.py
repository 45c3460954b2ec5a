"""Contact sheets hold the images that they are given, pixel for pixel, and are the same bytes twice."""

from pathlib import Path

import numpy as np
import pytest
from skimage.io import imread

from pipeline.reporting import grid, pictures
from pipeline.reporting.grid import contact_sheet


def test_a_contact_sheet_shows_every_image_in_its_row_and_column(tmp_path: Path) -> None:
    levels = np.arange(40, 40 + 8 * 25, 25, dtype=np.uint8).reshape(2, 4)
    images = np.broadcast_to(levels[:, :, None, None, None], (2, 4, 8, 8, 1))
    for name in ("a", "b"):
        contact_sheet(tmp_path / f"{name}.png", images, ["up", "down"], list("wxyz"), "title")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    grey = imread(tmp_path / "a.png").astype(int)
    assert grey.ndim == 2, "a sheet without colours is a file without colours"
    shown = {int(level): np.argwhere(abs(grey - level) <= 1) for level in levels.ravel()}  # a colour map may round
    assert min(map(len, shown.values())) > 1000
    places = {level: np.median(where, axis=0) for level, where in shown.items()}
    rows, columns = (np.array([[places[int(v)][axis] for v in row] for row in levels]) for axis in (0, 1))
    assert (np.diff(rows, axis=0) > 50).all()
    assert (np.diff(columns, axis=1) > 50).all()
    assert abs(rows - rows.mean(axis=1, keepdims=True)).max() < 2


def test_colour_images_keep_their_colour(tmp_path: Path) -> None:
    red = np.zeros((1, 1, 4, 4, 3), np.uint8)
    red[..., 0] = 200
    contact_sheet(tmp_path / "a.png", red, ["r"], [""], "t")
    assert (imread(tmp_path / "a.png")[..., :3] == [200, 0, 0]).all(axis=-1).sum() > 1000


def test_long_labels_of_columns_are_broken_between_words() -> None:
    found = grid.broken(["T - shirt / top\nseed 0", "Pullover\nseed 1", "Ankle boot\nseed 2", ""], 6)
    assert found == ["T -\nshirt /\ntop\nseed 0", "Pullover\nseed 1", "Ankle\nboot\nseed 2", ""]
    assert grid.broken(["100 %", "25 % of T"], 3) == ["100 %", "25 % of\nT"]
    assert grid.broken(["Ankle boot"], 10) == ["Ankle boot"], "what has room stays in one line"


def test_no_value_is_changed_and_large_images_are_reduced_to_means() -> None:
    images = np.random.default_rng(0).integers(0, 255, (1, 2, 16, 16, 1), dtype=np.uint8)
    large = grid.magnified(images)
    assert large.shape == (1, 2, 96, 96, 3)
    np.testing.assert_array_equal(large[:, :, ::6, ::6, :1], images)
    np.testing.assert_array_equal(large[:, :, 5::6, 5::6, 2:], images)
    huge = np.full((1, 1, 256, 256, 3), 7, np.uint8)
    huge[:, :, ::3] = 10
    small = grid.magnified(huge)
    assert small.shape == (1, 1, 85, 85, 3)
    assert (small == 8).all()


def test_marked_images_alone_have_a_frame() -> None:
    images = np.zeros((1, 2, 4, 4, 3), np.uint8)
    sheet = grid.mosaic(images, np.array([[False, True]]))
    frame = (sheet == [213, 94, 0]).all(axis=-1)
    assert frame.sum() == (4 + 2 * grid.FRAME) ** 2 - 16
    assert not frame[:, : grid.GAP + 4].any()


def test_samples_stand_by_seed_and_variant(results, study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given: dict = {}
    monkeypatch.setattr(
        pictures,
        "contact_sheet",
        lambda path, images, rows, columns, title: given.update(images=images, rows=rows, columns=columns),
    )
    made = study(results)
    rows = {"x": made.samples("baseline"), "y": made.samples("wide", "32")[np.arange(4)]}
    pictures.sheet(tmp_path / "a", rows, made, "title")
    assert given["images"][:, :, 0, 0, 0].tolist() == [[0] * 4, [10] * 4], "as many as the smaller set has"
    assert (given["rows"], given["columns"][3]) == (["x", "y"], "a\nseed 103")

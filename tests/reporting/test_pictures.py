"""Pictures hold what they are given, and are the same bytes twice."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from skimage.io import imread

from pipeline.reporting import figures
from pipeline.reporting.grid import contact_sheet


def test_a_contact_sheet_shows_every_image_in_its_row_and_column(tmp_path: Path) -> None:
    levels = np.arange(40, 40 + 8 * 25, 25, dtype=np.uint8).reshape(2, 4)
    images = np.broadcast_to(levels[:, :, None, None, None], (2, 4, 8, 8, 1))
    for name in ("a", "b"):
        contact_sheet(tmp_path / f"{name}.png", images, ["up", "down"], list("wxyz"), "title")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    grey = imread(tmp_path / "a.png")[..., 0].astype(int)
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


@pytest.mark.parametrize("count", [1, 5, 12])
def test_curves_and_distances_are_drawn_the_same_twice(tmp_path: Path, count: int) -> None:
    names = [f"variant_{i}" for i in range(count)]
    losses = {"train_loss": [np.nan, 0.5, 0.2], "validation_loss": [1, 0.4, 0.3]}
    curve = pd.DataFrame({"images_seen": [0, 10, 20], **losses})
    rows = {name: {"value": 2.0 + i, "ci95": [1.5 + i, 2.5 + i]} for i, name in enumerate(names)}
    for name in ("a", "b"):
        figures.loss_curves(tmp_path / f"loss_{name}.png", {variant: [curve, curve / 2] for variant in names})
        figures.distances(tmp_path / f"fd_{name}.png", rows, {"value": 0.3, "ci95": [0.1, 0.5]}, "FD (classifier)")
    for kind in ("loss", "fd"):
        assert (tmp_path / f"{kind}_a.png").read_bytes() == (tmp_path / f"{kind}_b.png").read_bytes()
        height, width = imread(tmp_path / f"{kind}_a.png").shape[:2]
        assert 150 < height < 1500
        assert 600 < width < 1500

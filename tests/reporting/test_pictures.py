"""Pictures hold what they are given, and are the same bytes twice."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from skimage.io import imread

from pipeline.data.images import ImageSet
from pipeline.reporting import figures, pictures
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


def entry(value: float) -> dict:
    return {"value": value, "n": 9, "ci95": [0.9 * value, 1.2 * value]}


@pytest.mark.parametrize("count", [1, 5, 13])
def test_every_figure_is_drawn_the_same_twice_and_stays_of_a_readable_size(tmp_path: Path, count: int) -> None:
    names = [f"variant_{i}" for i in range(count)]
    losses = {"train_loss": [np.nan, 0.5, 0.2], "validation_loss": [1, 0.4, 0.3]}
    curve = pd.DataFrame({"images_seen": [0, 10, 20], **losses})
    updates = pd.DataFrame({"images_seen": np.arange(1, 101) * 8, "loss": 1 / np.arange(1, 101)})
    rows = {name: entry(2.0 + i) for i, name in enumerate(names)}
    points = {name: [(x, entry(9 / x + i)) for x in (1280, 2400, 24000)] for i, name in enumerate(names)}
    levels = {name: [entry(1 / k + i) for k in range(1, 11)] for i, name in enumerate(names)}
    classes = ["0", "1", "a rather long name"]
    for name in ("a", "b"):
        folder = tmp_path / name
        figures.loss_curves(folder / "loss.png", {variant: [curve, curve / 2] for variant in names})
        figures.early_loss(folder / "early.png", {variant: [updates] for variant in names}, 0.25)
        figures.distances(folder / "fd.png", rows, entry(0.3), "FD (classifier)")
        figures.over_training(folder / "over.png", [("FD", points, entry(0.3)), ("%", points, None)])
        figures.noise_levels(folder / "levels.png", [30.0 - 6 * k for k in range(10)], levels, levels, names[0])
        figures.pareto(folder / "pareto.png", {v: 1e6 * (1 + i) for i, v in enumerate(names)}, rows, "FD")
        figures.hard_classes(folder / "hard.png", classes, *([entry(k) for k in (3, 1, 2)] for _ in range(3)), "FD", 2)
    drawn = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(drawn) == 7
    for name in drawn:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
        height, width = imread(tmp_path / "a" / name).shape[:2]
        assert 150 < height < 1500, name
        assert 600 < width < 1500, name


def test_no_two_variants_look_alike() -> None:
    looks = {(figures.colour(i), figures.style(i)) for i in range(24)}
    assert len(looks) == 24


def sheet(monkeypatch: pytest.MonkeyPatch) -> dict:
    """What the contact sheet is given, by the name of its argument."""
    given: dict = {}
    monkeypatch.setattr(
        pictures,
        "contact_sheet",
        lambda path, images, rows, columns, title: given.update(images=images, rows=rows, columns=columns, title=title),
    )
    return given


def images(count: int, level: int) -> ImageSet:
    return ImageSet(np.full((count, 4, 4, 1), level, np.uint8), np.arange(count) % 3, np.arange(count) + 100)


def test_samples_stand_by_seed_and_variant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = sheet(monkeypatch)
    pictures.samples(tmp_path / "a", {"x": images(4, 10), "y": images(4, 20)}, ["a", "b", "c"], 9, True)
    assert given["images"][:, :, 0, 0, 0].tolist() == [[10] * 4, [20] * 4]
    assert (given["rows"], given["columns"][3]) == (["x", "y"], "a\nseed 103")
    assert given["title"].endswith("(first replica)")
    pictures.over_training(tmp_path / "a", "x", {"1280": images(3, 5), "24000": images(9, 7)}, ["a", "b", "c"], 9)
    assert given["images"].shape[:2] == (2, 3), "as many as the smaller set has"
    assert given["rows"] == ["1,280 seen", "24,000 seen"]


def test_the_nearest_pairs_are_shown_nearest_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = sheet(monkeypatch)
    ours, training = images(3, 0), images(5, 0)
    ours.images[:, 0, 0, 0], training.images[:, 0, 0, 0] = [1, 2, 3], [10, 20, 30, 40, 50]
    found = pd.DataFrame({"training_distance": [0.3, 0.1, 0.2], "nearest_training": [4, 0, 2]})
    pictures.nearest(tmp_path / "a", ours, training, found, 2)
    assert given["images"][:, :, 0, 0, 0].tolist() == [[2, 3], [10, 30]]
    assert given["columns"] == ["0.100", "0.200"]

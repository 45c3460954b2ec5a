"""Figures of numbers are the same bytes twice, of a readable size, and no two variants look alike."""

from dataclasses import replace
from pathlib import Path

import pytest
from skimage.io import imread

from pipeline.reporting import plots
from pipeline.reporting.chapters import classes, cost, training
from pipeline.reporting.chapters.ablation import chapter as ablation
from pipeline.reporting.chapters.loss import chapter as loss


@pytest.mark.parametrize("count", [1, 13])
def test_every_figure_is_drawn_the_same_twice_and_stays_of_a_readable_size(
    count: int, study, summed, result, tmp_path: Path
) -> None:
    several = {"baseline": [result(0, 1.0)]} | {f"variant_{i}": [result(i, 1 + i / 9)] for i in range(1, count)}
    summary, made = summed(several), study(several)
    for name in ("a", "b") if count == 1 else ("a",):  # many are the same figures with more in them
        for chapter in (ablation, training, loss, classes, cost):
            chapter.draw(chapter.read(made), summary, tmp_path / name / chapter.NAME)
    drawn = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.png"))
    assert len(drawn) == 9 + count
    for name in drawn:
        if count == 1:
            assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
        height, width = imread(tmp_path / "a" / name).shape[:2]
        assert 150 < height < 1700, name
        assert 600 < width < 1500, name


@pytest.mark.parametrize(("end", "points"), [(64, 2), (48, 2), (47, 1)])
def test_a_last_point_of_few_batches_does_not_bend_the_training_loss(
    end: int, points: int, study, summed, result, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Rows after 32 images and at the end: the last one is left out where it is the mean of less than half as many."""
    run = result(0, 1.0)
    curve = run.trained.curve.assign(images_seen=[0, 32, end])
    made = study({"baseline": [replace(run, trained=replace(run.trained, curve=curve))]})
    training_loss, validation_loss = lines(monkeypatch, loss, made, summed(made.runs), tmp_path, "curves.png")
    assert [1000 * seen for seen in training_loss["baseline"][0]] == [32, end][:points]
    assert [1000 * seen for seen in validation_loss["baseline"][0]] == [0, 32, end]


def test_hard_classes_stand_beside_the_same_of_real_images(
    study, summed, result, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = study({"baseline": [result(0, 1.0)]})
    summary = summed(made.runs)
    panels = lines(monkeypatch, classes, made, summary, tmp_path, "classes.png")
    for panel, metric, times in zip(panels, ("fd_classifier", "accuracy"), (1, 100), strict=True):
        for name, whose in (("baseline", "baseline"), ("real test images", "floor")):
            numbers = [summary[f"evaluate.{whose}.class.{c}.{metric}"] for c in range(len(made.prepared.classes))]
            assert panel[name][1] == pytest.approx([times * number["value"] for number in numbers])


def lines(monkeypatch: pytest.MonkeyPatch, chapter, made, summary, folder: Path, name: str) -> list[dict]:
    """The lines of each panel of one of a chapter's figures, by their label: x and y."""
    drawn: dict[str, list[dict]] = {}

    def write(figure, path: Path) -> None:
        drawn[path.name] = [{line.get_label(): line.get_data() for line in ax.lines} for ax in figure.axes]

    monkeypatch.setattr(plots, "write", write)
    chapter.draw(chapter.read(made), summary, folder)
    return drawn[name]


def test_a_value_that_would_press_the_others_against_the_axis_is_beyond_it() -> None:
    rows = {
        name: {"value": value, "n": 9, "ci95": [value, value]} for name, value in {"a": 2, "b": 40, "c": 41}.items()
    }
    assert plots.beyond(rows) == ["c"], "more than twenty times the smallest"


def test_a_legend_has_every_name_once_and_stays_within_the_figure() -> None:
    figure, axes = plots.panels(2, 1, plots.WIDTH, 4)
    names = ["a variant of a very long name", "another variant of a long name", "short"]
    for ax, named in zip(axes[:, 0], (names[:2], names[1:]), strict=True):
        for name in named:
            ax.plot([0, 1], [0, 1], label=name)
    plots.legend(figure, *axes[:, 0])
    figure.canvas.draw()
    assert [entry.get_text() for entry in figure.legends[0].get_texts()] == names
    box = figure.legends[0].get_window_extent()
    assert 0 <= box.x0 < box.x1 <= figure.bbox.width


def test_no_two_variants_look_alike() -> None:
    looks = {(plots.colour(i), plots.style(i)) for i in range(24)}
    assert len(looks) == 24

"""What the chapter says of the feature maps is what was found, for every subject."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from skimage.io import imread

from pipeline.anatomy import feature_maps, mapped, overall
from pipeline.anatomy.feature_maps import Album, Look
from pipeline.anatomy.mapped import Mapped
from pipeline.judges import bootstrap
from pipeline.reporting.chapters.feature_maps import chapter, figures
from pipeline.reporting.chapters.feature_maps.chapter import Found

LOOKS = [Look(0.25, 13, 249), Look(1.0, 50, 999)]
SIZES = {"skip_01": (8, 8), "skip_02": (16, 4), "middle_01": (16, 4), "block_01": (2, 8)}  # channels, pixels per side
SEEDS, SHOWN = 6, 2


def made(looks: list[Look]) -> Mapped:
    """Noise at 100 % of T, and rows of one value at 25 %; the last channel is idle."""
    rng, album = np.random.default_rng(0), Album([0, 1, 2, 3], 6)
    for one in looks:
        for layer, (channels, size) in SIZES.items():
            maps = rng.standard_normal((SEEDS, channels, size, size)).astype(np.float32)
            if one.name == "t025":
                maps[:] = maps[..., :1]
            maps[:, -1] = 0
            album.add(one.name, layer, maps, range(40, 40 + SEEDS), [lambda *_: None] * SHOWN)
        album.show(one.name, rng.integers(0, 255, (SHOWN, 8, 8, 1), dtype=np.uint8))
    images, draws = pd.DataFrame(album.images), bootstrap.draws(np.zeros(SEEDS), 200, 0)
    return Mapped(
        feature_maps.table(album, looks, draws),
        images,
        feature_maps.findings(images, draws),
        album.arrays([one.name for one in looks]),
    )


@pytest.fixture
def found(study, results) -> Found:
    return Found(study(results), {"baseline": made(LOOKS), "cat": made(LOOKS)})


def test_what_was_found_comes_back_from_the_disk_beside_the_maps(study, results, tmp_path: Path) -> None:
    made_up, maps = study(results), made(LOOKS)
    folder = made_up.outputs / "feature_maps/baseline"
    assert chapter.read(made_up) is None
    folder.mkdir(parents=True)
    assert chapter.read(made_up) is None, "switched off, it leaves an empty folder"
    folder = folder / "0"
    with mapped.keeping(folder, "t100", 40) as write:
        write("skip_01", np.ones((3, 2, 2), np.float32))
        write("block_01", np.zeros((1, 4, 4), np.float32))
    maps.write(folder)
    again = chapter.read(made_up).subjects["baseline"]
    pd.testing.assert_frame_equal(again.measures, maps.measures, rtol=1e-5, check_dtype=False)
    pd.testing.assert_frame_equal(again.images, maps.images, rtol=1e-5, check_dtype=False)
    assert again.findings == maps.findings
    assert set(again.pictures) == set(maps.pictures)
    np.testing.assert_array_equal(again.pictures["skip_02"], maps.pictures["skip_02"])
    with np.load(folder / "maps/t100/40.npz") as arrays:
        assert {name: arrays[name].shape for name in arrays} == {"skip_01": (3, 2, 2), "block_01": (1, 4, 4)}


def test_every_number_has_its_n_and_its_interval_holds_it(found: Found) -> None:
    numbers = chapter.numbers(found)
    assert len(numbers) == 2 * (2 * (3 * len(SIZES) + 3) + 2 * 3)
    for name, number in numbers.items():
        if name.endswith("idle"):
            assert "ci95" not in number
            continue
        low, high = number["ci95"]
        assert low - 1e-9 <= number["value"] <= high + 1e-9, name
        assert number["n"] == SEEDS, name
    assert numbers["feature_maps.cat.t100.skip_02.idle"] == {"value": 1 / 16, "n": 16}
    channels = sum(width for width, _ in SIZES.values())
    assert numbers["feature_maps.cat.t025.mean.idle"] == {"value": pytest.approx(4 / channels), "n": channels}
    assert numbers["feature_maps.cat.t100.skip_01.smoothness"]["value"] == pytest.approx(0, abs=0.1)


def test_the_page_shows_every_picture_and_the_numbers_of_every_subject(found: Found, tmp_path: Path) -> None:
    summary = chapter.numbers(found)
    pictures = chapter.draw(found, summary, tmp_path / "figures/feature_maps")
    page = chapter.page(found, summary, pictures)
    assert re.findall(r"^## `(\w+)`$", page, re.M) == ["baseline", "cat"]
    linked = {link.split(")")[0] for link in page.split("](figures/")[1:]}
    assert linked == {path.relative_to(tmp_path / "figures").as_posix() for path in (tmp_path / "figures").rglob("*.*")}
    for block in re.findall(r"(?:^\|.*\n)+", page, re.M):
        assert len({row.count("|") for row in block.splitlines()}) == 1, block
    assert {picture.of for picture in pictures.values()} == {"baseline", "cat"}
    change = summary["feature_maps.baseline.change.smoothness"]
    assert f"changes by +{change['value']:.2f} [" in page
    says = chapter.finding(found, summary).says
    assert "From 100 % to 25 % of T the feature maps of `baseline` become smoother" in says
    assert "falls, by -" in says
    for path in (tmp_path / "figures").rglob("*.png"):
        assert imread(path).shape[1] <= 960, path


def test_with_one_time_there_is_nothing_to_say_of_a_change(study, results, tmp_path: Path) -> None:
    alone = Found(study(results), {"baseline": made(LOOKS[1:])})
    summary = chapter.numbers(alone)
    page = chapter.page(alone, summary, chapter.draw(alone, summary, tmp_path))
    assert chapter.finding(alone, summary) is None
    assert "From 100 %" not in page


def test_a_change_whose_interval_holds_0_has_no_direction(found: Found) -> None:
    summary = chapter.numbers(found)
    summary["feature_maps.baseline.change.smoothness"]["ci95"] = [-0.1, 0.1]
    assert "neither clearly become smoother nor become rougher" in chapter.finding(found, summary).says


def test_the_page_of_channels_has_each_layer_in_its_row_and_white_where_a_channel_is_missing(
    found: Found, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given: dict = {}

    def note(_path: Path, images: np.ndarray, rows: list, columns: list, _title: str, **more: object) -> None:
        given.update(images=images, rows=rows, columns=columns, **more)

    monkeypatch.setattr(figures, "contact_sheet", note)
    maps = found.subjects["baseline"]
    figures.page(tmp_path / "a.png", maps, [0, 3], 40)
    assert given["rows"] == ["skip 1", "skip 2", "middle 1", "block 1"]
    assert given["columns"] == ["0", "3", "0", "3"]
    assert given["groups"] == ["25 % of T", "100 % of T"]
    assert given["images"].shape == (4, 4, 8, 8, 1)
    np.testing.assert_array_equal(given["images"][0, 3, ..., 0], maps.pictures["skip_01"][1, 0, 3])
    np.testing.assert_array_equal(given["images"][1, 2, ::2, ::2, 0], maps.pictures["skip_02"][1, 0, 0])
    assert (given["images"][3, [1, 3]] == figures.WHITE).all(), "block_01 has two channels"


@pytest.mark.parametrize("side", [8, 9, 12])
def test_an_enlarged_map_keeps_every_pixel(side: int) -> None:
    maps = np.arange(32, dtype=np.uint8).reshape(2, 4, 4)
    large = figures.enlarged(maps, side)
    assert large.shape == (2, side, side)
    for one, own in zip(large, maps, strict=True):
        assert set(one.ravel().tolist()) == set(own.ravel().tolist())
        assert (one[0, 0], one[-1, -1]) == (own[0, 0], own[-1, -1])


def test_several_networks_are_one_subject(study, results, tmp_path: Path) -> None:
    both = Found(study(results), {"baseline": overall.mapped([made(LOOKS), made(LOOKS)])})
    one = made(LOOKS).measures
    pd.testing.assert_frame_equal(both.subjects["baseline"].measures[one.columns[:8]], one[one.columns[:8]])
    summary = chapter.numbers(both)
    page = chapter.page(both, summary, chapter.draw(both, summary, tmp_path / "figures/feature_maps"))
    assert "over 2 networks" in page
    assert f"n = {2 * one['n'].iloc[0]} images" in page

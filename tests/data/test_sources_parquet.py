"""Folders of Parquet files are read by their columns, and what is wrong with them is one sentence."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.data import sources
from pipeline.errors import UserError
from tests.data.made import cells, data, parquet, png

pytestmark = pytest.mark.usefixtures("own_cache")


def noise() -> bytes:
    out = BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)).save(out, "PNG")
    return out.getvalue()


NOISE = noise()


def test_parquet_has_its_images_labels_and_its_own_test_split(tmp_path: Path) -> None:
    parquet(tmp_path / "data/train-0.parquet", image=cells(10, 20), label=[2, 10])
    parquet(tmp_path / "data/train-1.parquet", image=cells(30), label=[2])
    parquet(tmp_path / "data/test-0.parquet", image=cells(40, 50), label=[10, 2])
    source = sources.load(data(name=str(tmp_path / "data"), image_size=8))
    assert source.images[:, 0, 0, 0].tolist() == [10, 20, 30, 40, 50]
    assert source.classes == ["2", "10"], "numbers in the order of numbers"
    assert source.labels.tolist() == [0, 1, 0, 1, 0]
    assert source.held_out is not None
    assert source.held_out.tolist() == [False, False, False, True, True]


def test_a_folder_called_test_is_the_test_split_of_parquet_files_too(tmp_path: Path) -> None:
    parquet(tmp_path / "data/train/0000.parquet", image=cells(10, 20), label=[0, 1])
    parquet(tmp_path / "data/test/0000.parquet", image=cells(30, 40), label=[0, 1])
    source = sources.load(data(name=str(tmp_path / "data"), image_size=8))
    assert source.images[:, 0, 0, 0].tolist() == [10, 20, 30, 40]
    assert source.held_out is not None
    assert source.held_out.tolist() == [False, False, True, True]


def test_the_usual_names_come_before_the_first_of_the_type(tmp_path: Path) -> None:
    import datasets

    image, kind = datasets.Image(), datasets.ClassLabel(names=["no", "yes"])
    features = datasets.Features({"depth": image, "image": image, "gender": kind, "label": kind})
    columns = {"depth": cells(9, 9), "image": cells(1, 2), "gender": [1, 1], "label": [0, 1]}
    (tmp_path / "data").mkdir()
    table = datasets.Dataset.from_dict(columns, features=features)
    table.to_parquet(tmp_path / "data" / "a.parquet")
    source = sources.load(data(name=str(tmp_path / "data"), image_size=8))
    assert (source.images[:, 0, 0, 0].tolist(), source.labels.tolist()) == ([1, 2], [0, 1])
    table.rename_columns({"image": "photo", "label": "age"}).to_parquet(tmp_path / "data" / "a.parquet")
    with pytest.raises(UserError, match="has 2 image columns, depth, photo; call one of them image"):
        sources.load(data(name=str(tmp_path / "data"), image_size=8))


def test_a_set_s_own_masks_are_taken(tmp_path: Path) -> None:
    import datasets

    features = datasets.Features(
        {"image": datasets.Image(), "mask": datasets.Image(), "label": datasets.Value("int64")}
    )
    columns = {"image": cells(1, 2), "mask": cells(0, 255), "label": [0, 1]}
    (tmp_path / "data").mkdir()
    datasets.Dataset.from_dict(columns, features=features).to_parquet(tmp_path / "data" / "a.parquet")
    source = sources.load(data(name=str(tmp_path / "data"), image_size=10))
    assert source.masks is not None
    assert source.masks.sum(axis=(1, 2)).tolist() == [0, 64]
    assert source.sides.tolist() == [8, 8]


def test_paths_in_a_table_are_opened(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(7))
    rows = [{"bytes": None, "path": str(tmp_path / "a.png")}, {"bytes": png(8), "path": "b.png"}]
    parquet(tmp_path / "data/a.parquet", image=rows, label=[0, 1])
    source = sources.load(data(name=str(tmp_path / "data"), image_size=8))
    assert source.images[:, 0, 0, 0].tolist() == [7, 8]


def test_class_names_in_the_file_are_the_classes(tmp_path: Path) -> None:
    import datasets

    features = datasets.Features({"img": datasets.Image(), "kind": datasets.ClassLabel(names=["no", "yes"])})
    table = datasets.Dataset.from_dict({"img": cells(1, 2, 3), "kind": [1, 0, 1]}, features=features)
    (tmp_path / "data").mkdir()
    table.to_parquet(tmp_path / "data" / "all.parquet")
    source = sources.load(data(name=str(tmp_path / "data"), image_size=8))
    assert source.classes == ["no", "yes"]
    assert source.labels.tolist() == [1, 0, 1]
    assert source.held_out is None


def test_words_as_labels(tmp_path: Path) -> None:
    parquet(tmp_path / "data/a.parquet", img=cells(1, 2, 3), labels=["owl", "bat", "owl"])
    source = sources.load(data(name=str(tmp_path / "data"), image_size=8))
    assert (source.classes, source.labels.tolist()) == (["bat", "owl"], [1, 0, 1])


BAD_TABLES = {
    "no image column": ({"picture": [1], "label": [0]}, "has no image column: it has picture, label, and image or img"),
    "no label column": ({"image": cells(1), "target": [0]}, "has no label column: it has image, target"),
    "a row without a label": (
        {"image": cells(1, 2), "label": [0, None]},
        "1 of 2 images have no label, such as .* row 1",
    ),
    "a label of -1": ({"image": cells(1, 2), "label": [-1, 1]}, "1 of 2 images have no label, such as .* row 0"),
    "a label that is not a number": (
        {"image": cells(1, 2), "label": [0.0, float("nan")]},
        "1 of 2 images have no label",
    ),
    "a list as label": ({"image": cells(1, 2), "label": [[0, 1], [1, 0]]}, "label holds list values"),
    "a share as label": ({"image": cells(1, 2), "label": [0.5, 1.5]}, "label holds float values"),
    "numbers for images": ({"image": [1, 2], "label": [0, 1]}, "column image does not hold images"),
    "a row without an image": ({"image": [*cells(1), None], "label": [0, 1]}, r"train row 1 is empty \(0 bytes\)"),
    "a damaged image": (
        {"image": [*cells(1), {"bytes": NOISE[:300], "path": None}], "label": [0, 1]},
        "1 of 2 images cannot be used: .*train row 1 is damaged",
    ),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_table_that_cannot_be_used_is_a_sentence(tmp_path: Path, case: str) -> None:
    columns, said = BAD_TABLES[case]
    parquet(tmp_path / "data/a.parquet", **columns)
    with pytest.raises(UserError, match=said) as caught:
        sources.load(data(name=str(tmp_path / "data"), image_size=8))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("keep", [0, 100])
def test_a_broken_parquet_file_is_a_sentence(tmp_path: Path, keep: int) -> None:
    parquet(tmp_path / "data/a.parquet", image=cells(1, 2), label=[0, 1])
    path = tmp_path / "data/a.parquet"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UserError, match="has a Parquet file that cannot be read"):
        sources.load(data(name=str(tmp_path / "data"), image_size=8))

"""Data sets by name and by folder: shapes, classes, and one sentence for what is wrong with them."""

import os
import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image
from sklearn.datasets import load_digits

from pipeline import params
from pipeline.data import sources
from pipeline.data.sources import Source
from pipeline.errors import UserError
from pipeline.params import Data

ROOT = Path(__file__).parents[2]
DEFAULT = Data(**yaml.safe_load((ROOT / "params.yaml").read_text())["data"])
LOCAL = os.environ.get(sources.LOCAL, "")


def data(**changes: object) -> Data:
    return DEFAULT.model_copy(update=changes)


def png(level: int, size: int = 8) -> bytes:
    out = BytesIO()
    Image.fromarray(np.full((size, size), level, np.uint8)).save(out, "PNG")
    return out.getvalue()


def noise() -> bytes:
    out = BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)).save(out, "PNG")
    return out.getvalue()


NOISE = noise()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


# digits


@pytest.mark.parametrize("size", [8, 16, 32])
def test_digits_have_the_size_asked_for_and_the_whole_range(size: int) -> None:
    source = sources.load(data(image_size=size))
    assert source.images.shape == (1797, size, size, 1)
    assert source.images.dtype == np.uint8
    assert (source.images.min(), source.images.max()) == (0, 255)
    assert source.labels.dtype == np.int64
    assert source.classes == [str(d) for d in range(10)]
    np.testing.assert_array_equal(source.labels, load_digits().target)
    np.testing.assert_array_equal(source.ids, np.arange(1797))


def test_enlarging_keeps_every_image_about_as_bright_and_the_original_exact() -> None:
    original = load_digits().images / 16 * 255
    np.testing.assert_array_equal(sources.digits(8).images[..., 0], np.rint(original))
    enlarged = sources.digits(16).images[..., 0].astype(float)
    assert abs(enlarged.mean() - original.mean()) < 1
    assert abs(enlarged.mean(axis=(1, 2)) - original.mean(axis=(1, 2))).max() < 5
    quarter = enlarged.reshape(-1, 8, 2, 8, 2).mean(axis=(2, 4))
    assert np.corrcoef(quarter.ravel(), original.ravel())[0, 1] > 0.95


def test_kept_classes_are_renumbered_in_order() -> None:
    source = sources.load(data(image_size=8, classes=[7, 3, 7]))
    assert source.classes == ["3", "7"]
    target = load_digits().target
    np.testing.assert_array_equal(source.ids, np.flatnonzero((target == 3) | (target == 7)))
    np.testing.assert_array_equal(source.labels, (target[source.ids] == 7).astype(int))


def test_a_class_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(UserError, match=r"data\.classes has 12, but digits has classes 0 to 9"):
        sources.load(data(image_size=8, classes=[0, 12]))


def test_one_class_alone_is_a_sentence() -> None:
    with pytest.raises(UserError, match="1 class, but a judge needs at least two"):
        sources.load(data(image_size=8, classes=[4]))


def test_a_class_without_images_is_a_sentence_and_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = np.zeros((9, 8, 8, 1), np.uint8), np.arange(9) % 2 * 2
    gap = Source(images, labels, np.arange(9), ["ant", "bee", "cow"], "nowhere", np.full(9, 8))
    monkeypatch.setattr(sources, "digits", lambda _size: gap)
    for classes in ("all", [0, 1]):
        with pytest.raises(UserError, match=r"no image of class bee; data\.classes can leave it out"):
            sources.load(data(image_size=8, classes=classes))
    left = sources.load(data(image_size=8, classes=[0, 2]))
    assert (left.classes, left.labels.tolist()) == (["ant", "cow"], (np.arange(9) % 2).tolist())


# folders of images


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three cats (one in a folder of its own) and two dogs, each of a level of its own."""
    files = {"cat/a.png": 10, "cat/b.png": 20, "cat/more/c.png": 30, "dog/x.png": 110, "dog/y.png": 120}
    for name, level in files.items():
        path = tmp_path / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(level))
    return tmp_path / "pets"


def test_a_folder_of_images_has_a_class_per_sub_folder(folder: Path) -> None:
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "cat" / ".hidden").write_bytes(b"x")
    source = sources.load(data(name=str(folder), image_size=12))
    assert source.classes == ["cat", "dog"]
    assert source.labels.tolist() == [0, 0, 0, 1, 1]
    assert source.images[:, 6, 6, 0].tolist() == [10, 20, 30, 110, 120]
    assert source.images.shape == (5, 12, 12, 1)
    assert source.held_out is None


def test_a_bad_file_in_a_folder_is_named_with_its_path(folder: Path) -> None:
    (folder / "dog" / "notes.txt").write_text("good boy")
    (folder / "cat" / "b.png").write_bytes(b"")
    with pytest.raises(UserError) as caught:
        sources.load(data(name=str(folder)))
    sentence = str(caught.value)
    assert sentence.startswith("2 of 6 images cannot be used: ")
    assert f"{folder}/cat/b.png is empty (0 bytes)" in sentence
    assert f"{folder}/dog/notes.txt is not an image" in sentence


def test_a_file_beside_the_classes_is_not_dropped_in_silence(folder: Path) -> None:
    (folder / "stray.png").write_bytes(png(1))
    with pytest.raises(UserError, match=r"stray\.png beside its classes' sub-folders"):
        sources.load(data(name=str(folder)))


def test_sub_folders_called_train_and_test_are_splits_and_not_classes(folder: Path) -> None:
    shutil.copytree(folder, folder.parent / "parted" / "train")
    (folder / "dog" / "x.png").unlink()
    shutil.move(folder, folder.parent / "parted" / "test")
    source = sources.load(data(name=str(folder.parent / "parted"), image_size=8))
    assert source.classes == ["cat", "dog"]
    assert source.labels.tolist() == [0, 0, 0, 1, 0, 0, 0, 1, 1]
    assert source.held_out is not None
    assert source.held_out.tolist() == [True] * 4 + [False] * 5


def test_an_empty_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="neither Parquet files nor images in one sub-folder per class"):
        sources.load(data(name=str(tmp_path)))


# Parquet


def parquet(path: Path, **columns: list) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def cells(*levels: int) -> list[dict]:
    return [{"bytes": png(level), "path": None} for level in levels]


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


# names of the hub


def test_the_known_names_are_those_that_params_takes_each_pinned() -> None:
    assert {"digits", *sources.HUB} == set(params.NAMED)
    assert all(len(revision) == 40 for _, revision in sources.HUB.values())


def test_a_local_copy_comes_before_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sources.LOCAL, str(tmp_path))
    parquet(tmp_path / "mnist/train-0.parquet", image=cells(10, 20), label=[0, 1])
    source = sources.load(data(name="mnist", image_size=8))
    assert source.images[:, 0, 0, 0].tolist() == [10, 20]
    assert source.origin == "ylecun/mnist, a local copy"


def test_offline_and_not_there_names_three_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    def unreachable(repository: str, revision: str) -> None:
        assert (repository, revision) == sources.HUB["cifar10"]
        raise ConnectionError("could not reach the hub\nat all")

    monkeypatch.setenv(sources.LOCAL, str(tmp_path))
    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with pytest.raises(UserError) as caught:
        sources.load(data(name="cifar10"))
    sentence = str(caught.value)
    assert "\n" not in sentence
    for way in ("connect to the network", f"{sources.LOCAL} name a folder that holds cifar10/*.parquet", "data.name"):
        assert way in sentence


KNOWN = {
    "mnist": (28, 1, "7", [5923, 6742], [980, 1135]),
    "fashion_mnist": (28, 1, "Sneaker", [6000, 6000], [1000, 1000]),
    "cifar10": (32, 3, "horse", [5000, 5000], [1000, 1000]),
}


@pytest.mark.parametrize("name", KNOWN)
def test_the_real_sets_have_their_published_counts(name: str) -> None:
    if not (Path(LOCAL) / name).is_dir() or not LOCAL:
        pytest.skip(f"{sources.LOCAL} names no folder with a copy of {name}")
    side, channels, seventh, train, test = KNOWN[name]
    source = sources.load(data(name=name, image_size=32))
    assert source.images.shape[1:] == (32, 32, channels)
    assert source.classes[7] == seventh
    assert source.held_out is not None
    assert np.bincount(source.labels[~source.held_out])[:2].tolist() == train
    assert np.bincount(source.labels[source.held_out])[:2].tolist() == test
    border = np.ones((32, 32), bool)
    border[(32 - side) // 2 : (32 + side) // 2, (32 - side) // 2 : (32 + side) // 2] = False
    assert not source.images[:, border].any()

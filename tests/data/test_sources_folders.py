"""Folders of images are read by their sub-folders, and what is wrong with them is one sentence."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.data import sources
from pipeline.errors import UserError
from tests.data.made import cells, data, parquet, png

pytestmark = pytest.mark.usefixtures("own_cache")


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


def test_a_linked_class_is_taken_and_images_deeper_down_are_counted(folder: Path) -> None:
    shutil.move(folder / "dog", folder.parent / "elsewhere")
    (folder / "dog").symlink_to(folder.parent / "elsewhere")
    (folder / "cat" / "d.png").symlink_to(folder / "cat" / "a.png")
    source = sources.load(data(name=str(folder)))
    assert source.labels.tolist() == [0, 0, 0, 0, 1, 1]
    assert source.origin == f"{folder} (1 of 6 images in folders inside their class's)"


def _broken_link(folder: Path) -> None:
    (folder / "cat" / "lost.png").symlink_to("annexed.png")


def _fifo(folder: Path) -> None:
    os.mkfifo(folder / "cat" / "pipe.png")


def _circle(folder: Path) -> None:
    (folder / "cat" / "again").symlink_to(folder)


def _look_alike(folder: Path) -> None:
    shutil.copytree(folder / "cat", folder / "Cat")


def _test_alone(folder: Path) -> None:
    for name in ("cat", "dog"):
        shutil.move(folder / name, folder / "test" / name)


def _one_pixel(folder: Path) -> None:
    (folder / "dog" / "dot.png").write_bytes(png(1, size=1))


def _two_kinds(folder: Path) -> None:
    parquet(folder / "more.parquet", image=cells(1, 2), label=[0, 1])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_broken_link, r"cat/lost\.png is a broken link: annexed\.png is not there"),
        (_fifo, r"cat/pipe\.png is neither a file nor a folder"),
        (_circle, r"again is a link to a folder that holds it"),
        (_look_alike, "the classes Cat and cat, whose names differ in case alone"),
        (_test_alone, "holds a test split alone"),
        (_one_pixel, r"dot\.png is 1x1 pixels, too small"),
        (_two_kinds, r"Parquet files and 5 image files, such as .*cat/a\.png"),
    ],
)
def test_nothing_is_left_out_in_silence(folder: Path, spoil: Callable[[Path], None], said: str) -> None:
    spoil(folder)
    with pytest.raises(UserError, match=said) as refused:
        sources.load(data(name=str(folder)))
    assert "data.classes can leave it out" not in str(refused.value)


def test_a_folder_that_may_not_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    iterdir = Path.iterdir

    def refused(path: Path) -> Iterator[Path]:
        if path.name == "dog":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return iterdir(path)

    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(UserError, match=r"pets/dog cannot be read \(Permission denied\)"):
        sources.load(data(name=str(folder)))


def test_an_image_that_may_not_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(UserError, match=r"cat/a\.png cannot be read \(Permission denied\)"):
        sources.load(data(name=str(folder)))

"""Data sets by name: shapes, classes, local copies, and one sentence for what is wrong."""

import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from pipeline import params
from pipeline.data import sources
from pipeline.data.sources import Source
from pipeline.errors import UserError
from tests.data.made import cells, data, parquet

pytestmark = pytest.mark.usefixtures("own_cache")


LOCAL = os.environ.get(sources.LOCAL, "")


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

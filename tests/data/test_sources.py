"""The digits: shapes, ranges, and an enlargement that keeps the picture."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from pipeline.data import sources
from pipeline.data.sources import Source
from pipeline.errors import UserError


@pytest.mark.parametrize("size", [8, 16, 32])
def test_digits_have_the_size_asked_for_and_the_whole_range(size: int) -> None:
    source = sources.load("digits", size, None)
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
    source = sources.load("digits", 8, [7, 3, 7])
    assert source.classes == ["3", "7"]
    target = load_digits().target
    np.testing.assert_array_equal(source.ids, np.flatnonzero((target == 3) | (target == 7)))
    np.testing.assert_array_equal(source.labels, (target[source.ids] == 7).astype(int))


def test_a_class_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(UserError, match=r"data\.classes has 12, but digits has classes 0 to 9"):
        sources.load("digits", 8, [0, 12])


def test_one_class_alone_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="1 class with images, but a judge needs at least two"):
        sources.load("digits", 8, [4])
    lonely = Source(np.zeros((9, 8, 8, 1), np.uint8), np.ones(9, np.int64), np.arange(9), ["empty", "full"])
    monkeypatch.setitem(sources.SOURCES, "digits", lambda _size: lonely)
    with pytest.raises(UserError, match="1 class with images"):
        sources.load("digits", 8, None)

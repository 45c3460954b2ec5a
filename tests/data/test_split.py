"""The split: disjoint, complete, with the source's class shares, fixed by its seed."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.data import sources
from pipeline.data.sources import Source
from pipeline.data.split import repeated, split
from pipeline.errors import UserError

SHARES = {"train": 0.65, "validation": 0.10, "test": 0.25}


def made(*counts: int) -> Source:
    """A source with so many images of each class."""
    labels = np.repeat(np.arange(len(counts)), counts)
    images = np.zeros((len(labels), 1, 1, 1), np.uint8)
    return Source(
        images,
        labels,
        np.arange(len(labels)) + 1000,
        [f"c{c}" for c in range(len(counts))],
        "here",
        np.ones(len(labels), int),
    )


def test_the_parts_are_disjoint_complete_and_stratified() -> None:
    source = sources.digits(8)
    parts = split(source, SHARES["validation"], SHARES["test"], seed=0)
    assert list(parts) == list(SHARES)
    ids = np.concatenate([part.ids for part in parts.values()])
    np.testing.assert_array_equal(np.sort(ids), source.ids)
    for name, part in parts.items():
        np.testing.assert_array_equal(part.images, source.images[part.ids])
        np.testing.assert_array_equal(part.labels, source.labels[part.ids])
        expected = SHARES[name] * np.bincount(source.labels)
        assert abs(np.bincount(part.labels) - expected).max() <= 1, name


def test_the_seed_alone_decides() -> None:
    source = sources.digits(8)
    first, again, other = (split(source, 0.1, 0.25, seed)["test"].ids for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert set(first) != set(other)


def test_a_class_too_small_is_a_sentence_that_names_it() -> None:
    with pytest.raises(UserError, match=r"class c1 has 9 images, but .* needs at least 10 of each class"):
        split(made(40, 9, 40), 0.10, 0.25, seed=0)
    with pytest.raises(UserError, match="class c0 has 2 images"):
        split(made(2, 40), 0.4, 0.3, seed=0)


def test_what_is_not_refused_has_every_class_in_every_part() -> None:
    rng = np.random.default_rng(0)
    accepted = 0
    for _ in range(150):
        validation, test = rng.uniform(0.05, 0.44, 2).round(2)
        source = made(*rng.integers(2, 40, size=rng.integers(2, 5)))
        try:
            parts = split(source, validation, test, seed=0)
        except UserError:
            continue
        accepted += 1
        for part in parts.values():
            assert set(part.labels) == set(source.labels)
    assert accepted > 30


def test_the_source_s_own_test_split_is_taken_whole() -> None:
    held_out = np.tile([False, False, False, True], 25)
    parts = split(replace(made(50, 50), held_out=held_out), 0.15, "original", seed=0)
    np.testing.assert_array_equal(parts["test"].ids, 1000 + np.flatnonzero(held_out))
    assert {name: len(part) for name, part in parts.items()} == {"train": 60, "validation": 15, "test": 25}
    rest = np.concatenate([parts["train"].ids, parts["validation"].ids])
    np.testing.assert_array_equal(np.sort(rest), 1000 + np.flatnonzero(~held_out))


def test_an_own_test_split_that_is_not_there_or_lacks_a_class_is_a_sentence() -> None:
    with pytest.raises(UserError, match=r"data\.test is original, but here has no test split of its own"):
        split(made(50, 50), 0.1, "original", seed=0)
    with pytest.raises(UserError, match="class c1 has 0 images"):
        split(replace(made(50, 50), held_out=np.arange(100) < 20), 0.1, "original", seed=0)


def test_copies_across_splits_are_counted_in_the_later_one() -> None:
    source = sources.digits(8)
    images = source.images.copy()
    images[:300] = images[0]  # within a split too, where they do not count
    parts = split(replace(source, images=images), 0.1, 0.25, seed=0)
    expected = {name: int((parts[name].ids < 300).sum()) for name in ("validation", "test")}
    assert min(expected.values()) > 10
    assert repeated(parts) == expected

"""The combinations of words are all that captions can have, and those that are held out were there to be shown."""

import numpy as np
import pandas as pd
import pytest

from pipeline.data.captions import LEANINGS, WIDTHS
from pipeline.text import training
from pipeline.text.combinations import combinations

TEMPLATE = "a {stroke} {class}, {slant}"
CLASSES = ["one", "two"]
DIGITS, NAMES = "the digit {class}, {slant}, in a {stroke} stroke", [str(n) for n in range(10)]


def caption(of: str, slant: int, stroke: int) -> str:
    return f"a {WIDTHS[stroke]} {of}, {LEANINGS[slant]}"


def test_a_row_for_every_combination_with_how_often_it_was_seen() -> None:
    seen = [caption("one", 0, 0)] * 3 + [caption("two", 2, 1)]
    table = combinations(TEMPLATE, CLASSES, seen, 0)
    assert list(table) == ["class", "slant", "stroke", "caption", "trained", "held_out"]
    assert len(table) == 18 == table["caption"].nunique()
    for row in table.to_dict("records"):
        assert row["caption"] == f"a {row['stroke']} {row['class']}, {row['slant']}"
    assert table["class"].tolist() == ["one"] * 9 + ["two"] * 9
    assert table.set_index("caption")["trained"][[seen[0], seen[-1], caption("one", 1, 1)]].tolist() == [3, 1, 0]
    assert table["trained"].sum() == 4
    assert not table["held_out"].any()


@pytest.mark.parametrize("held_out", [1, 4, 10, 25, 10**4])
def test_held_out_are_combinations_that_were_seen_by_turns_of_the_classes(table: pd.DataFrame, held_out: int) -> None:
    rng = np.random.default_rng(held_out)
    some = table["caption"][rng.random(len(table)) < 0.7].tolist()
    found = combinations(DIGITS, NAMES, some, held_out)
    chosen = found[found["held_out"]]
    assert (chosen["trained"] > 0).all(), "nobody could have shown it"
    per_class = chosen["class"].value_counts().reindex(found["class"].unique(), fill_value=0)
    there = (found["trained"] > 0).groupby(found["class"]).sum()
    assert (per_class <= there // 2).all(), "the class is still seen in most"
    room = there // 2 > per_class
    assert per_class[room].empty or per_class.max() - per_class[room].min() <= 1, "the classes take turns"
    assert len(chosen) == min(held_out, (there // 2).sum())


def test_every_word_of_style_is_held_out_somewhere_and_seen_elsewhere(table: pd.DataFrame) -> None:
    captions = table["caption"].tolist()
    found = combinations(DIGITS, NAMES, captions, 10)
    chosen, rest = found[found["held_out"]], found[~found["held_out"]]
    assert chosen["class"].nunique() == 10
    assert chosen.groupby(["slant", "stroke"]).ngroups >= 5, "not one style of all classes"
    for of in ("class", "slant", "stroke"):
        assert set(rest[of]) == set(found[of])
    again = combinations(DIGITS, NAMES, captions, 10)
    pd.testing.assert_frame_equal(again, found)


def test_a_class_alone_is_never_held_out() -> None:
    table = combinations("a photo of a {class}", CLASSES, ["a photo of a one"] * 5, 10)
    assert table["caption"].tolist() == ["a photo of a one", "a photo of a two"]
    assert table["trained"].tolist() == [5, 0]
    assert not table["held_out"].any()


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_training_never_shows_what_is_held_out(dataset, table: pd.DataFrame, split: str) -> None:
    shown, classes = training.shown(dataset, split, table)
    images, captions = dataset.split(split), dataset.captions(split).set_index("id")["caption"]
    held_out = set(table["caption"][table["held_out"]])
    kept = [str(captions[number]) not in held_out for number in images.ids]
    assert 0 < sum(kept) < len(images)
    assert shown.ids.tolist() == images.ids[kept].tolist()
    np.testing.assert_array_equal(shown.images, images.images[kept])
    np.testing.assert_array_equal(classes, images.labels[kept])
    assert table["caption"][shown.labels].tolist() == captions[shown.ids].tolist(), "labelled by their combinations"
    assert not table["held_out"].to_numpy()[shown.labels].any()

"""Captions say the class, and of a figure what was measured on it."""

import numpy as np
import pandas as pd

from pipeline.data import captions

STROKES = pd.DataFrame({"slant": [-30.0, -7.4, 0.0, 7.6, 20.0], "stroke": [1.0, 2.0, 2.5, 3.0, 9.0]})


def test_words_follow_the_measures() -> None:
    words = captions.words(STROKES, [2.0, 3.0])
    assert words["slant"].tolist() == ["leaning left", "upright", "upright", "leaning right", "leaning right"]
    assert words["stroke"].tolist() == ["thin", "thin", "medium", "medium", "bold"]


def test_thirds_part_the_widths_evenly() -> None:
    widths = np.random.default_rng(0).normal(3, 1, 3000)
    table = pd.DataFrame({"slant": 0.0, "stroke": widths})
    counts = captions.words(table, captions.thirds(table))["stroke"].value_counts()
    assert counts.to_dict() == {"thin": 1000, "medium": 1000, "bold": 1000}


def test_a_template_is_filled_image_by_image() -> None:
    words = captions.words(STROKES, [2.0, 3.0])
    labels = np.array([1, 0, 1, 0, 0])
    said = captions.captions("a {stroke} {class}, {slant}", ["one", "two"], labels, words)
    assert said[0] == "a thin two, leaning left"
    assert said[4] == "a bold one, leaning right"
    assert captions.captions("a photo of a {class}", ["cat", "dog"], labels, None)[:2] == [
        "a photo of a dog",
        "a photo of a cat",
    ]


def test_only_a_template_with_their_fields_asks_for_strokes() -> None:
    assert captions.asks_for_strokes("{class} {slant}")
    assert captions.asks_for_strokes("{stroke} {class}")
    assert not captions.asks_for_strokes("stroke {class}")

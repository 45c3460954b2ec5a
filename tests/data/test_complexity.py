"""Complexity of classes whose answer is known."""

import numpy as np
import pytest

from pipeline.data import complexity, masks, sources
from pipeline.data.images import ImageSet


def test_a_longer_stroke_and_more_variety_measure_more() -> None:
    images = np.zeros((8, 16, 16, 1), np.uint8)
    images[:4, 4:12, 8] = 255  # four alike
    for i, image in enumerate(images[4:]):
        image[2:14, 3 + 3 * i] = 255  # four apart, longer
    found = complexity.by_class(ImageSet(images, np.repeat([1, 3], 4), np.arange(8)), images[..., 0] > 0)
    assert found["class"].tolist() == [1, 3]
    assert found["n"].tolist() == [4, 4]
    assert found["stroke_length"].tolist() == pytest.approx([8, 12], abs=1)
    assert found["variance"].tolist() == pytest.approx([0, 4 * 12 * (0.25 * 0.75) / 256])


def test_an_8_is_longer_than_a_1() -> None:
    source = sources.digits(16)
    some = ImageSet(source.images, source.labels, source.ids)
    found = complexity.by_class(some, masks.foreground(source.images, source.sides)).set_index("class")
    assert found["stroke_length"][8] > found["stroke_length"][1]
    assert found["n"].sum() == 1797

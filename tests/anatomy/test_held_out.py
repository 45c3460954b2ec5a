"""Which held-out images are looked at: all classes equally often, and enough of each."""

import numpy as np
import pytest

from pipeline.anatomy.held_out import FEWEST, choose
from pipeline.errors import UserError


@pytest.mark.parametrize(("classes", "asked", "taken"), [(10, 80, 80), (26, 80, 104), (3, 500, 60)])
def test_as_many_as_asked_for_but_enough_of_each_class_and_in_turn(classes: int, asked: int, taken: int) -> None:
    labels = np.repeat(np.arange(classes), 20)
    index = choose(labels, asked, 0)
    assert len(set(index)) == len(index) == taken
    for first in range(classes, taken + 1, classes):
        assert set(np.bincount(labels[index[:first]])) == {first // classes}


def test_too_few_held_out_images_are_a_sentence() -> None:
    with pytest.raises(UserError, match=r"103 held-out images \(data\.test\), but 104 are needed, 4 for each"):
        choose(np.arange(FEWEST * 26 - 1) % 26, 80, 0)

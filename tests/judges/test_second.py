"""The second judge recognises what it has seen, on real digits nearly as often as scikit-learn's own example says."""

import numpy as np
from sklearn.datasets import load_digits

from pipeline.data.images import ImageSet
from pipeline.judges import second
from tests.judges.test_classifier import LABELS, bars

REAL = ImageSet(bars(LABELS), LABELS, np.arange(120))


def test_it_recognises_the_kinds_that_it_has_learnt() -> None:
    judge = second.learn(REAL, 40)
    assert sum(judge.n_support_) <= 40, "no more than these are learnt from"
    seen = second.predict(judge, REAL.images)
    assert (seen.dtype, seen.tolist()) == (np.int64, LABELS.tolist())


def test_on_real_digits_that_it_has_not_seen_it_is_right_nearly_always() -> None:
    digits = load_digits()
    images = (digits.images * 255 / 16).astype(np.uint8)[..., None]
    real = ImageSet(images[:1200], digits.target[:1200], np.arange(1200))
    right = second.predict(second.learn(real, 5000), images[1200:]) == digits.target[1200:]
    assert right.mean() > 0.95

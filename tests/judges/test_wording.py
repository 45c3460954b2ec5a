"""A word's share is the sum over the captions that have it, and the captions are those of the data set."""

from itertools import product

import numpy as np
import pytest

from pipeline.judges import wording
from pipeline.judges.clip import Clip
from pipeline.judges.wording import Wording


class Seeing:
    """Something like a CLIP: an image's feature is its first row, and a sentence's its place among those asked."""

    scale = 2.0

    def __init__(self) -> None:
        self.asked: list[str] = []

    def text_features(self, sentences: list[str]) -> np.ndarray:
        self.asked = sentences
        return np.eye(len(sentences))

    def image_features(self, images: np.ndarray) -> np.ndarray:
        return images[:, 0, :, 0].astype(float)


def test_captions_are_those_of_all_combinations_and_shares_are_sums_of_their_softmax() -> None:
    clip = Seeing()
    found = wording.wording(clip, "a {stroke} {class}, {slant}", ["one", "two"])  # type: ignore[arg-type]
    slants, widths = ["leaning left", "upright", "leaning right"], ["thin", "medium", "bold"]
    assert found.of == {"class": ["one", "two"], "slant": slants, "stroke": widths}
    assert clip.asked == [f"a {w} {c}, {s}" for c, s, w in product(["one", "two"], slants, widths)]
    images = np.random.default_rng(0).integers(0, 3, (4, 1, 18, 1)).astype(np.uint8)
    shares = found.shares(images)
    for i, image in enumerate(images):
        weights = np.exp(2.0 * image[0, :, 0])
        weights /= weights.sum()
        for kind, at in (("class", 0), ("slant", 1), ("stroke", 2)):
            for place, word in enumerate(found.of[kind]):
                mine = [w for w, words in zip(weights, product(*found.of.values()), strict=True) if words[at] == word]
                assert shares[kind][i, place] == pytest.approx(sum(mine))
    assert all(each.sum(axis=1) == pytest.approx(np.ones(4)) for each in shares.values())


def test_a_template_without_words_of_style_has_classes_alone(fresh_clip: Clip) -> None:
    found = wording.wording(fresh_clip, "a {class}", ["good", "clear", "blurry"])
    assert isinstance(found, Wording)
    assert list(found.of) == ["class"]
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1)).astype(np.uint8)
    expected = np.exp(fresh_clip.scale * fresh_clip.similarities(images, ["a good", "a clear", "a blurry"]))
    np.testing.assert_allclose(found.shares(images)["class"], expected / expected.sum(axis=1, keepdims=True))

"""Words are read off images by the judge and the moments, and settle at the step at which they were made to."""

import numpy as np
import pytest

from pipeline.anatomy import concepts
from pipeline.anatomy.concepts import Course, Reader
from pipeline.anatomy.sweep import Loop
from pipeline.judges import bootstrap

BOUNDS = [2.0, 3.0]  # of strokes, in pixels


def judge(images: np.ndarray) -> np.ndarray:
    """Something like a judge of three classes, by the brightness of an image."""
    level = images.mean(axis=(1, 2, 3)) / 255
    scores = np.stack([-level, 0 * level, level], axis=1)
    return np.asarray(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))


def bar(width: int, lean: int) -> np.ndarray:
    """A grey image, uint8 [16, 16, 1], of a bar so many pixels wide whose top lies so many pixels right of its foot."""
    image = np.zeros((16, 16, 1), np.uint8)
    for row in range(2, 14):
        at = 8 + round(lean * (7.5 - row) / 12) - width // 2
        image[row, at : at + width] = 255
    return image


def test_words_are_those_of_the_figure() -> None:
    images = np.stack([bar(1, 0), bar(3, 0), bar(5, 0), bar(3, 5), bar(5, -5)])
    found = Reader(None, BOUNDS).words(images)
    assert found["stroke"].tolist()[:3] == ["thin", "medium", "bold"]
    assert found["slant"].tolist() == ["upright", "upright", "upright", "leaning right", "leaning left"]
    np.testing.assert_array_equal(concepts.foreground(images), images[..., 0] > 0)
    assert (Reader(None, BOUNDS).style, Reader(judge, None).style) == (("slant", "stroke"), ())


def test_what_is_followed_is_the_loop_s_own_whatever_shares_a_batch(plain: Loop, seeds: np.ndarray) -> None:
    reader, columns = Reader(judge, BOUNDS), np.array([0, 3, 5])
    course = concepts.follow(plain, seeds, seeds % 3, True, reader, 3, 2, columns)
    assert course.received is not None
    assert (course.received.shape, course.pictures["attention"].shape) == ((6, 3), (2, 3, 4, 4, 1))
    for i, seed in enumerate(seeds):
        alone = np.repeat(seed, 4)
        moments = list(plain.walk(plain.untouched, alone, alone % 3))
        final = plain.subject.images(moments[-1].after[:1])
        np.testing.assert_array_equal(course.final[i], final[0])
        own = reader.words(final)
        for k, moment in enumerate(moments):
            clean = plain.subject.images(moment.x0[:1])
            said = judge(clean)[0]
            assert course.agreement["class"][k, i] == pytest.approx(np.exp(said[seed % 3]))
            assert course.named["class"][k, i] == (said.argmax() == seed % 3)
            assert course.seen is not None
            assert course.seen[k, i] == said.argmax()
            for word in ("slant", "stroke"):
                assert course.named[word][k, i] == (reader.words(clean)[word][0] == own[word][0])
            if i < 2 and k in columns:
                np.testing.assert_array_equal(course.pictures["x0"][i, list(columns).index(k)], clean[0])
    assert course.named["slant"][-1].all(), "the last prediction is the image"


class Wordy:
    """Something like what CLIP reads: the class by an image's brightness, and no word of style but the slant."""

    def shares(self, images: np.ndarray) -> dict[str, np.ndarray]:
        return {"class": np.exp(judge(images)), "slant": np.tile([0.2, 0.7, 0.1], (len(images), 1))}


def test_clip_reads_the_words_that_it_is_told(plain: Loop, seeds: np.ndarray) -> None:
    reader = Reader(judge, BOUNDS, Wordy())  # type: ignore[arg-type]
    course = concepts.follow(plain, seeds, seeds % 3, True, reader, 3, 2, np.array([0, 5]))
    np.testing.assert_allclose(course.agreement["clip_class"], course.agreement["class"])
    np.testing.assert_array_equal(course.named["clip_class"], course.named["class"])
    assert "clip_stroke" not in course.agreement, "its captions say nothing of it"
    slants = reader.words(course.final)["slant"]
    share = {"leaning left": 0.2, "upright": 0.7, "leaning right": 0.1}
    np.testing.assert_allclose(course.agreement["clip_slant"], [[share[each] for each in slants]] * plain.steps)
    found = concepts.findings(course, bootstrap.draws(seeds % 3, 50, 0))
    assert found["finished.clip_slant"]["value"] == (slants == "upright").mean()
    assert found["settled.clip_class"] == found["settled.class"]
    assert {"clip_class", "clip_slant_low"} <= set(concepts.steps(course, plain.snr_db(), np.zeros((5, 6), int)))


def test_a_network_without_attention_or_judge_is_followed_without_them(variant, seeds: np.ndarray) -> None:
    loop = Loop(variant(attention=[], middle_attention=False), [999, 500, 0], "ddim", True, 4)
    course = concepts.follow(loop, seeds, seeds % 3, True, Reader(None, None), 3, 2, np.array([0, 2]))
    assert (course.received, course.seen, course.agreement, set(course.pictures)) == (None, None, {}, {"x0"})
    draws = bootstrap.draws(seeds % 3, 50, 0)
    assert list(concepts.steps(course, loop.snr_db(), draws)) == ["k", "snr_db", "done", "n"]
    assert concepts.findings(course, draws) == {}
    assert concepts.first_settled(course) == ""


def test_a_network_that_is_told_nothing_is_asked_for_what_it_has_drawn() -> None:
    images, labels = np.stack([bar(1, 0), bar(9, 0)]), np.zeros(2, int)
    assert concepts.asked_for(images, labels, True, Reader(judge, None)).tolist() == [0, 0]
    drawn = judge(images).argmax(axis=1).tolist()
    assert concepts.asked_for(images, labels, False, Reader(judge, None)).tolist() == drawn


def made(steps: int = 10, seeds: int = 20) -> Course:
    """A course whose class is right from place 2 on, slant from 4, and stroke from 8."""
    places = np.arange(steps)[:, None]
    from_on = {"class": 2, "slant": 4, "stroke": 8}
    named = {word: np.broadcast_to(places >= at, (steps, seeds)) for word, at in from_on.items()}
    agreement = {word: right * 0.8 + 0.1 for word, right in named.items()}
    received = np.broadcast_to(places + 1.0, (steps, 5))
    return Course(agreement, named, {"slant": 0.5}, None, received, {}, np.zeros((seeds, 4, 4, 1), np.uint8))


def test_curves_and_settling_of_a_made_up_course() -> None:
    course, draws = made(), bootstrap.draws(np.zeros(20), 100, 0)
    found = concepts.findings(course, draws)
    shares = [found[f"settled.{word}"]["value"] for word in ("class", "slant", "stroke")]
    assert shares == pytest.approx([0.2, 0.4, 0.8])
    assert found["effects.semantics_settle_first"]["value"] == pytest.approx(0.6)
    assert found["chance.slant"] == {"value": 0.5, "n": 20}
    assert concepts.first_settled(course) == "slant"
    table = concepts.steps(course, {10 - i: float(i) for i in range(10)}, draws)
    assert table["done"].tolist() == [i / 10 for i in range(10)]
    np.testing.assert_allclose(table["stroke"], [0.1] * 8 + [0.9] * 2)
    assert table["attention"].tolist() == list(range(1, 11))
    assert (table["n"] == 20).all()
    assert (table["n_attention"] == 5).all()


def test_two_images_share_a_word_as_often_as_their_pairs_do() -> None:
    words = np.array(["thin", "thin", "bold", "thin", "medium", "bold"])
    pairs = [words[i] == words[j] for i in range(6) for j in range(6) if i != j]
    assert concepts.same_by_chance(words) == pytest.approx(np.mean(pairs))


def test_attention_on_the_foreground_is_the_mean_over_its_places() -> None:
    received = np.array([[[[4.0, 0.0], [0.0, 0.0]], [[4.0, 0.0], [0.0, 0.0]], [[1.0, 2.0], [3.0, 4.0]]]])
    mask = np.zeros((3, 4, 4), bool)
    mask[0, :2, :2] = True  # the first place alone
    mask[2, 1:3, 0] = True  # half in the first place, half in the third
    np.testing.assert_allclose(concepts.on_foreground(received, mask), [[4.0, 1.0, 2.0]])

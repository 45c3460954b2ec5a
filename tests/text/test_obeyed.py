"""Real images obey their own captions, and other captions by chance."""

import numpy as np
import pandas as pd
import pytest
import torch

from pipeline.data.prepared import Prepared
from pipeline.judges.classifier import Classifier, predict
from pipeline.params import Bootstrap
from pipeline.text import obeyed

FEW = Bootstrap(resamples=200, seed=0)
STYLE = ["slant", "stroke"]

TABLE = pd.DataFrame(
    {
        "class": ["one", "one", "two", "two"],
        "slant": ["upright", "leaning left", "upright", "leaning left"],
        "caption": ["one u", "one l", "two u", "two l"],
        "trained": [5, 3, 0, 2],
        "held_out": [False, True, False, False],
    }
)


@pytest.fixture(scope="module")
def trained() -> Classifier:
    """A classifier with fresh weights."""
    torch.manual_seed(0)
    return Classifier(8, 1, [8, 16], 16, 10).eval()


@pytest.fixture(scope="module")
def real(dataset: Prepared, table: pd.DataFrame, trained: Classifier) -> tuple[pd.DataFrame, np.ndarray]:
    """What held-out real images show, and the rows of their own captions."""
    place = {caption: row for row, caption in enumerate(table["caption"])}
    shown = obeyed.read(dataset.split("test").images, trained, dataset.classes, dataset.stroke_thirds)
    return shown, np.array([place[caption] for caption in dataset.captions("test")["caption"]])


def shown(*words: tuple[str, str]) -> pd.DataFrame:
    """What images show, measured as if slants were 0, 1, 2, ... degrees."""
    table = pd.DataFrame(words, columns=["class", "slant"])
    return table.assign(slant_degrees=np.arange(len(words)) * 1.0, stroke_pixels=1.0)


@pytest.mark.parametrize("split", ["train", "test"])
def test_every_real_image_shows_the_style_of_its_own_caption(dataset, trained, table, split: str) -> None:
    found = obeyed.read(dataset.split(split).images, trained, dataset.classes, dataset.stroke_thirds)
    captions = dataset.captions(split)
    said = table.set_index("caption").loc[captions["caption"]]
    for kind in STYLE:
        assert found[kind].tolist() == said[kind].tolist()
    np.testing.assert_allclose(found["slant_degrees"], captions["slant"], atol=6e-4)
    np.testing.assert_allclose(found["stroke_pixels"], captions["stroke"], atol=6e-4)


def test_the_class_is_the_classifier_s_and_style_is_read_where_captions_have_it(dataset, trained) -> None:
    images = dataset.split("test").images[:30]
    found = obeyed.read(images, trained, [f"digit {n}" for n in range(10)], None)
    assert list(found) == ["class"]
    assert found["class"].tolist() == [f"digit {label}" for label in predict(trained, images)]


def test_real_images_obey_their_captions_and_rank_as_they_do(table, real) -> None:
    found, own = real
    numbers = obeyed.judged(found, table, own, FEW).numbers
    for kind in STYLE:
        assert numbers[f"seen.{kind}"]["value"] == numbers[f"held_out.{kind}"]["value"] == 1
        assert numbers[f"seen_rank.{kind}"]["value"] > 0.8
        assert numbers[f"seen_rank.{kind}"]["n"] == numbers["seen.all"]["n"]
        assert numbers[f"seen_chance.{kind}"]["value"] == 0, "what has its own word shows no other"
    assert numbers["seen.all"]["value"] == numbers["seen.class"]["value"] < 0.5, "the classifier knows nothing yet"


def test_a_network_that_hears_the_class_alone_obeys_the_rest_by_chance(table) -> None:
    """Images of every combination, with the usual style of their class whatever the caption says."""
    usual = table.sort_values("trained").groupby("class")[STYLE].last()
    own = np.tile(np.arange(len(table)), 5)
    images = table.iloc[own].reset_index(drop=True)
    images[STYLE] = usual.loc[images["class"]].to_numpy()
    images = images.assign(slant_degrees=0.0, stroke_pixels=1.0)
    numbers = obeyed.judged(images, table, own, FEW).numbers
    assert numbers["seen.class"]["value"] == 1
    assert numbers["seen_chance.class"]["value"] == 0
    assert numbers["seen.slant"]["value"] > 0.4, "more than a third: the usual styles are those that are seen"
    for kind in (*STYLE, "all"):
        for which in ("seen", "held_out", "absent"):
            right, chance = (numbers[f"{which}{of}.{kind}"]["value"] for of in ("", "_chance"))
            assert right == pytest.approx(chance), (which, kind)


def test_chance_is_what_images_for_another_word_show() -> None:
    own = np.array([0, 1, 1, 2, 3])
    said = [("one", "upright"), ("one", "upright"), ("one", "leaning left"), ("two", "upright"), ("one", "upright")]
    found = obeyed.strangers(TABLE, own)
    assert found["class"][0].tolist() == [False, False, False, True, True]
    assert found["slant"][0].tolist() == [False, True, True, False, False]
    assert found["all"][3].tolist() == [False, False, False, True, False]
    numbers = obeyed.judged(shown(*said), TABLE, own, FEW).numbers
    assert numbers["seen_chance.class"]["value"] == pytest.approx((1 / 2 + 0) / 2)  # for "one u" and for "two l"
    assert numbers["seen_chance.slant"]["value"] == pytest.approx((1 / 2 + 0) / 2)
    assert numbers["held_out_chance.all"]["value"] == 0
    assert numbers["held_out_chance.all"]["n"] == 1
    alone = obeyed.strangers(TABLE[["class", "caption"]].iloc[[0, 2]], np.array([0, 1]))
    assert alone["all"].tolist() == alone["class"].tolist() == [[False, True], [True, False]]
    assert not any(
        name.endswith("chance.class") for name in obeyed.judged(shown(said[0]), TABLE[:1], own[:1], FEW).numbers
    )


def test_held_out_seen_and_absent_combinations_are_kept_apart() -> None:
    asked = [0] * 6 + [1] * 5 + [2] * 7 + [3] * 6
    said = [tuple(row) for row in TABLE.iloc[asked][["class", "slant"]].to_numpy()]
    said[0] = ("two", "upright")  # one of the seen
    said[6] = ("one", "upright")  # two of the held out
    said[7] = ("two", "upright")
    said[11:18] = [("six", "bent")] * 7  # all of those that no training image has
    found = obeyed.judged(shown(*said), TABLE, np.array(asked), FEW)
    plain = [name for name in found.numbers if name.split(".")[0] in ("seen", "held_out", "absent")]
    assert {name: (found.numbers[name]["value"], found.numbers[name]["n"]) for name in plain} == {
        "seen.class": (11 / 12, 12),
        "seen.slant": (1, 12),
        "seen.all": (11 / 12, 12),
        "held_out.class": (4 / 5, 5),
        "held_out.slant": (3 / 5, 5),
        "held_out.all": (3 / 5, 5),
        "absent.class": (0, 7),
        "absent.slant": (0, 7),
        "absent.all": (0, 7),
    }
    assert list(found.replicates) == list(found.numbers)
    assert len(found.replicates) == 200
    assert found.replicates["held_out.all"].mean() == pytest.approx(3 / 5, abs=0.05)
    assert found.replicates["seen.slant"].unique().tolist() == [1]
    for of in found.numbers.values():
        assert of["ci95"][0] <= of["value"] <= of["ci95"][1]
    without = obeyed.judged(shown(*said[:6]), TABLE, np.array(asked[:6]), FEW)
    assert not any(name.startswith(("held_out", "absent")) for name in without.numbers)


def test_ranks_follow_the_order_of_the_words() -> None:
    asked = np.array([1, 3, 1, 0, 2, 0])  # leaning left comes before upright
    images = shown(*[("one", "upright")] * 6)
    assert obeyed.judged(images, TABLE, asked, FEW).numbers["seen_rank.slant"]["value"] > 0.8
    fallen = images.assign(slant_degrees=-images["slant_degrees"])
    assert obeyed.judged(fallen, TABLE, asked, FEW).numbers["seen_rank.slant"]["value"] < -0.8


def test_the_combinations_are_summed_up_one_by_one() -> None:
    own = np.array([0, 0, 3, 0])
    images = shown(("one", "upright"), ("two", "upright"), ("two", "leaning left"), ("one", "leaning left"))
    found = obeyed.summed(TABLE, images, own)
    assert found["n"].tolist()[0::3] == [3, 1]
    assert found["right_class"].tolist()[0::3] == pytest.approx([2 / 3, 1])
    assert found["right_slant"].tolist()[0::3] == pytest.approx([2 / 3, 1])
    assert found["right_all"].tolist()[0::3] == pytest.approx([1 / 3, 1])
    pd.testing.assert_frame_equal(found[list(TABLE)], TABLE)

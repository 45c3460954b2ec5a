"""Attention to kinds of words is that of their tokens, and its table is right where share and focus are known."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from transformers import CLIPTokenizer

from pipeline import params
from pipeline.anatomy import attention
from pipeline.anatomy.sweep import Loop
from pipeline.diffusion import subject
from pipeline.errors import UserError
from pipeline.params import Bootstrap
from pipeline.text import attended
from pipeline.text.attended import Attended

TEMPLATE = "the digit {class}, {slant}, in a {stroke} stroke"
FEW = Bootstrap(resamples=200, seed=0)
WORDS = {"class": "3", "slant": "leaning left", "stroke": "bold"}


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> CLIPTokenizer:
    """A tokenizer of the hub's kind, to which a word is its letters, but for `th`, which is one token."""
    folder = tmp_path_factory.mktemp("letters")
    signs = [*"abcdefghijklmnopqrstuvwxyz0123456789,"]
    tokens = ["<|startoftext|>", "<|endoftext|>", *signs, *(f"{sign}</w>" for sign in signs), "th", "ab</w>"]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\nt h\na b</w>\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)


def test_places_are_those_of_the_words_in_the_caption(clip) -> None:
    tokenizer = clip.processor.tokenizer
    found = attended.places(tokenizer, TEMPLATE, WORDS)
    ids = tokenizer(TEMPLATE.format_map(WORDS)).input_ids
    tokens = tokenizer.convert_ids_to_tokens(ids)
    said = {kind: [tokens[place] for place in places] for kind, places in found.items()}
    assert said == {
        "class": ["3"],
        "slant": ["leaning", "left"],
        "stroke": ["bold"],
        "other": ["the", "digit", ",", ",", "in", "a", "stroke"],
    }
    assert sorted(place for places in found.values() for place in places) == list(range(1, len(ids) - 1))


def test_a_word_may_have_several_tokens(letters: CLIPTokenizer) -> None:
    found = attended.places(letters, "the {class} in {stroke}", {"class": "thin", "stroke": "a"})
    assert found == {"other": [1, 2, 6, 7], "class": [3, 4, 5], "stroke": [8]}
    tokens = letters.convert_ids_to_tokens(letters("the thin in a").input_ids)
    assert [tokens[place] for place in found["class"]] == ["th", "i", "n</w>"]


@pytest.mark.parametrize(("template", "word"), [("t{class}", "his"), ("{class}s", "dog"), ("c{class}", "ab")])
def test_a_caption_whose_words_flow_together_is_refused(letters: CLIPTokenizer, template: str, word: str) -> None:
    with pytest.raises(UserError, match=r"cannot be told apart among its tokens; a data.caption with a space on"):
        attended.places(letters, template, {"class": word})


def test_an_own_tokenizer_s_words_that_flow_together_are_refused_too(clip) -> None:
    with pytest.raises(UserError, match="the words of the caption 'digit3' cannot be told apart"):
        attended.places(clip.processor.tokenizer, "digit{class}", {"class": "3"})


@pytest.fixture(scope="module")
def loop(folder: Path, table: pd.DataFrame, values) -> Loop:
    """Four steps of a network told all combinations."""
    asked = params.Subject(model=str(folder), prompts=table["caption"].tolist(), guidance=2.0)
    return Loop(subject.load(asked, values.diffusion), [900, 600, 300, 0], "ddim", True, 3)


def test_maps_are_sums_over_the_words_tokens(loop: Loop, clip, table: pd.DataFrame) -> None:
    seeds, rows, kinds = np.arange(3), np.array([2, 40, 87]), ["class", "slant", "stroke"]
    found = attended.follow(loop, seeds, rows, clip.processor.tokenizer, TEMPLATE, table.iloc[rows][kinds])
    assert set(found.maps) == {*kinds, "other"}
    for maps in found.maps.values():
        assert (maps.shape, maps.dtype) == ((4, 3, 8, 8), np.float32)
        assert maps.min() > 0
        assert maps.max() < 1
    assert sum(found.maps.values()).max() < 1, "the rest goes to the beginning, the end and what fills up"
    tokenizer = clip.processor.tokenizer
    ids = [tokenizer(caption).input_ids for caption in table["caption"].iloc[rows]]
    for k, (moment, seen) in enumerate(attention.by_word(loop, seeds, rows)):
        for i in range(3):
            for kind in kinds:
                word = str(table[kind].iloc[rows[i]])
                places = [p for p, of in enumerate(ids[i]) if of in tokenizer(word, add_special_tokens=False).input_ids]
                by_hand = seen[i, places].sum(dim=0).numpy()
                np.testing.assert_allclose(found.maps[kind][k, i], by_hand, atol=1e-6)
        np.testing.assert_array_equal(found.clean[k], loop.subject.images(moment.x0))
    np.testing.assert_array_equal(found.final, loop.subject.images(loop.final(loop.untouched, seeds, rows)))
    assert (found.clean.shape, found.final.shape) == ((4, 3, 8, 8, 1), (3, 8, 8, 1))


def test_share_and_focus_are_right_where_they_are_known() -> None:
    final = np.zeros((4, 8, 8, 1), np.uint8)
    final[:3, 2:4, 2:6] = 255  # the figure: an eighth of the places; the last image has none
    inside = final[..., 0] > 0
    maps = {
        "class": np.stack([np.where(inside, 0.8, 0.1), np.full((4, 8, 8), 0.25)]),
        "other": np.stack([np.where(inside, 0.0, 0.4), np.where(inside, 0.4, 0.2)]),
    }
    table = attended.table(Attended({k: m.astype(np.float32) for k, m in maps.items()}, final[None], final), 2, FEW)
    assert table[["k", "done", "word", "n"]].to_numpy().tolist() == [
        [2, 0.0, "class", 4],
        [2, 0.0, "other", 4],
        [1, 0.5, "class", 4],
        [1, 0.5, "other", 4],
    ]
    share = (0.8 + 7 * 0.1) / 8
    shares = [(3 * share + 0.1) / 4, (3 * 0.35 + 0.4) / 4, 0.25, (3 * 0.225 + 0.2) / 4]
    assert table["share"].tolist() == pytest.approx(shares, rel=1e-5)
    focus = [(3 * 0.8 / share + 1) / 4, (0 + 1) / 4, 1, (3 * 0.4 / 0.225 + 1) / 4]
    assert table["focus"].tolist() == pytest.approx(focus, rel=1e-5)
    for name in ("share", "focus"):
        assert (table[f"{name}_low"] <= table[name] + 1e-9).all()
        assert (table[name] <= table[f"{name}_high"] + 1e-9).all()
    assert table["share_low"].iloc[2] == pytest.approx(table["share_high"].iloc[2]), "where all images are alike"
    assert table["focus_low"].iloc[0] < table["focus_high"].iloc[0] - 0.5

"""What the chapter says of captions is what was found, paired by training seed."""

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import UserError
from pipeline.judges.evaluated import SECOND
from pipeline.judges.number import Number, columns
from pipeline.params import Params
from pipeline.reporting.chapters.text import chapter, figures
from pipeline.reporting.chapters.text.chapter import Found
from pipeline.reporting.chapters.text.claims import CLAIMS
from pipeline.reporting.claims import decide
from pipeline.text import prompted
from pipeline.text.prompted import ALL, CLIP_LOSS, TEXT, Prompted
from tests.reporting.unrendered import defaults, unrendered

CLASSES = ("0", "1", "8")
STYLES = {"slant": ("leaning left", "upright", "leaning right"), "stroke": ("thin", "medium", "bold")}
TEMPLATE, PLAIN = "the digit {class}, {slant}, in a {stroke} stroke", "a photo of a {class}"
SHARES = {"accuracy": 0.8, SECOND: 0.8, "confidence": 0.7, "precision": 0.9, "recall": 0.9, "coverage": 0.8}
SIZES = {"fd_classifier": 4.0, "density": 0.9, "spread": 0.9, "clip_score": 1.5}
OBEYED = {
    "seen": {"class": 0.9, "slant": 0.8, "stroke": 0.6, ALL: 0.5},
    "held_out": {"class": 0.8, "slant": 0.8, "stroke": 0.5, ALL: 0.4},
    "absent": {"class": 0.7, "slant": 0.3, "stroke": 0.3, ALL: 0.1},
}
CHANCE = {"class": 0.3, "slant": 0.4, "stroke": 0.4, ALL: 0.1}
BY_CLIP = {"clip_score": 1.1, "fd_classifier": 0.5, "accuracy": 1.125, SECOND: 1.125}  # what it multiplies
STEPS, SHOWN, SIDE = 4, 2, 8


def number(value: float, kind: str) -> Number:
    low, high = value * 0.9, value * 1.1
    return {"value": value, "n": 20, "ci95": [low, min(high, 1) if kind != "size" else high], "kind": kind}  # type: ignore[typeddict-item]


def numbers(replica: int, styled: bool, clip: bool) -> dict[str, Number]:
    """Every number, a little larger with every training seed."""
    kinds = ["class", *STYLES, ALL] if styled else ["class", ALL]
    sets = OBEYED if styled else {"seen": dict.fromkeys(kinds, OBEYED["seen"]["class"])}
    values = {f"{name}.{kind}": (sets[name][kind], "share") for name in sets for kind in kinds}
    chance = CHANCE if styled else dict.fromkeys(kinds, CHANCE["class"])
    values |= {f"{name}_chance.{kind}": (chance[kind], "share") for name in sets for kind in kinds}
    values |= {f"{name}_rank.{kind}": (0.7, "correlation") for name in sets for kind in STYLES if styled}
    values |= {name: (value, "share") for name, value in SHARES.items()}
    values |= {name: (value, "size") for name, value in SIZES.items()}
    more = 1 + 0.01 * replica
    return {
        name: number(value * more * (BY_CLIP.get(name, 1) if clip else 1), kind)
        for name, (value, kind) in values.items()
    }


def made_up(replica: int, styled: bool = True, clip: bool = False, attended: bool = True) -> Prompted:
    """What one training left: two combinations are held out, and all words are right in half of the images."""
    rng, found = np.random.default_rng(replica), numbers(replica, styled, clip)
    kinds = {"class": CLASSES, **(STYLES if styled else {})}
    table = pd.DataFrame(list(product(*kinds.values())), columns=list(kinds))
    template = TEMPLATE if styled else PLAIN
    table["caption"] = [template.format_map(row) for row in table.to_dict("records")]
    table["held_out"] = styled & table.index.isin([4, 13])
    table["trained"], table["n"] = np.where(table["held_out"], 0, 7), 5
    for kind in (*kinds, ALL):
        table[f"right_{kind}"] = rng.integers(0, 6, len(table)) / 5
    rows = [
        {"k": k, "done": 1 - k / STEPS, "word": word, "n": SHOWN}
        | columns("share", number(0.2, "share"))
        | columns("focus", number(1.5, "size"))
        for k in range(STEPS, 0, -1)
        for word in (*kinds, "other")
    ]
    words = table[list(kinds)][:SHOWN].to_numpy().tolist()
    pictures = {"grid": rng.integers(0, 255, (len(table), SIDE, SIDE, 1), dtype=np.uint8)}
    if attended:
        pictures["final"] = pictures["grid"][:SHOWN]
        pictures["clean"] = rng.integers(0, 255, (SHOWN, 2, SIDE, SIDE, 1), dtype=np.uint8)
        pictures["attention"] = rng.random((SHOWN, len(kinds), 2, SIDE, SIDE), dtype=np.float32)
        pictures["columns"] = np.array([STEPS, 1])
    curve = pd.DataFrame({"images_seen": [0, 9], "train_loss": [np.nan, 0.2], "validation_loss": [1.0, 0.25]})
    costs = {"images": 600 if clip else 1000, "clip_from": 200 if clip else None, "multiply_adds": 10**7}
    costs |= {"clip_multiply_adds": 10**7 if clip else 0, "parameters": 12345, "text_parameters": 678, "seconds": 9.5}
    return Prompted(
        found,
        pd.DataFrame({name: each["value"] + 0.01 * rng.random(200) for name, each in found.items()}),
        table,
        curve,
        costs,
        pd.DataFrame(rows) if attended else pd.DataFrame(),
        pictures,
        words if attended else [],
    )


def sections(styled: bool, clip: bool) -> dict:
    whole: Params = defaults()
    return {
        "text": whole.text.model_copy(update={"clip_weight": 0.1 if clip else 0.0}),
        "data": whole.data.model_copy(update={"caption": TEMPLATE if styled else PLAIN}),
    }


@pytest.fixture
def made(study, result) -> Callable[..., Found]:
    """made(replicas, styled=True, clip=True): what the stage left on disk, as the chapter reads it."""

    def make(replicas: int, styled: bool = True, clip: bool = True) -> Found:
        runs = {"baseline": [result(i, 1.0) for i in range(replicas)]}
        whole = study(runs, **sections(styled, clip))
        folder = whole.outputs / "text"
        for network in (TEXT, CLIP_LOSS) if clip else (TEXT,):
            for replica in range(replicas):
                attended = network == TEXT and replica == 0
                one = made_up(replica, styled, network == CLIP_LOSS, attended)
                one.save(prompted.found(folder, network, replica))
        return chapter.read(whole)

    return make


def test_numbers_are_those_of_the_made_up_trainings(made) -> None:
    found = chapter.numbers(made(3))
    for name, each in found.items():
        assert np.isfinite(each["value"]), name
        if "ci95" in each:
            low, high = each["ci95"]
            assert low - 1e-9 <= each["value"] <= high + 1e-9, name
    value = {name: each["value"] for name, each in found.items()}
    assert value["text.text.fd_classifier"] == pytest.approx(4 * 1.01, rel=1e-3)
    assert value["text.clip_loss.fd_classifier_change"] == pytest.approx(-50)
    assert value["text.clip_loss.clip_score_change"] == pytest.approx(10)
    assert value["text.clip_loss.accuracy_change"] == pytest.approx(0.101, abs=1e-3)
    assert value["text.text.gap.all"] == pytest.approx(-0.101, abs=1e-3)
    assert value["text.text.seen_rank.slant"] == pytest.approx(0.707)
    assert value["text.text.multiply_adds"] == pytest.approx(1000 * 10**7)
    assert value["text.clip_loss.multiply_adds"] == pytest.approx((600 + 400) * 10**7)
    assert value["text.clip_loss.images_change"] == pytest.approx(-40)
    assert (value["text.text.loss"], value["text.text.parameters"]) == pytest.approx((0.25, 12345))
    assert (value["text.text.attended.1.slant.share"], value["text.text.attended.4.other.focus"]) == (0.2, 1.5)
    assert found["text.text.seen.all"]["replicas"] == pytest.approx([0.5, 0.505, 0.51])


def test_claims_are_decided_over_training_seeds_by_pairs(made, deciding) -> None:
    judge = {"judges.accuracy": {"value": 0.99, "n": 9, "required": 0.9}}
    summary = {**judge, **chapter.numbers(made(3))}
    decided = {each.name: each for each in decide(CLAIMS, summary, [], deciding)}
    value = {name: each.number["value"] for name, each in decided.items() if each.number}
    assert value == {
        "text_names_class": pytest.approx(60, abs=2),
        "text_sets_slant": pytest.approx(40, abs=2),
        "text_sets_stroke": pytest.approx(20, abs=2),
        "text_composes": pytest.approx(30, abs=2),
        "clip_loss_raises_fidelity": pytest.approx(10, abs=1),
        "clip_loss_pleases_clip": pytest.approx(10),
        "clip_loss_brings_nearer": pytest.approx(100),
    }
    assert {each.verdict for each in decided.values()} == {"supported"}
    poor = {**summary, "judges.accuracy": {"value": 0.5, "n": 9, "required": 0.9}}
    judged = {each.name for each in decide(CLAIMS, poor, [], deciding) if each.number is None}
    assert judged == set(value) - {"text_sets_slant", "text_sets_stroke", "clip_loss_pleases_clip"}
    absent = decide(CLAIMS, judge, [], deciding)
    assert {(each.verdict, "told captions" in each.needs) for each in absent} == {("no data", True)}


def test_one_training_seed_decides_nothing(made, deciding) -> None:
    judge = {"judges.accuracy": {"value": 0.99, "n": 9, "required": 0.9}}
    found = made(1)
    summary = {**judge, **chapter.numbers(found)}
    assert {each.verdict for each in decide(CLAIMS, summary, [], deciding)} == {"one seed only"}
    assert "cannot say whether `clip_loss` learned" in chapter.finding(found, summary).says


def test_claims_without_style_or_clip_in_the_loss_have_no_data(made, deciding) -> None:
    summary = {
        "judges.accuracy": {"value": 0.99, "n": 9, "required": 0.9},
        **chapter.numbers(made(3, styled=False, clip=False)),
    }
    needs = {each.name: each.needs for each in decide(CLAIMS, summary, [], deciding) if each.verdict == "no data"}
    assert set(needs) == {claim.name for claim in CLAIMS} - {"text_names_class"}
    assert "text.clip_weight" in needs["clip_loss_pleases_clip"]
    assert "text.held_out" in needs["text_composes"]


@pytest.mark.parametrize(("replicas", "styled", "clip"), [(3, True, True), (1, True, True), (3, False, False)])
def test_the_page_has_its_parts_and_whole_tables(made, tmp_path: Path, replicas: int, styled: bool, clip: bool) -> None:
    found = made(replicas, styled, clip)
    summary = chapter.numbers(found)
    with unrendered():
        pictures = chapter.draw(found, summary, tmp_path / "figures/text")
    page = chapter.page(found, summary, pictures)
    linked = {link.split(")")[0] for link in page.split("](figures/")[1:]}
    assert linked == {path.relative_to(tmp_path / "figures").as_posix() for path in (tmp_path / "figures").rglob("*.*")}
    assert len(linked) == 5 + clip
    for block in re.findall(r"(?:^\|.*\n)+", page, re.M):
        assert len({row.count("|") for row in block.splitlines()}) == 1, block
    assert not re.search(r"{{|None|nan\b", re.sub(r"\w+=None", "", page))
    assert ("3 training seeds" in page) == (replicas == 3)
    assert ("held-out combinations, %" in page) == ("rank correlation |" in page) == styled
    assert ("name the class alone" in page) == (not styled)
    assert ("## Does CLIP in the loss help?" in page) == clip
    assert ("`text.clip_weight` is 0" in page) == (not clip)
    assert "`outputs/text/text/model/0` is a pipeline" in page
    assert ("Of the 27 combinations" in page) == styled
    said = chapter.finding(found, summary)
    assert said.picture in pictures
    assert ("all words that it asks for in 5" in said.says) == styled
    assert {claim.figure for claim in CLAIMS} - {"clip_loss"} <= set(pictures)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "learned more: its CLIP score rises"),
        ({"spread": -8.5}, "learned more: its CLIP score rises"),
        ({"fd_classifier": 1.5}, "learned in part: its CLIP score rises"),
        ({"accuracy": 0.0, SECOND: 0.0, "fd_classifier": 1.5}, "not shown to have learned more"),
        ({"clip_score": 0.0}, "did not even please CLIP"),
    ],
)
def test_a_network_learned_where_what_took_no_part_in_the_loss_agrees(made, changes: dict, says: str) -> None:
    found = made(2)
    summary = chapter.numbers(found)
    signs = {"seen.all": 0.0, "held_out.all": 0.0, "confidence": 0.0, "accuracy": 0.1, SECOND: 0.1, "clip_score": 0.1}
    for name, sign in {**signs, "fd_classifier": -1.5, **changes}.items():
        summary[f"text.clip_loss.{name}_change"] |= {"value": sign, "p": 0.001 if sign else 1.0}
    assert says in chapter.finding(found, summary).says
    for name in signs:
        summary[f"text.clip_loss.{name}_change"]["p"] = 0.02 if name == "clip_score" else 0.01
    summary["text.clip_loss.fd_classifier_change"]["p"] = 0.01
    assert "better: none; worse: none" in chapter.finding(found, summary).says, "0.01 is no rarity among six"


def test_a_network_composes_where_held_out_captions_are_obeyed_beyond_chance(made, tmp_path: Path) -> None:
    found = made(2)
    summary = chapter.numbers(found)
    with unrendered():
        pictures = chapter.draw(found, summary, tmp_path)
    summary["text.text.gap.all"]["ci95"] = [-0.2, -0.1]
    page = chapter.page(found, summary, pictures)
    assert "more often than chance would, and less often than those" in page
    assert "has no training image of" in page
    summary["text.effects.text_composes"]["ci95"] = [-1.0, 1.0]
    summary["text.text.gap.all"]["ci95"] = [-0.2, 0.1]
    assert "no certain gain over chance, and with no certain difference from those" in chapter.page(
        found, summary, pictures
    )


def test_a_board_has_every_combination_in_its_place() -> None:
    table = made_up(0).combinations
    on = figures.board(table)
    assert on.classes == list(CLASSES)
    assert on.styles[:4] == ["leaning left, thin", "leaning left, medium", "leaning left, bold", "upright, thin"]
    captions = on.filled(table["caption"].to_numpy(), "")
    assert captions[4, 1] == "the digit 1, upright, in a medium stroke"
    assert figures.board(made_up(0, styled=False).combinations).styles == [""]


def test_switched_off_there_is_no_chapter_and_what_is_missing_is_a_sentence(study, result) -> None:
    whole = study({"baseline": [result(0, 1.0)]}, **sections(True, True))
    assert chapter.read(whole) is None
    (whole.outputs / "text").mkdir()
    assert chapter.read(whole) is None
    made_up(0).save(prompted.found(whole.outputs / "text", TEXT, 0))
    with pytest.raises(UserError, match="clip_loss"):
        chapter.read(whole)

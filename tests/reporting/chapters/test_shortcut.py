"""What the chapter says of ways to save time is what was measured, for every subject."""

import re
from dataclasses import replace

import pytest

from pipeline.anatomy.effects import Shortcuts
from pipeline.reporting.chapters.shortcut import chapter
from pipeline.reporting.chapters.shortcut.chapter import Found
from pipeline.reporting.claims import decide
from pipeline.reporting.table import TOGETHER


@pytest.fixture
def found(values, compared) -> Found:
    return Found(values, "FD (classifier)", {"baseline": compared})


ABLE = {"value": 0.99, "n": 100, "ci95": [0.98, 1.0], "required": 0.95}


def test_every_number_has_its_n_and_its_interval_holds_it(found) -> None:
    numbers = chapter.numbers(found)
    assert len(numbers) > 30
    for name, number in numbers.items():
        assert number["n"] >= 1, name
        if "ci95" in number:
            assert number["ci95"][0] <= number["value"] <= number["ci95"][1], name


def test_the_page_says_what_the_numbers_say(found, tmp_path) -> None:
    summary = chapter.numbers(found)
    pictures = chapter.draw(found, summary, tmp_path / "shortcut")
    page = chapter.page(found, summary, pictures)
    assert f"| 0.778 [0.750{TOGETHER}0.790] |" in page, "the source's strategy"
    assert f"| source, zeros | 8 | 30 | 25 [23{TOGETHER}26] |" in page
    linked = {link.split(")")[0] for link in page.split("](figures/")[1:]}
    assert linked == {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png")}
    for block in re.findall(r"(?:^\|.*\n)+", page, re.M):
        assert len({row.count("|") for row in block.splitlines()}) == 1, block
    said = chapter.finding(found, summary).says
    assert "shortcut on `baseline` saves 30 % of the multiply-adds, at an SSIM of 0.778 [0.750, 0.790], with FD" in said
    assert "A schedule that was searched for saves 70 %" in said


def test_without_a_judge_no_distance_is_named(found, compared, tmp_path) -> None:
    columns = [name for name in compared.methods if not name.startswith("frechet")]
    bare = replace(found, subjects={"baseline": replace(compared, methods=compared.methods[columns])})
    summary = chapter.numbers(bare)
    page = chapter.page(bare, summary, chapter.draw(bare, summary, tmp_path))
    assert "| FD (classifier) |" not in page
    assert not any(name.endswith(".frechet") for name in summary)
    assert "FD (classifier)" not in chapter.finding(bare, summary).says


def test_claims_are_the_subject_s_effects(found, deciding) -> None:
    summary = {"judges.accuracy": ABLE, **chapter.numbers(found)}
    decided = {each.claim.name: each for each in decide(chapter.CLAIMS, summary, ["baseline"], deciding)}
    assert decided["strategy_saves"].verdict == "contradicted"
    assert decided["strategy_saves"].number["ci95"] == [-4, -1], "in percent points"
    assert "six timed runs" in decided["found_saves_more"].needs
    assert "a schedule that was found" in decided["beats_fewer_steps_in_likeness"].needs


def test_distances_are_claimed_where_the_judge_can_judge(found, deciding) -> None:
    summary = chapter.numbers(found)
    summary["shortcut.baseline.effects.likeness_beats_fewer_steps"] = {"value": -2, "n": 9, "ci95": [-3, -1]}

    def verdict(judge: dict) -> str:
        decided = decide(chapter.CLAIMS, {"judges.accuracy": judge, **summary}, ["baseline"], deciding)
        return {each.claim.name: each.verdict for each in decided}["likeness_beats_fewer_steps"]

    assert verdict({**ABLE, "required": 0.995}) == "no data"
    assert verdict(ABLE) == "contradicted"


def test_methods_have_dotted_names_of_their_own(compared) -> None:
    methods = list(compared.methods["method"])
    slugs = {chapter.slug(name) for name in methods}
    assert len(slugs) == len(methods)
    assert all(re.fullmatch(r"\w+", slug) for slug in slugs)


def test_every_effect_of_the_shortcuts_decides_a_claim() -> None:
    assert {claim.name for claim in chapter.CLAIMS} == {effect.value for effect in Shortcuts}

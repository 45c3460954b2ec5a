"""What the chapter says of ways to save time is what was measured, for every subject."""

import re
from dataclasses import replace

import pytest

from pipeline.anatomy import overall
from pipeline.anatomy.effects import Shortcuts
from pipeline.anatomy.interventions import parse
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
    row = next(line for line in page.splitlines() if line.startswith("| source, zeros |"))
    assert row.startswith(f"| source, zeros | 8 | 30 | 25 [23{TOGETHER}26] | 0.778 [0.750{TOGETHER}0.790] | 0.050 |")
    assert row.endswith(f"| 0.26 [0.20{TOGETHER}0.30] | 25 | 80 [70{TOGETHER}90] | 2.00 [1.90{TOGETHER}2.10] |")
    real = next(line for line in page.splitlines() if line.startswith("| real test images"))
    assert real.endswith(f"| 0.80 [0.70{TOGETHER}0.90] |")
    assert f"It saves -2 [-5{TOGETHER}5] % of the time" in page, "what nothing looks like"
    assert "It saves 10 % of the multiply-adds by leaving out blocks, and 20 % by ending early." in page
    assert "`found, ssim-0.795` only jumps over steps: it is the same sampler in 5 uneven steps" in page
    assert "Nothing that was tried is good enough for `found, ssim-0.97`." in page
    assert "Nothing that was tried is good enough for `found, distance`." in page
    assert "enough for `found, ssim-0.795`" not in page
    linked = {link.split(")")[0] for link in page.split("](figures/")[1:]}
    assert linked == {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png")}
    for block in re.findall(r"(?:^\|.*\n)+", page, re.M):
        assert len({row.count("|") for row in block.splitlines()}) == 1, block
    said = chapter.finding(found, summary).says
    assert "shortcut on `baseline` saves 30 % of the multiply-adds, at a likeness of 0.26 [0.20, 0.30], with FD" in said
    assert "A schedule that was searched for saves 70 %" in said
    assert "All steps come to FD (classifier) 1.00 [0.90, 1.10], and as many real images to 0.80 [0.70, 0.90]" in said


def test_without_a_judge_no_distance_is_named(found, compared, tmp_path) -> None:
    columns = [name for name in compared.methods if not name.startswith(("frechet", "kept"))]
    blind = replace(compared, methods=compared.methods[columns], real=None)
    bare = replace(found, subjects={"baseline": blind})
    summary = chapter.numbers(bare)
    page = chapter.page(bare, summary, chapter.draw(bare, summary, tmp_path))
    assert "| FD (classifier) |" not in page
    assert not any(name.endswith(".frechet") for name in summary)
    assert "FD (classifier)" not in chapter.finding(bare, summary).says


def test_claims_are_the_subject_s_effects(found, deciding) -> None:
    summary = {"judges.accuracy": ABLE, **chapter.numbers(found)}
    decided = {each.claim.name: each for each in decide(chapter.CLAIMS, summary, ["baseline"], deciding)}
    assert decided["strategy_keeps_likeness"].verdict == "contradicted"
    assert "a schedule that was found" in decided["distance_beats_fewer_steps"].needs


def test_distances_are_claimed_where_the_judge_can_judge(found, deciding) -> None:
    summary = chapter.numbers(found)
    summary["shortcut.baseline.effects.likeness_beats_fewer_steps"] = {"value": -2, "n": 9, "ci95": [-3, -1]}

    def verdict(judge: dict) -> str:
        decided = decide(chapter.CLAIMS, {"judges.accuracy": judge, **summary}, ["baseline"], deciding)
        return {each.claim.name: each.verdict for each in decided}["likeness_beats_fewer_steps"]

    assert verdict({**ABLE, "required": 0.995}) == "no data"
    assert verdict(ABLE) == "contradicted"


def removals(number: int, interval: int, end: int) -> list[dict]:
    """DeepCache of ten steps that ends early."""
    whole = range(10, end - 1, -interval)
    cuts = [{"start": k - 1, "count": min(interval - 1, k - end)} for k in whole if k > end]
    of = {"remove": "blocks", "number": number, "fill": "cache"}
    return [*({**of, **cut} for cut in cuts), {"remove": "rest", "start": end}]


def test_a_schedule_that_is_a_rival_by_another_name_is_called_so(compared) -> None:
    found = compared.policies["ssim-0.795"]
    cached = found.model_copy(update={"intervention": parse(removals(3, 4, 2))})
    assert chapter._form("ssim-0.97", cached) == (
        "`found, ssim-0.97` is DeepCache: 3 of 4 blocks come from the last whole call at all steps but one in 4, which "
        "ends at step 2 of 10."
    )
    once = parse([{"remove": "blocks", "number": 3, "start": 8, "count": 3, "fill": "cache"}])
    uneven = chapter._form("distance", found.model_copy(update={"intervention": once}))
    assert uneven == (
        "`found, distance` leaves out blocks as DeepCache does, whose last output stands in, at other steps."
    )
    zeros = parse([{"remove": "blocks", "number": 3, "start": 8, "count": 3}])
    assert chapter._form("ssim-0.97", found.model_copy(update={"intervention": zeros})) is None
    assert chapter._form("ssim-0.97", found.model_copy(update={"intervention": []})) is None


def test_methods_have_dotted_names_of_their_own(compared) -> None:
    methods = list(compared.methods["method"])
    slugs = {chapter.slug(name) for name in methods}
    assert len(slugs) == len(methods)
    assert all(re.fullmatch(r"\w+", slug) for slug in slugs)


def test_every_effect_of_the_shortcuts_decides_a_claim() -> None:
    assert {claim.name for claim in chapter.CLAIMS} == {effect.value for effect in Shortcuts}


def test_several_networks_decide_claims_and_the_first_is_shown(found, compared, tmp_path) -> None:
    shifted = {name: {**effect, "value": effect["value"] + 1} for name, effect in compared.effects.items()}
    other = replace(compared, effects=shifted, methods=compared.methods.assign(cost=0.1))
    both = Found(found.params, found.distance, {"baseline": overall.compared([compared, other])})
    summary, alone = chapter.numbers(both), chapter.numbers(found)
    effects = [name for name in alone if ".effects." in name]
    for name in effects:
        assert summary[name]["value"] == pytest.approx(alone[name]["value"] + 0.5)
    assert {name: n for name, n in summary.items() if name not in effects} == {
        name: n for name, n in alone.items() if name not in effects
    }
    page = chapter.page(both, summary, chapter.draw(both, summary, tmp_path / "shortcut"))
    assert "The claims are decided over 2 networks" in page
    assert "belongs to the network" not in chapter.page(found, alone, chapter.draw(found, alone, tmp_path / "alone"))

"""What the chapter says of sweeps is what they found, for every subject."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from pipeline.anatomy import overall
from pipeline.anatomy.effects import Sweeps
from pipeline.reporting.chapters.intervene import chapter, sheets
from pipeline.reporting.chapters.intervene.chapter import Found, limit
from pipeline.reporting.claims import decide
from tests.reporting.unrendered import unrendered


def test_every_number_has_its_n_and_its_interval_holds_it(swept, values) -> None:
    found = chapter.numbers(Found(values, {"baseline": swept}))
    assert len(found) > 80
    for name, number in found.items():
        assert number["n"] >= 1, name
        low, high = number["ci95"]
        assert low <= number["value"] <= high, name
    shares = [number for name, number in found.items() if name.endswith(".kept")]
    assert shares
    assert {number["kind"] for number in shares} == {"share"}


def test_the_page_says_what_the_numbers_say_of_every_subject(swept, values, tmp_path) -> None:
    found = Found(values, {"baseline": swept, "cat": swept})
    summary = chapter.numbers(found)
    chapter.draw(Found(values, {"baseline": swept}), summary, tmp_path / "rendered")
    with unrendered():
        pictures = chapter.draw(found, summary, tmp_path / "figures/intervene")
    page = chapter.page(found, summary, pictures)
    assert re.findall(r"^## `(\w+)`$", page, re.M) == ["baseline", "cat"]
    first = summary["intervene.baseline.phases.composition_ends"]
    assert page.count(f"they would meet at step {first['value']:g}") == 2, "SSIM falls evenly in this toy"
    assert page.count("a mean SSIM of 0.30 [") == 2
    assert (
        page.count("Of the lengths of a cut that were asked for, 0 of 4 were not tried, and of the rests 0 of 4:") == 2
    )
    linked = {link.split(")")[0] for link in page.split("](figures/")[1:]}
    figures = tmp_path / "figures"
    assert linked == {path.relative_to(figures).as_posix() for path in figures.rglob("*.png")}
    for block in re.findall(r"(?:^\|.*\n)+", page, re.M):
        assert len({row.count("|") for row in block.splitlines()}) == 1, block
    assert {picture.of for picture in pictures.values()} == {"baseline", "cat"}


def test_what_was_asked_for_and_not_tried_is_counted_and_named(swept, values) -> None:
    longer = values.intervene.model_copy(update={"durations": [1, 2, 7], "relaxations": [0]})
    found = Found(values.model_copy(update={"intervene": longer}), {"baseline": swept})
    page = chapter.page(found, chapter.numbers(found), {})
    assert "asked for, 2 of 6 (7 with nb = 1; 7 with nb = 3) were not tried, and of the rests 0 of 2:" in page


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((0.1, 2.0), "The curves fall into three levels"),
        ((-0.1, 2.0), "three levels are not shown to fit better"),
        ((-2.0, -0.1), "three levels do not fit better"),
    ],
)
def test_phases_are_told_where_three_levels_fit_better(swept, values, ends: tuple[float, float], said: str) -> None:
    found = Found(values, {"baseline": swept})
    summary = chapter.numbers(found)
    summary["intervene.baseline.effects.three_phases"]["ci95"] = list(ends)
    assert said in chapter.page(found, summary, {})
    assert said in chapter.finding(found, summary).says


def test_without_enough_starts_no_phases_are_told(swept, values) -> None:
    few = {name: n for name, n in swept.findings.items() if "phases" not in name}
    found = Found(values, {"baseline": replace(swept, findings=few)})
    summary = chapter.numbers(found)
    assert "Phases are not told here" in chapter.page(found, summary, {})
    assert chapter.finding(found, summary) is None


@pytest.mark.parametrize("noise", ["whole", "step"])
def test_the_page_says_what_noise_a_jump_draws(swept, values, noise: str) -> None:
    asked = values.model_copy(update={"intervene": values.intervene.model_copy(update={"jump_noise": noise})})
    found = Found(asked, {"baseline": swept})
    page = chapter.page(found, chapter.numbers(found), {})
    other = {"whole": "step", "step": "whole"}[noise]
    assert f"`intervene.jump_noise: {other}`" in page
    assert f"`intervene.jump_noise: {noise}`" not in page
    ddim = asked.model_copy(update={"sampler": asked.sampler.model_copy(update={"name": "ddim"})})
    plain = Found(ddim, found.subjects)
    assert "jump_noise" not in chapter.page(plain, chapter.numbers(plain), {}), "ddim draws no noise"


@pytest.mark.parametrize("fills", [["cache"], ["cache", "zeros"]])
def test_what_stands_in_first_is_drawn_whatever_it_is(swept, values, tmp_path, fills: list[str]) -> None:
    found = Found(values, {"baseline": swept})
    summary = chapter.numbers(found)
    with unrendered():
        drawn = set(chapter.draw(found, summary, tmp_path / "zeros"))
    usual = swept.curves.assign(fill="cache")
    usual.loc[usual["sweep"].isin(["jump", "end"]), "fill"] = "zeros"
    both = pd.concat([usual, swept.curves[swept.curves["sweep"] == "blocks"]]) if len(fills) > 1 else usual
    asked = values.model_copy(update={"intervene": values.intervene.model_copy(update={"fills": fills})})
    cached = Found(asked, {"baseline": replace(swept, curves=both)})
    pictures = chapter.draw(cached, summary, tmp_path / "cached")
    assert set(pictures) == drawn
    page = chapter.page(cached, summary, pictures)
    assert ("Dashed: zeros in place of their last output" in page) == (len(fills) > 1)


@pytest.mark.parametrize("whole", [True, False])
def test_a_sheet_says_which_places_were_not_tried(swept, tmp_path, whole: bool) -> None:
    rests = swept.curves[swept.curves["sweep"] == "relax"]
    kept = replace(swept, curves=rests if whole else rests.iloc[1:])
    ((_, caption),) = sheets.draw(tmp_path, kept, swept.cells.assign(changed=False), 3, "zeros")
    assert ("White places" in caption) != whole


def test_limits_are_told_in_words_where_none_was_found() -> None:
    def number(value: float, low: float, high: float, **more: float) -> dict:
        return {"value": value, "n": 9, "ci95": [low, high], **more}

    assert limit(None) == "\u2013"
    assert limit(number(33.5, 22, 33.5)) == "33.5 [22, 33.5]"
    assert limit(number(0, 0, 5), 0, "never") == "never [never, 5]"
    assert limit(number(25, 25, 25, tried=25), 0, "none") == "at least 25"
    assert limit(number(12, 12, 25, tried=25), 0, "none") == "12 [12, 25]"
    assert limit(number(21, 10, 21, tried=20)) == "more than 20 [10, more than 20]"
    assert limit(number(10, 0, 21, tried=20)) == "10 [0, more than 20]"


def test_claims_of_the_loop_are_decided_for_every_subject(swept, values, deciding) -> None:
    found = Found(values, {"baseline": swept, "cat": swept})
    both = decide(chapter.CLAIMS, chapter.numbers(found), ["baseline", "cat"], deciding)
    decided = {each.name: each for each in both}
    assert len(decided) == 2 * len(chapter.CLAIMS)
    ours, theirs = (decided[f"{subject}.first_steps_compose"] for subject in ("baseline", "cat"))
    assert (ours.verdict, ours.number) == ("supported", theirs.number), "classes are lost early in this toy"
    (nobody,) = decide(chapter.CLAIMS[:1], {}, [], deciding)
    assert (nobody.verdict, nobody.needs) == ("no data", "a subject")


def test_every_effect_of_the_sweeps_decides_a_claim_and_is_measured_under_its_name(swept) -> None:
    assert {claim.name for claim in chapter.CLAIMS} == {effect.value for effect in Sweeps}
    measured = {name.removeprefix("effects.") for name in swept.findings if name.startswith("effects.")}
    assert measured <= {effect.value for effect in Sweeps}
    assert len(measured) >= 5


def test_several_networks_are_one_subject(swept, values, tmp_path) -> None:
    own, rests = swept.curves["sweep"].isin(["duration", "relax"]), swept.curves["sweep"] == "relax"
    later = swept.curves.assign(
        start=swept.curves["start"] + own,
        n=swept.curves["n"] + rests,
        cell=swept.curves["cell"].where(~own, "later-" + swept.curves["cell"]),
    )
    limits = {
        name: {**number, "value": number["value"] + 2} if name.endswith("redundant_from") else number
        for name, number in swept.findings.items()
    }
    both = overall.intervened([swept, replace(swept, curves=later, findings=limits)])
    assert len(both.curves) == len(swept.curves), "a cut from another start is the same cell"
    assert set(both.curves.loc[both.curves["sweep"] == "relax", "cell"]) == {
        f"relax-{nb:02d}-r{rest:02d}" for nb in (1, 3) for rest in (0, 2)
    }
    assert set(both.images) == {"untouched", *both.curves["cell"]} >= set(both.cells["cell"])
    assert (both.curves["n_seeds"] == 2 * swept.curves["n_seeds"]).all()
    first = swept.findings["limits.1.zeros.redundant_from"]["value"]
    assert both.findings["limits.1.zeros.redundant_from"]["ci95"] == [first, first + 2]
    found = Found(values, {"baseline": both})
    summary = chapter.numbers(found)
    with unrendered():
        page = chapter.page(found, summary, chapter.draw(found, summary, tmp_path))
    assert "over 2 networks" in page
    assert "the least and the greatest of the networks" in page
    assert "(the median of the networks, with the least and the greatest in grey)" in page
    assert f"(n = {2 * swept.curves['n_seeds'].iloc[0]} seeds)" in page


def test_a_cell_that_one_network_alone_came_to_is_left_out(swept) -> None:
    fewer = replace(swept, curves=swept.curves[swept.curves["sweep"] != "relax"])
    assert "relax" not in set(overall.intervened([swept, fewer]).curves["sweep"])
    assert "relax" in set(overall.intervened([swept, swept, fewer]).curves["sweep"])

"""What the chapter says of CLIP's scores is what was found, over training seeds."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.judges import scored
from pipeline.judges.scored import Scored
from pipeline.judges.seeing import Seeing
from pipeline.params import FLOOR
from pipeline.reporting.chapters.scores import chapter, claims
from pipeline.reporting.chapters.scores.chapter import Found
from pipeline.reporting.chapters.scores.claims import CLAIMS, COMPLEX, LATER, WITH_ACCURACY
from pipeline.reporting.claims import decide
from pipeline.reporting.table import NOTHING
from tests.reporting.unrendered import unrendered

MARKS = {"32": (0.3, 0.6), "end": (0.1, 1.8)}  # mark -> how blurry, and the CLIP score
FALL = 0.1  # of the score from one class to the next


def one(seed: int, count: int = 30, marks: tuple[str, ...] = tuple(MARKS)) -> Scored:
    """A training whose images get better, and whose class 0 scores best."""
    rng, tables, cmmd = np.random.default_rng(seed), [], {}
    for mark in marks:
        blurry, score = (each + 0.01 * rng.normal(size=count) for each in MARKS[mark])
        labels = np.arange(count) % 3
        rest = {"good": 0.6 * (1 - blurry), "clear": 0.4 * (1 - blurry), "blurry": blurry}
        found = {"mark": mark, "id": np.arange(count) + 100, "label": labels, "clip_score": score - FALL * labels}
        tables.append(pd.DataFrame({**found, **rest, "quality": 1 - 2 * blurry, "seen_as": labels, "confidence": 0.9}))
        cmmd[mark] = {"value": 0.2 + 0.01 * rng.normal(), "n": count, "ci95": [0.1, 0.3], "n_reference": 90}
    replicates = pd.DataFrame({mark: 0.2 + 0.01 * rng.normal(size=200) for mark in marks})
    return Scored(pd.concat(tables, ignore_index=True), cmmd, replicates)


def seeing(**changes: float) -> Seeing:
    values = {"zero_shot": 0.98, "calibration": 0.95, "clear_blurry": 0.99, **changes}
    return Seeing("own", 123_456, 0.9, {name: {"value": v, "n": 45, "ci95": [v, v]} for name, v in values.items()})


@pytest.fixture
def found(study, results) -> Found:
    baseline, wide = ([result] * 3 for result in (results["baseline"][0], results["wide"][0]))
    made = study({"baseline": baseline, "wide": wide})
    each = {v: [one(10 * i + j) for j in range(3)] for i, v in enumerate(("baseline", "wide"))}
    return Found(made, seeing(), each, one(99, 30, ("end",)))


def test_what_was_found_comes_back_from_the_disk(study, results) -> None:
    made = study(results)
    assert chapter.read(made) is None
    for variant in ("baseline", "wide"):
        one(0).save(made.outputs / f"scores/{variant}/0")
    one(9, 30, ("end",)).save(made.outputs / "scores" / FLOOR)
    assert chapter.read(made) is None, "without the judge's quality there is nothing to believe"
    seeing().save(made.outputs / "clip")
    back = chapter.read(made)
    assert (list(back.scored), back.seeing) == (["baseline", "wide"], seeing())
    pd.testing.assert_frame_equal(back.scored["wide"][0].images, one(0).images, rtol=1e-5)
    assert scored.load(made.outputs / "scores" / FLOOR).cmmd == one(9, 30, ("end",)).cmmd


def test_numbers_are_means_over_images_and_training_seeds(found: Found) -> None:
    summary = chapter.numbers(found)
    each = [table.of("end")["clip_score"].mean() for table in found.scored["baseline"]]
    mine = summary["scores.baseline.clip_score"]
    assert mine["value"] == pytest.approx(np.mean(each))
    assert mine["replicas"] == pytest.approx(each)
    assert mine["ci95"][0] < mine["value"] < mine["ci95"][1]
    assert summary["scores.baseline.32.blurry"]["value"] == pytest.approx(0.3, abs=0.01)
    classes = [summary[f"scores.baseline.class.{label}.clip_score"]["value"] for label in range(3)]
    np.testing.assert_allclose(-np.diff(classes), FALL, atol=0.02)
    assert summary["clip.zero_shot"]["required"] == 0.9
    assert summary["scores.floor.cmmd"]["n_reference"] == 90


def test_effects_are_signed_for_their_claims(found: Found, deciding) -> None:
    summary = chapter.numbers(found) | {"judges.accuracy": {"value": 0.98, "required": 0.95, "n": 45}}
    later = summary[f"scores.effects.{LATER}"]
    assert later["value"] == pytest.approx(20, abs=1), "good and clear rise by what blurry falls"
    assert later["n"] == 30
    assert summary[f"scores.effects.{COMPLEX}"]["value"] == pytest.approx(1), "longer strokes score lower here"
    assert summary[f"scores.effects.{WITH_ACCURACY}"]["n"] == 4
    decided = {each.claim.name: each for each in decide(CLAIMS, summary, [], deciding)}
    assert decided[LATER].verdict == "supported"
    assert decided["simple_digits_score_highest"].needs.startswith("the classes 0, 1, 5")


def test_nothing_is_decided_by_a_clip_that_cannot_judge(found: Found, deciding) -> None:
    blind = Found(found.study, seeing(calibration=0.89), found.scored, found.floor)
    summary = chapter.numbers(blind)
    assert {each.needs for each in decide(CLAIMS, summary, [], deciding)} == {"a CLIP that can judge"}
    assert all("(clip)" in each.needs for each in decide(CLAIMS, {}, [], deciding))
    assert chapter.finding(blind, summary) is None


def test_the_source_s_scores_stand_beside_those_of_its_classes(
    found: Found, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    summary = chapter.numbers(found)
    with unrendered():
        pictures = chapter.draw(found, summary, tmp_path)
    assert "| source |" not in chapter.page(found, summary, pictures)
    monkeypatch.setattr(claims, "PRINTED", {"a": "0.92 to 0.95", "c": "0.75 to 0.8"})
    page = chapter.page(found, summary, pictures)
    rows = {line.split("|")[1].strip(): line.split("|")[-2].strip() for line in page.splitlines() if "|" in line}
    assert [rows[name] for name in ("class", "a", "b", "c")] == ["source", "0.92 to 0.95", NOTHING, "0.75 to 0.8"]
    assert "compare the order.\n\n## Best and worst" in page


@pytest.mark.parametrize("able", [True, False])
def test_the_page_shows_every_picture_and_whole_tables(found: Found, able: bool, tmp_path: Path) -> None:
    found = found if able else Found(found.study, seeing(zero_shot=0.5), found.scored, found.floor)
    summary = chapter.numbers(found)
    with unrendered():
        pictures = chapter.draw(found, summary, tmp_path / "figures/scores")
    page = chapter.page(found, summary, pictures)
    linked = {link.split(")")[0] for link in page.split("](figures/")[1:]}
    assert linked == {path.relative_to(tmp_path / "figures").as_posix() for path in (tmp_path / "figures").rglob("*.*")}
    for block in re.findall(r"(?:^\|.*\n)+", page, re.M):
        assert len({row.count("|") for row in block.splitlines()}) == 1, block
    assert ("**This CLIP cannot judge here.** Below the 90 %" in page) is not able
    assert '"a clear image of the digit {class}"' in page
    assert "built-in" not in page
    if able:
        assert "calls the images of `baseline` blurry with 30" in chapter.finding(found, summary).says

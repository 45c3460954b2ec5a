"""What the chapter says of guidance is what was found, paired by training seed."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.anatomy import guided
from pipeline.anatomy.guided import Guided
from pipeline.judges.evaluated import SECOND
from pipeline.params import Guidance
from pipeline.reporting.chapters.guidance import chapter, figures
from pipeline.reporting.chapters.guidance.chapter import Found
from pipeline.reporting.chapters.guidance.claims import CLAIMS
from pipeline.reporting.claims import decide
from tests.reporting.unrendered import defaults

CHANGES = {"scales": [0.0, 1.0, 3.0], "parts": 4, "steps": 8, "shown": 2, "seeds": 20}
DISTANCE = {"scale_0": 9.0, "scale_1": 2.0, "scale_3": 4.0, "guided_middle": 2.5, "guided_1": 2.2}
ACCURACY = {"scale_0": 0.1, "scale_3": 1.0, "told_1": 0.3, "told_2": 0.8, "told_3": 0.2, "told_4": 0.1}
SPREAD = {"scale_1": 0.9, "scale_3": 0.6}
SHARES, SIZES = ("precision", "recall", "coverage", "confidence", "accuracy", SECOND), ("fd_classifier", "density")


def chosen() -> Guidance:
    return defaults().guidance.model_copy(update=CHANGES)


def made_up(replica: int, clip: bool = True) -> Guided:
    """A training whose distances are 2 % larger than those of the one before, under every setting."""
    rng, settings = np.random.default_rng(replica), guided.settings(chosen())
    numbers: dict[str, dict] = {}
    replicates: dict[str, pd.DataFrame] = {}
    for each in settings:
        values = dict.fromkeys((*SHARES, *SIZES), 0.9) | {"spread": SPREAD.get(each.name, 0.8)}
        values |= {"clip_score": 1.5} if clip else {}
        values |= {"fd_classifier": DISTANCE.get(each.name, 2.1) * 1.02**replica}
        values |= {name: ACCURACY.get(each.name, 0.9) for name in ("accuracy", SECOND, "confidence")}
        numbers[each.name] = {
            name: {
                "value": value,
                "n": 20,
                "ci95": [0.9 * value, min(1.1 * value, 1) if name in SHARES else 1.1 * value],
            }
            | {"kind": "share" if name in SHARES else "size"}
            for name, value in values.items()
        }
        replicates[each.name] = pd.DataFrame({name: v + 0.01 * rng.random(200) for name, v in values.items()})
    table = pd.DataFrame([vars(each) for each in settings])
    table["rows"], table["multiply_adds"] = 8, 8000
    table.loc[table["name"] == "scale_3", "multiply_adds"] = 16000
    images = rng.integers(0, 255, (2, 8, 8, 1), dtype=np.uint8)
    return Guided(table, numbers, replicates, dict.fromkeys(numbers, images), np.arange(2))


@pytest.fixture
def made(study, result) -> Callable[[int], Found]:
    """made(replicas): guidance doubles the distance, and costs a third of the spread."""

    def make(replicas: int) -> Found:
        runs = {"baseline": [result(i, 1.0) for i in range(replicas)]}
        return Found(study(runs, guidance=chosen()), [made_up(i, clip=replicas > 1) for i in range(replicas)])

    return make


def test_numbers_are_those_of_the_made_up_trainings(made: Callable[[int], Found]) -> None:
    numbers = chapter.numbers(made(3))
    for name, number in numbers.items():
        assert np.isfinite(number["value"]), name
        if "ci95" in number:
            low, high = number["ci95"]
            assert low - 1e-9 <= number["value"] <= high + 1e-9, name
    value = {name: number["value"] for name, number in numbers.items()}
    assert value["guidance.scale_1.fd_classifier"] == pytest.approx(2 * 1.02)
    assert value["guidance.scale_3.fd_classifier_change"] == pytest.approx(100)
    assert value["guidance.scale_3.spread_change"] == pytest.approx(-100 / 3)
    assert value["guidance.told_2.accuracy_change"] == pytest.approx(-0.1)
    assert (value["guidance.scale_3.cost"], value["guidance.guided_1.cost"]) == (2, 1)
    assert value["guidance.scale_3.multiply_adds"] == 16000
    assert numbers["guidance.scale_3.fd_classifier_change"]["replicas"] == pytest.approx([100, 100, 100])
    assert "guidance.scale_1.fd_classifier_change" not in numbers


def test_claims_are_decided_over_training_seeds_by_pairs(made: Callable[[int], Found], deciding) -> None:
    judge = {"judges.accuracy": {"value": 0.99, "n": 9, "required": 0.9}}
    summary = {**judge, **chapter.numbers(made(3))}
    decided = {each.name: each for each in decide(CLAIMS, summary, [], deciding)}
    value = {name: each.number["value"] for name, each in decided.items() if each.number}
    assert value == {
        "class_steers": pytest.approx(80),
        "guidance_raises_fidelity": pytest.approx(10),
        "guidance_costs_diversity": pytest.approx(50),
        "strong_guidance_is_farther": pytest.approx(100),
        "middle_beats_all_steps": pytest.approx(60),
        "guidance_in_noise_harms": pytest.approx(10),
        "guidance_in_the_middle_helps": pytest.approx(-20),
        "first_part_decides_the_class": pytest.approx(-50),
    }
    assert decided["first_part_decides_the_class"].number["against"] == "2"
    verdicts = {name: each.verdict for name, each in decided.items()}
    contradicted = {"guidance_in_the_middle_helps", "first_part_decides_the_class"}
    assert verdicts == {name: "contradicted" if name in contradicted else "supported" for name in value}
    single = decide(CLAIMS, {**judge, **chapter.numbers(made(1))}, [], deciding)
    assert {each.verdict for each in single} == {"one seed only"}
    poor = {**summary, "judges.accuracy": {"value": 0.5, "n": 9, "required": 0.9}}
    assert {each.needs for each in decide(CLAIMS, poor, [], deciding)} == {"a judge that can judge"}
    assert {each.verdict for each in decide(CLAIMS, judge, [], deciding)} == {"no data"}


@pytest.mark.parametrize("replicas", [3, 1])
def test_the_page_shows_every_picture_and_whole_tables(made, replicas: int, tmp_path: Path) -> None:
    found = made(replicas)
    summary = chapter.numbers(found)
    pictures = chapter.draw(found, summary, tmp_path / "figures/guidance")
    page = chapter.page(found, summary, pictures)
    linked = {link.split(")")[0] for link in page.split("](figures/")[1:]}
    assert linked == {path.relative_to(tmp_path / "figures").as_posix() for path in (tmp_path / "figures").rglob("*.*")}
    assert len(linked) == 5
    for block in re.findall(r"(?:^\|.*\n)+", page, re.M):
        assert len({row.count("|") for row in block.splitlines()}) == 1, block
    assert ("3 training seeds" in page) == (replicas == 3)
    assert ("| CLIP score |" in page) == (replicas == 3)
    assert "guidance at no step leaves the images nearest to the real ones" in page
    assert {claim.figure for claim in CLAIMS} <= set(pictures)
    said = chapter.finding(found, summary)
    assert said.picture in pictures
    assert "spread within a class by -33 [" in said.says
    assert "part 2 of 4 of the loop alone, the network draws it in 80 [" in said.says


def test_settings_are_named_by_their_share_of_the_steps() -> None:
    shown = figures.in_parts(chosen())
    assert list(shown) == ["no step", "0 to 25 %", "25 to 50 %", "50 to 75 %", "75 to 100 %", "25 to 75 %", "all steps"]
    assert shown["25 to 75 %"] == "guided_middle"
    assert figures.told_in_parts(chosen())["50 to 75 %"] == "told_3"


def test_switched_off_there_is_no_chapter_and_what_is_there_is_read(made, study, result) -> None:
    made_up_study = study({"baseline": [result(0, 1.0)]}, guidance=chosen())
    assert chapter.read(made_up_study) is None
    (made_up_study.outputs / "guidance").mkdir()
    assert chapter.read(made_up_study) is None
    made_up(0, clip=False).save(made_up_study.outputs / "guidance" / "0")
    assert chapter.numbers(chapter.read(made_up_study)).keys() == chapter.numbers(made(1)).keys()

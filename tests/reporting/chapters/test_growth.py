"""What the chapter says of the variants and of the baseline over training is what was found."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.anatomy.grown import Branched, Grown, Network
from pipeline.reporting.chapters.growth import chapter
from pipeline.reporting.chapters.growth.chapter import Found
from pipeline.reporting.chapters.growth.claims import CLAIMS
from pipeline.reporting.claims import decide

SEEDS, SHOWN = 12, 2


def grown(shares: list[float], branched: bool) -> Grown:
    """Images that are recognised after these shares of the process, in the noisy image by 10 points later."""
    clean = np.array(shares * (SEEDS // len(shares)))
    images = pd.DataFrame({"seed": range(SEEDS), "label": np.arange(SEEDS) % 3, "x0-calibrated": clean})
    images["x_k-calibrated"] = np.minimum(clean + 0.1, 1)
    strips = np.random.default_rng(0).integers(0, 255, (SHOWN, 4, 8, 8, 1), dtype=np.uint8)
    rows = {"k": [10, 5, 1], "done": [0.0, 0.5, 0.9], "n": 6}
    for name, value in (("likeness", [0.0, 0.5, 1.0]), ("kept", [0.5, 0.8, 1.0])):
        rows |= {name: value, f"{name}_low": value, f"{name}_high": value}
    half = {"value": 0.5, "n": 6, "ci95": [0.4, 0.6], "kind": "share"}
    pictures = {"x0": strips, "x_k": strips, "done": np.array([0.0, 0.3, 0.6])}
    return Grown(images, pictures, Branched(pd.DataFrame(rows), half) if branched else None)


@pytest.fixture
def made(study, result) -> Callable[[int], Found]:
    """made(replicas): after 32 images half of the baseline's are recognised; in the end all are, after 25 %, and those
    of `wide` after 20 %."""

    def make(replicas: int) -> Found:
        runs = {"baseline": [result(i, 1.0) for i in range(replicas)], "wide": [result(9, 0.8)] * replicas}
        found = {Network("wide", 0, "end"): grown([0.1, 0.3], False)}
        for replica in range(replicas):
            found[Network("baseline", replica, "32")] = grown([0.7 + 0.01 * replica, 1.0], replica == 0)
            found[Network("baseline", replica, "end")] = grown([0.2, 0.3], replica == 0)
        return Found(study(runs), found)

    return make


def test_numbers_are_those_of_the_made_up_images(made: Callable[[int], Found]) -> None:
    numbers = chapter.numbers(made(3))
    for name, number in numbers.items():
        low, high = number["ci95"]
        assert low - 1e-9 <= number["value"] <= high + 1e-9, name
    value = {name: number["value"] for name, number in numbers.items()}
    assert value["growth.wide.end.recognised"] == pytest.approx(0.2)
    assert value["growth.wide.end.recognised_gap"] == pytest.approx(-0.05)
    assert value["growth.wide.end.recognised_noisy"] == pytest.approx(0.3)
    assert value["growth.training.32.recognised"] == pytest.approx((0.7 + 0.01 + 1.0) / 2)
    assert value["growth.training.32.right"] == pytest.approx(0.5)
    assert value["growth.training.64.right"] == 1
    assert value["growth.training.32.branches.5.kept"] == 0.8
    assert "replicas" not in numbers["growth.wide.end.recognised"], "it describes one training"
    assert numbers["growth.training.32.recognised"]["replicas"] == pytest.approx([0.85, 0.855, 0.86])
    assert numbers["growth.training.32.half_decided"]["n"] == 6


def test_claims_are_decided_over_training_seeds_by_pairs(made: Callable[[int], Found], deciding) -> None:
    judge = {"judges.accuracy": {"value": 0.99, "n": 9, "required": 0.9}}
    summary = {**judge, **chapter.numbers(made(3))}
    decided = {each.name: each for each in decide(CLAIMS, summary, [], deciding)}
    earlier = decided["later_snapshots_are_recognised_earlier"]
    assert (earlier.verdict, earlier.number["value"]) == ("supported", pytest.approx(100 * (0.855 - 0.25)))
    assert earlier.number["replicas"] == pytest.approx([60, 60.5, 61])
    assert decided["training_brings_form"].number["value"] == pytest.approx(50)
    single = decide(CLAIMS, {**judge, **chapter.numbers(made(1))}, [], deciding)
    assert {each.verdict for each in single} == {"one seed only"}
    poor = {**summary, "judges.accuracy": {"value": 0.5, "n": 9, "required": 0.9}}
    assert {each.needs for each in decide(CLAIMS, poor, [], deciding)} == {"a judge that can judge"}
    assert {each.verdict for each in decide(CLAIMS, judge, [], deciding)} == {"no data"}


@pytest.mark.parametrize("replicas", [3, 1])
def test_the_page_shows_every_picture_and_whole_tables(made, replicas: int, tmp_path: Path) -> None:
    found = made(replicas)
    summary = chapter.numbers(found)
    pictures = chapter.draw(found, summary, tmp_path / "figures/growth")
    page = chapter.page(found, summary, pictures)
    linked = {link.split(")")[0] for link in page.split("](figures/")[1:]}
    assert linked == {path.relative_to(tmp_path / "figures").as_posix() for path in (tmp_path / "figures").rglob("*.*")}
    assert len(linked) == 2 * SHOWN + 3
    for block in re.findall(r"(?:^\|.*\n)+", page, re.M):
        assert len({row.count("|") for row in block.splitlines()}) == 1, block
    assert ("3 training seeds" in page) == (replicas == 3)
    assert {claim.figure for claim in CLAIMS} <= set(pictures)
    said = chapter.finding(found, summary)
    assert said.picture in pictures
    assert "After 32 images seen, 50 [" in said.says


def test_without_snapshots_the_variants_stand_alone(made, result, study, tmp_path: Path) -> None:
    whole = made(1)
    run = result(0, 1.0)
    run.evaluated.snapshots.pop("32")
    ends = {network: each for network, each in whole.grown.items() if network.mark == "end"}
    found = Found(study({"baseline": [run], "wide": [result(9, 0.8)]}), ends)
    summary = chapter.numbers(found)
    assert not [name for name in summary if "effects" in name]
    page = chapter.page(found, summary, chapter.draw(found, summary, tmp_path))
    assert "Over training" not in page
    assert chapter.finding(found, summary) is None


def test_switched_off_there_is_no_chapter(study, results) -> None:
    made_up = study(results)
    assert chapter.read(made_up) is None
    (made_up.outputs / "growth").mkdir()
    assert chapter.read(made_up) is None

"""What the chapter says of selections is what was found, over training seeds."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.judges.selected import METRICS, Selected
from pipeline.reporting.chapters.selection import chapter
from pipeline.reporting.chapters.selection.chapter import Found
from pipeline.reporting.chapters.selection.claims import CLAIMS
from pipeline.reporting.claims import decide
from tests.reporting.unrendered import unrendered

GAPS = {"clip_score": 3.0, "quality": -3.0}  # a selection by the one raises all and narrows, the other does not
SOUND = {f"clip.{name}": {"value": 0.95, "required": 0.9, "n": 45} for name in ("zero_shot", "calibration")}
SOUND["judges.accuracy"] = {"value": 0.98, "required": 0.95, "n": 45}


def one(seed: int) -> Selected:
    """A training of three classes of five candidates, of which two are kept."""
    rng = np.random.default_rng(seed)
    images = pd.DataFrame({"id": np.arange(15) + 100, "label": np.arange(15) % 3})
    for name in ("quality", "clip_score", "accuracy", "second_accuracy"):
        images[name] = rng.random(15)
    numbers = {}
    for by, size in GAPS.items():
        ranks = images.groupby("label")[by].rank(ascending=False)
        images[f"by_{by}"] = np.where(ranks <= 2, ranks, 0).astype(int)
        numbers[by] = {}
        for metric in METRICS:
            lowers = metric in ("frechet", "cmmd", "diversity")
            gap = size * (-1 if lowers else 1) + 0.1 * rng.normal()
            gap = abs(gap) if metric == by else gap
            numbers[by][metric] = {
                "random": {"value": 0.5, "n": 6, "ci95": [0.4, 0.6]},
                "selected": {"value": 0.6, "n": 6},
                "gap": {"value": gap, "n": 6, "ci95": [gap - 1, gap + 1], "p": 0.01},
            }
    return Selected(images, numbers)


@pytest.fixture
def found(study, results) -> Found:
    made = study({"baseline": [results["baseline"][0]] * 3})
    chosen = made.params.selection.model_copy(update={"kept": 2, "candidates": 5})
    made = study({"baseline": [results["baseline"][0]] * 3}, selection=chosen)
    return Found(made, [one(i) for i in range(3)], True)


def test_what_was_found_comes_back_from_the_disk(tmp_path: Path) -> None:
    from pipeline.judges import selected

    assert not selected.there(tmp_path)
    one(0).save(tmp_path / "0")
    back = selected.load(tmp_path / "0")
    assert selected.there(tmp_path)
    assert back.numbers == one(0).numbers
    pd.testing.assert_frame_equal(back.images, one(0).images, rtol=1e-5)


def test_claims_are_decided_over_training_seeds(found: Found, deciding) -> None:
    summary = chapter.numbers(found) | SOUND
    gap = summary["selection.clip_score.frechet.gap"]
    assert gap["value"] == pytest.approx(-3, abs=0.2)
    assert len(gap["replicas"]) == 3
    verdicts = {each.claim.name: each.verdict for each in decide(CLAIMS, summary, [], deciding)}
    assert verdicts == {
        "selected_by_score_are_recognised_more": "supported",
        "selected_by_score_are_nearer": "supported",
        "selected_by_looks_are_recognised_more": "contradicted",
        "selected_by_looks_are_nearer": "contradicted",
        "selection_narrows": "supported",
    }
    alone = {name: number for name, number in summary.items() if ".clip_score." in name or name in SOUND}
    needs = {each.needs for each in decide(CLAIMS, alone, [], deciding)}
    assert needs == {"", "a selection by quality (selection.by)"}


def test_the_page_says_what_pleased_the_judge_and_what_was_lost(found: Found, tmp_path: Path) -> None:
    summary = chapter.numbers(found)
    with unrendered():
        pictures = chapter.draw(found, summary, tmp_path / "figures/selection")
    page = chapter.page(found, summary, pictures)
    linked = {link.split(")")[0] for link in page.split("](figures/")[1:]}
    assert linked == {path.relative_to(tmp_path / "figures").as_posix() for path in (tmp_path / "figures").rglob("*.*")}
    for block in re.findall(r"(?:^\|.*\n)+", page, re.M):
        assert len({row.count("|") for row in block.splitlines()}) == 1, block
    one_way = "It pleases the judge that selects. It makes the set narrower. The distance to the real images falls"
    other = "It pleases the judge that selects. It makes the set wider. The distance to the real images rises"
    assert page.count(one_way) == page.count(other) == 1
    open_gap = {"value": 0.1, "n": 6, "ci95": [-1.0, 1.0], "p": 0.9}
    by = "selection.clip_score"
    unknown = summary | {f"{by}.{metric}.gap": open_gap for metric in ("clip_score", "diversity")}
    assert (
        "Whether it pleases the judge that selects is left open. Whether the set is narrower is left open. The "
        "distance to the real images falls"
    ) in chapter.page(found, unknown, pictures)
    assert "that of the second judge falls" in page
    assert "differs by -3 [" in chapter.finding(found, summary).says
    blind = Found(found.study, found.selected, False)
    assert chapter.finding(blind, summary) is None
    assert "This CLIP cannot judge here" in chapter.page(blind, summary, pictures)

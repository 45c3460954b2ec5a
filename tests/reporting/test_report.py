"""The page says what the summary says, and names things by their names."""

import re
from pathlib import Path

import pytest

from pipeline import params
from pipeline.params import Evaluate
from pipeline.reporting import report
from pipeline.reporting.summary import summarise

ROOT = Path(__file__).parents[2]


@pytest.fixture
def page(results, quality, dataset):
    """page(change=None, rename={}, **quality): the rendered report, after a change of the summary."""

    def render(change=None, rename: dict[str, str] | None = None, **differing: object) -> str:
        named = {(rename or {}).get(variant, variant): result for variant, result in results.items()}
        values = params.load(ROOT / "params.yaml").model_copy(update={"variants": {name: {} for name in named}})
        summary = summarise(
            named, results["baseline"][0].metrics, quality, dataset, Evaluate(bootstrap=200, neighbours=3, seed=0)
        )
        if change:
            change(summary)
        costs = {variant: runs[0].costs for variant, runs in named.items()}
        return report.render(summary, values, {**quality, **differing}, dataset, costs, "CPU")

    return render


def tables(text: str) -> list[list[str]]:
    return [block.splitlines() for block in re.findall(r"(?:^\|.*\n)+", text, re.M)]


def test_tables_are_whole(page) -> None:
    found = tables(page())
    assert len(found) >= 3
    for table in found:
        assert len({row.count("|") for row in table}) == 1, table[0]
        assert set(table[1]) <= set("|:-")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("evaluate.wide.fd_classifier", "77.77 [77.00, 78.50]"),
        ("train.wide.loss", "77.7700 [77.0000, 78.5000]"),
        ("evaluate.floor.precision", "7777.0 [7700.0, 7850.0]"),
        ("evaluate.wide.fd_classifier_improvement", "+77.8 [+77.0, +78.5]"),
        ("evaluate.wide.accuracy_gain", "+7777.0 [+7700.0, +7850.0]"),
    ],
)
def test_a_number_of_the_page_is_the_summary_s(page, name: str, shown: str) -> None:
    assert shown not in page()

    def change(summary: dict) -> None:
        summary[name] = {**summary[name], "value": 77.77, "ci95": [77.0, 78.5]}

    assert shown in page(change)


def test_the_verdict_against_the_baseline_needs_the_whole_interval(page) -> None:
    name = "evaluate.wide.fd_classifier_improvement"
    verdicts = {(3.0, 30.0): "better `wide`; worse none", (-3.0, 30.0): "better none; worse none"}
    verdicts[(-30.0, -3.0)] = "better none; worse `wide`"
    for ends, verdict in verdicts.items():
        assert verdict in page(lambda s, ends=ends: s.update({name: {**s[name], "ci95": list(ends)}}))


def test_a_judge_that_cannot_judge_is_said_so(page) -> None:
    assert "cannot judge" not in page()
    assert "**The judge cannot judge.** Its accuracy on held-out real images is 98.0" in page(can_judge=False)


def test_fid_is_inception_s_alone(page) -> None:
    ours = page()
    assert "| FD (classifier) |" in ours
    assert "| FID |" not in ours

    def inception(summary: dict) -> None:
        for name in list(summary):
            summary[name.replace("fd_classifier", "fid").replace("kd_classifier", "kid")] = summary[name]

    theirs = page(inception, judge="inception", frechet="fid", kernel="kid")
    assert "| FID |" in theirs
    assert "(classifier)" not in theirs


def test_the_source_s_row_stands_beside_ours_and_a_variant_that_no_source_has_gets_dashes(page) -> None:
    assert "| 0.00086 | 99.91 | 62.75 | +25.6 |" in page()
    own = page(rename={"wide": "own"})
    assert "62.75" not in own
    assert re.search(r"^\| `own` .*(\| \u2013 ){4}\|$", own, re.M)

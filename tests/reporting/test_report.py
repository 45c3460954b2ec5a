"""The page says what the summary says, and names things by their names."""

import re
from pathlib import Path

import pytest

from pipeline import params
from pipeline.reporting import markdown, report
from pipeline.reporting.ledger import CLAIMS, ledger

ROOT = Path(__file__).parents[2]


@pytest.fixture
def page(results, quality, dataset, summed):
    """page(change=None, rename={}, **quality): the rendered report, after a change of the summary."""

    def render(change=None, rename: dict[str, str] | None = None, **differing: object) -> str:
        named = {(rename or {}).get(variant, variant): result for variant, result in results.items()}
        values = params.load(ROOT / "params.yaml").model_copy(update={"variants": {name: {} for name in named}})
        summary = summed(named)
        if change:
            change(summary)
        costs = {variant: runs[0].costs for variant, runs in named.items()}
        return report.render(summary, ledger(summary), values, {**quality, **differing}, dataset, costs, "CPU", [])

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
        ("evaluate.floor.precision", "7,777 [7,700, 7,850]"),
        ("evaluate.wide.fd_classifier_improvement", "+77.8 [+77.0, +78.5]"),
        ("evaluate.wide.accuracy_gain", "+7,777 [+7,700, +7,850]"),
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


def test_the_page_opens_with_the_claims_and_every_one_has_its_row(page) -> None:
    text = page()
    assert re.findall(r"^## (.*)$", text, re.M)[0] == "What the sources say, and what held here"
    rows = next(table for table in tables(text) if table[0].startswith("| claim |"))[2:]
    assert len(rows) == len(CLAIMS)
    by_claim = {row.split("|")[1].strip(): row for row in rows}
    wide = by_claim["Twice the width gives better images."]
    assert "| +25.6 % |" in wide
    assert "+20.0 [" in wide
    assert wide.endswith("| 40 | **supported** |")
    assert by_claim["Without attention the images are worse."].endswith(
        "needs the variant `no_attention` | \u2013 | no data |"
    )


def test_a_verdict_turns_with_the_interval(page) -> None:
    name = "evaluate.wide.fd_classifier_improvement"
    for ends, verdict in (([-30.0, -3.0], "**contradicted**"), ([-3.0, 30.0], "inconclusive")):
        text = page(lambda s, ends=ends: s.update({name: {**s[name], "ci95": ends}}))
        assert re.search(rf"^\| Twice the width gives better images.*{re.escape(verdict)} \|$", text, re.M)


def test_levels_at_which_a_variant_s_loss_is_apart_are_named_in_decibels(page) -> None:
    assert re.search(r"^- `wide`: lower at \+2\d, \+\d, -\d+ dB\.$", page(), re.M)

    def even(summary: dict) -> None:
        for level in range(3):
            name = f"train.wide.noise_level.{level}.loss_change"
            summary[name] = {**summary[name], "ci95": [-1.0, 1.0]}

    assert "- `wide`: no noise level at which its loss is clearly apart" in page(even)


def test_an_unconditional_variant_has_no_accuracy_and_as_the_baseline_no_hard_classes(page, results, result) -> None:
    results["wide"] = [result(1, 0.8, class_embedding=False)]
    text = page()
    assert "### Which classes are hard" in text
    assert re.search(r"^\| `wide` .*\| not told \| \u2013 \|$", text, re.M)

    results["baseline"] = [result(0, 1.0, class_embedding=False)]
    text = page()
    assert "### Which classes are hard" not in text
    assert "Best recognised" not in text


def test_without_snapshots_the_page_does_without_their_section(page) -> None:
    def bare(summary: dict) -> None:
        for name in [name for name in summary if re.match(r"snapshots\.\w+\.(32\.|late)", name)]:
            del summary[name]

    assert "## Quality over training" in page()
    assert "## Quality over training" not in page(bare)


def test_figures_of_the_summary_are_drawn_with_and_without_classes(results, summed, result, tmp_path: Path) -> None:
    values = params.load(ROOT / "params.yaml").model_copy(update={"variants": {name: {} for name in results}})
    report.draw(tmp_path, summed(results), values, "fd_classifier", ["a", "b", "c"])
    drawn = {path.name for path in tmp_path.iterdir()}
    assert drawn == {f"{n}.png" for n in ("distances", "pareto", "snapshots", "noise_levels", "hard_classes")}
    blind = {name: [result(0, 1.0, class_embedding=False)] for name in results}
    report.draw(tmp_path / "blind", summed(blind), values, "fd_classifier", ["a", "b", "c"])
    assert {path.name for path in (tmp_path / "blind").iterdir()} == drawn - {"hard_classes.png"}


@pytest.mark.parametrize(("value", "shown"), [(16.4, "+16.4 [+5.7, +26.6] %"), (0.6, "+0.60 [+0.50, +0.70] %")])
def test_an_effect_has_the_digits_that_it_needs(value: float, shown: str) -> None:
    ends = [5.7, 26.6] if value > 1 else [0.5, 0.7]
    assert markdown.effect({"value": value, "ci95": ends}, "%") == shown

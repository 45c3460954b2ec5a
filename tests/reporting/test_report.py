"""The pages say what the summary says, and name things by their names."""

import json
import re
from pathlib import Path

import pytest

from pipeline.params import BASELINE
from pipeline.reporting import overview, report
from pipeline.reporting.chapters import CHAPTERS
from pipeline.reporting.ledger import CLAIMS, ledger
from pipeline.reporting.page import Picture
from pipeline.reporting.table import NOTHING, TOGETHER, listed
from tests.reporting.made import OF_SUBJECTS, UNSEEN
from tests.reporting.unrendered import unrendered

ABSENT = "This chapter is absent"


@pytest.fixture
def pages(results, study, tmp_path):
    """pages(change=None, rename={}, **sections): every page by name, after a change of the summary."""

    def write(change=None, rename: dict[str, str] | None = None, **changes: object) -> dict[str, str]:
        named = {(rename or {}).get(variant, variant): result for variant, result in results.items()}
        made = study(named, **changes)
        with unrendered(), pytest.MonkeyPatch.context() as patched:
            last = CHAPTERS[-1]
            methods = last.numbers
            patched.setattr(last, "numbers", lambda found: methods(found) | (change or {}))
            report.write(made, tmp_path / "report")
        return {path.stem: path.read_text(encoding="utf-8") for path in (tmp_path / "report").glob("*.md")}

    return write


WRITTEN: dict[str, dict[str, str]] = {}


@pytest.fixture
def plain(pages) -> dict[str, str]:
    """Every page of the made-up results as they are; written for the first test, and kept for the others."""
    if "plain" not in WRITTEN:
        WRITTEN["plain"] = pages()
    return WRITTEN["plain"]


def tables(text: str) -> list[list[str]]:
    return [block.splitlines() for block in re.findall(r"(?:^\|.*\n)+", text, re.M)]


def test_every_chapter_has_a_page_that_is_linked_both_ways(plain) -> None:
    assert set(plain) == {chapter.NAME for chapter in CHAPTERS} | {"report"}
    for chapter in CHAPTERS:
        page = plain[chapter.NAME]
        assert page.startswith(f"# {chapter.TITLE}\n\n[Back to the report](report.md)\n")
        assert (f"[{chapter.TITLE}]({chapter.NAME}.md)" in plain["report"]) == (ABSENT not in page)


def test_the_overview_reads_the_data_set_off_the_first_page(plain) -> None:
    assert overview.DATA.findall(plain["report"]) == ["made-up"]


def test_a_chapter_without_outputs_is_absent_and_the_report_says_so_in_a_line(plain) -> None:
    absent = [chapter for chapter in CHAPTERS if chapter.NAME in (*UNSEEN, *OF_SUBJECTS)]
    for chapter in absent:
        assert plain[chapter.NAME].endswith(f"{ABSENT}: its stage is switched off, or has left no outputs.\n")
    line = f"left no outputs: {listed([chapter.TITLE for chapter in absent])}."
    assert line in plain["report"]


def test_tables_are_whole_and_no_template_is_left_over(plain) -> None:
    found = [table for page in plain.values() for table in tables(page)]
    assert len(found) >= 5
    for table in found:
        assert len({row.count("|") for row in table}) == 1, table[0]
        assert set(table[1]) <= set("|:- ")
    for name, page in plain.items():
        assert not re.search(r"{{|}}|{%|%}|None|nan\b", page), name


def test_every_picture_that_is_linked_has_a_caption_and_a_place(plain) -> None:
    for name, page in plain.items():
        linked = re.findall(r"!\[([^\]]+)\]\(figures/([\w/.-]+)\)\n\n\*(.+)\*$", page, re.M)
        assert len(linked) == page.count("!["), name
        for _, file, caption in linked:
            assert file.endswith(".png")
            assert caption.endswith("."), caption
            assert len(caption.split()) > 8, caption


def test_a_number_of_a_page_is_the_summary_s(plain, pages) -> None:
    shown = {
        "evaluate.wide.fd_classifier": ("ablation", "11.11 [11.00, 11.50]"),
        "train.wide.loss": ("ablation", "22.2200 [22.0000, 22.5000]"),
        "evaluate.floor.precision": ("quality", "3,333 [3,300, 3,350]"),
        "evaluate.wide.fd_classifier_improvement": ("ablation", "+44.4 [+44.0, +44.5]"),
        "evaluate.wide.accuracy_gain": ("quality", "+5,555 [+5,500, +5,550]"),
    }
    values = {name: 11.11 * (i + 1) for i, name in enumerate(shown)}  # one of its own for each
    ends = {name: [11.0 * (i + 1), 11.0 * (i + 1) + 0.5] for i, name in enumerate(shown)}
    written = pages({name: {"value": values[name], "n": 40, "ci95": ends[name]} for name in shown})
    for page, text in shown.values():
        cell = text.replace(", ", TOGETHER)
        assert cell not in plain[page]
        assert written[page].count(cell) == 1, cell


def test_the_verdict_against_the_baseline_needs_the_whole_interval(pages) -> None:
    name = "evaluate.wide.fd_classifier_improvement"
    verdicts = {
        (3.0, 30.0): "`wide` is better and no variant is worse",
        (-3.0, 30.0): "no variant is better and no variant is worse",
        (-30.0, -3.0): "no variant is better and `wide` is worse",
    }
    for ends, verdict in verdicts.items():
        assert verdict in pages({name: {"value": 1.0, "n": 40, "ci95": list(ends)}})["report"]


def test_a_judge_that_cannot_judge_is_said_so(plain, pages, quality) -> None:
    assert "cannot judge" not in plain["report"]
    unable = type(quality)(**{**vars(quality), "can_judge": False})
    assert "**The judge cannot judge.** Its accuracy on held-out real images is 98.0" in pages(quality=unable)["report"]


def test_fid_is_inception_s_alone(plain, pages, results, quality) -> None:
    assert "| FD (classifier) |" in plain["ablation"]
    assert "| FID |" not in plain["ablation"]
    for run in (runs[0] for runs in results.values()):
        found = run.evaluated
        for named in (found.metrics, *found.classes.values(), *found.snapshots.values()):
            _rename(named)
        _rename(found.replicates)
        for table in found.snapshot_replicates.values():
            _rename(table)
    inception = type(quality)(**{**vars(quality), "judge": "inception", "frechet": "fid", "kernel": "kid"})
    floor = results["wide"][0].evaluated
    theirs = "".join(pages(quality=inception, floor=floor).values())
    assert "| FID |" in theirs
    assert "(classifier)" not in theirs


def _rename(named) -> None:
    """Put the names of Inception's distances in place of the classifier's, in a dictionary or a table."""
    for name in list(named):
        new = name.replace("fd_classifier", "fid").replace("kd_classifier", "kid")
        if new != name:
            named[new] = named.pop(name)


def test_the_source_s_row_stands_beside_ours_and_a_variant_that_no_source_has_gets_dashes(plain, pages) -> None:
    assert "| 0.00086 | 99.91 | 62.75 | +25.6 |" in plain["ablation"]
    own = pages(rename={"wide": "own"})["ablation"]
    assert "62.75" not in own
    assert re.search(r"^\| `own` .*(\| \u2013 ){4}\|$", own, re.M)


def test_every_claim_has_its_line_with_the_verdict_first(pages, results, result) -> None:
    results.update({name: [*runs, result(10 + i, 1.0 - 0.19 * i)] for i, (name, runs) in enumerate(results.items())})
    text = pages()["report"]
    lines = re.findall(r"<details><summary><b>([\w ]+)</b>: (.+)</summary>\n\n((?:- .*\n)+)", text)
    assert len(lines) == len(CLAIMS)
    by_claim = {says: (verdict, behind) for verdict, says, behind in lines}
    verdict, behind = by_claim["Twice the width gives better images."]
    assert verdict == "supported"
    assert "It prints +25.6 %." in behind
    assert re.search(
        r"\*\*Here:\*\* \+19\.5 \[.*\] % \(n = 40 over \d training seeds; p = 0\.\d+ over the whole ledger\)\.", behind
    )
    assert "[ablation](ablation.md), [figure](figures/ablation/distances.png)" in behind
    assert "- **Setting:** scaled. The change of the network is the source's; " in behind
    shown = {says for says, (_, behind) in by_claim.items() if "[figure](figures/" in behind}
    unseen = [claim for chapter in CHAPTERS if chapter.NAME in UNSEEN for claim in chapter.CLAIMS]
    drawn = {claim.says for claim in CLAIMS if claim.figure and claim not in unseen}
    assert shown == drawn, "a claim's figure is one of its chapter's"
    verdict, behind = by_claim["Without attention the images are worse."]
    assert (verdict, "it needs the variant `no_attention`" in behind) == ("no data", True)


@pytest.mark.parametrize(
    ("value", "p", "verdict"), [(9.0, 0.001, "supported"), (-9.0, 0.001, "contradicted"), (9.0, 0.2, "inconclusive")]
)
def test_a_verdict_follows_the_number(pages, value: float, p: float, verdict: str) -> None:
    name = "evaluate.wide.fd_classifier_improvement"
    number = {"value": value, "n": 40, "ci95": [value - 9, value + 9], "p": p}
    for replicas, said in (([value] * 3, verdict), ([], "one seed only")):
        text = pages({name: {**number, "replicas": replicas}})["report"]
        assert f"<summary><b>{said}</b>: Twice the width gives better images.</summary>" in text


def test_the_first_page_has_a_few_findings_with_a_picture_each(plain) -> None:
    text = plain["report"]
    found = text.split("## What was found")[1].split("## What the sources say")[0]
    assert 5 <= found.count("\n### ") <= 8
    assert found.count("![") == found.count("\n### ") == found.count("[More](")


def test_the_summary_s_claims_are_those_that_the_pages_decide(pages, deciding, tmp_path: Path) -> None:
    pages()
    summary = json.loads((tmp_path / "report/summary.json").read_text())
    decided = {each.name: each for each in ledger(summary, deciding) if each.number}
    assert {name.removeprefix("claims.") for name in summary if name.startswith("claims.")} == set(decided)
    assert all(summary[f"claims.{name}"]["verdict"] == each.verdict for name, each in decided.items())


def test_every_class_has_a_row_beside_real_images(plain) -> None:
    (heading, _, *rows), *_ = tables(plain["classes"])
    assert heading.count("of real images") == 2
    assert [row.split("|")[1].strip() for row in rows] == ["a", "b", "c"]
    assert all(NOTHING not in row for row in rows)


def test_levels_at_which_a_variant_s_loss_is_apart_are_named_in_decibels(plain, pages) -> None:
    sentence = r"^- The loss of `wide` is lower at \+2\d, \+\d and -\d+ dB than the baseline's\.$"
    assert re.search(sentence, plain["loss"], re.M)
    even = {f"train.wide.noise_level.{i}.loss_change": {"value": 0, "n": 9, "ci95": [-1.0, 1.0]} for i in range(3)}
    assert "- `wide` has no noise level at which its loss is clearly apart" in pages(even)["loss"]


def test_an_unconditional_variant_has_no_accuracy_and_as_the_baseline_no_hard_classes(pages, results, result) -> None:
    results["wide"] = [result(1, 0.8, class_embedding=False)]
    written = pages()
    assert ABSENT not in written["classes"]
    assert re.search(r"^\| `wide` .*\| not told \| \u2013 \|$", written["quality"], re.M)

    results[BASELINE] = [result(0, 1.0, class_embedding=False)]
    assert ABSENT in pages()["classes"]


def test_the_first_page_has_the_first_two_sentences_of_a_caption() -> None:
    picture = Picture("a/b.png", "What it shows, over n = 2.5 steps. What to see. Details. Source: Figure 1.")
    assert picture.brief.caption == "What it shows, over n = 2.5 steps. What to see."
    assert picture._replace(caption="One sentence.").brief.caption == "One sentence."


def test_one_training_seed_is_said_to_decide_nothing_of_another(plain, pages, results, result) -> None:
    said = "do not say what another training seed would give"
    assert said in plain["report"]
    two = {name: [*runs, result(10, 2.0)] for name, runs in results.items()}
    results.update(two)
    written = pages()
    assert said not in written["report"]
    assert "2 times with different training seeds" in written["report"]
    assert "training seeds 0 and 1" in written["methods"]

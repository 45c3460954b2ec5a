"""The ledger: verdicts from intervals alone, from the summary alone, and against cases whose answer is known."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from pipeline import params
from pipeline.reporting import claims
from pipeline.reporting.chapters import CHAPTERS
from pipeline.reporting.claims import Claim, entries
from pipeline.reporting.ledger import CLAIMS, ledger
from tests.reporting.made import UNSEEN, entry, replicated

ROOT = Path(__file__).parents[2]
PARAMS = params.load(ROOT / "params.yaml").claims
REPORTS = sorted(path.parent for path in ROOT.glob("reports/**/summary.json") if "intervene." in path.read_text())


ARCHITECTURE = [claim for claim in CLAIMS if not claim.of_subjects]


def by_name(summary: dict) -> dict:
    """The decided claims by their names."""
    return {each.name: each for each in ledger(summary, PARAMS)}


def test_names_and_sentences_are_claims_own() -> None:
    assert len({claim.name for claim in CLAIMS}) == len({claim.says for claim in CLAIMS}) == len(CLAIMS)


@pytest.mark.parametrize(
    ("value", "adjusted", "verdict"),
    [(2, 0.05, "supported"), (-2, 0.01, "contradicted"), (2, 0.06, "inconclusive"), (0, 1.0, "inconclusive")],
)
def test_a_verdict_follows_the_adjusted_p_value(value: float, adjusted: float, verdict: str) -> None:
    assert claims.verdict({"value": value, "n": 3}, adjusted, 0.05) == verdict


def test_what_is_counted_is_decided_by_its_sign() -> None:
    assert claims.verdict({"value": 3, "n": 1}, None, 0.05) == "supported"
    assert claims.verdict({"value": 3, "n": 1}, None, 0.05, margin=2) == "contradicted"


def claim(name: str, **how: object) -> Claim:
    """A claim whose effect stands in the summary under its name."""
    return Claim(name, "A", "B", f"{name}.", None, "it", "%", lambda s: s[name], **how)  # type: ignore[arg-type]


def test_an_architecture_is_never_decided_by_one_training_seed() -> None:
    s = {"a": entry(9), "b": replicated(entry(9))}
    verdicts = [each.verdict for each in claims.decide([claim("a"), claim("b")], s, [], PARAMS)]
    assert verdicts == ["one seed only", "supported"]
    one, _ = claims.decide([claim("a"), claim("b")], s, [], PARAMS)
    assert "adjusted_p" not in entries([one])["claims.a"]


def test_false_discoveries_are_controlled_over_the_whole_ledger() -> None:
    """Of 40 claims without an effect about two have a p-value below 0.05."""
    rng = np.random.default_rng(0)
    wrong = []
    for _ in range(200):
        s = {f"c{i}": replicated(entry(v, 1.96)) for i, v in enumerate(rng.normal(size=40))}
        s |= {f"true{i}": replicated(entry(v, 1.96)) for i, v in enumerate(rng.normal(4, 1, size=10))}
        found = claims.decide([claim(name) for name in s], s, [], PARAMS)
        decided = [each for each in found if each.verdict != "inconclusive"]
        wrong.append(sum(each.claim.name.startswith("c") for each in decided) / max(len(decided), 1))
    assert 0.02 < np.mean(wrong) <= 0.05
    p = np.sort([each.p for each in found])
    by_hand = np.minimum.accumulate((p * 50 / np.arange(1, 51))[::-1])[::-1]
    assert sorted(each.adjusted for each in found) == pytest.approx(list(by_hand))


@pytest.mark.parametrize(
    ("value", "half", "verdict"),
    [(1, 2, "the same within the margin"), (1, 4.1, "inconclusive"), (9, 3, "contradicted"), (-9, 3, "contradicted")],
)
def test_what_is_equal_lies_within_the_margin_with_its_whole_interval(value: float, half: float, verdict: str) -> None:
    assert PARAMS.margins.loss == 5
    (found,) = claims.decide([claim("a", equal="loss")], {"a": replicated(entry(value, half))}, [], PARAMS)
    assert found.verdict == verdict


def test_the_two_one_sided_tests_are_those_of_schuirmann() -> None:
    values = np.random.default_rng(2).normal(1, 3, 12)
    test = stats.ttest_1samp(values, 0)
    number = {"value": values.mean(), "n": 12, "ci95": list(test.confidence_interval(0.95)), "dof": 11}
    (found,) = claims.decide([claim("a", equal="loss")], {"a": replicated(number)}, [], PARAMS)
    sides = (
        stats.ttest_1samp(values, -5, alternative="greater").pvalue,
        stats.ttest_1samp(values, 5, alternative="less").pvalue,
    )
    assert found.p == pytest.approx(2 * max(sides)), "twice, as its interval of 95 % asks"


def test_what_was_not_supported_says_where_the_source_s_size_lies() -> None:
    s = {"a": replicated(entry(1, 2)), "b": replicated({"value": 0, "n": 9, "ci95": [0, 0], "p": 1.0})}
    found = claims.decide([claim("a", size=2.5), claim("a", size=25), claim("b")], s, [], PARAMS)
    assert [each.verdict for each in found] == ["inconclusive"] * 3
    assert found[0].remark == "The source's size, +2.5 %, lies inside the interval."
    assert found[1].remark == "The source's size, +25 %, lies outside the interval."
    assert "cannot be decided here" in found[2].remark


def test_every_claim_says_how_its_setting_differs() -> None:
    assert all(each.differs.endswith(".") for each in CLAIMS if each.setting != "same")


def test_a_claim_without_its_variants_says_what_it_needs(results, summed) -> None:
    found = by_name(summed(results))
    assert found["width_helps"].verdict == "one seed only"
    missing = found["diminishing_returns"]
    assert (missing.verdict, missing.number, missing.needs) == ("no data", None, "the variant `res_blocks_1`")
    assert found["simple_digits_are_easier"].needs.startswith("the classes 0, 1, 7, 5, 8")
    assert "two of the variants" in found["width_helps_most"].needs
    assert "more than one replica" in found["width_doubles_time"].needs
    assert found["width_doubles_memory"].verdict == "contradicted", "made-up networks of equal size"
    assert all((each.number is None) == (each.verdict == "no data") for each in found.values())


ALL = {"wide_shallow": {"channels": [9, 9]}, "no_attention": {"other": 1}, "no_skips": {"other": 2}}
ALL |= {"no_time_embedding": {"other": 3}, "res_blocks_1": {"res_blocks": 1}, "res_blocks_0": {"res_blocks": 0}}
ALL |= {"deeper": {"res_blocks": 3}, "depth_0": {"res_blocks": 0, "projections": True}}


@pytest.fixture
def everything(results, result):
    """Every variant that a claim asks for, each worse than the baseline but for `deeper`."""
    worse = {"baseline": 1.0, "wide": 0.8} | {
        name: 0.9 if name == "deeper" else 1.2 + i / 10 for i, name in enumerate(ALL)
    }
    of = {"baseline": {}, "wide": {"channels": [16, 16]}} | ALL
    return {
        name: [
            result(3 * i + replica, worse[name] * (1 + 0.01 * ((i + replica) % 3)), **of[name]) for replica in range(3)
        ]
        for i, name in enumerate(of)
    }


def test_no_claim_is_decided_without_an_interval(everything, summed) -> None:
    found = by_name(summed(everything))
    decided = {name for name, each in found.items() if each.verdict != "no data"}
    plateaus = {"fewer_blocks_plateau_earlier", "no_blocks_plateau_earlier"}  # everything still gets better fast
    unseen = [claim for chapter in CHAPTERS if chapter.NAME in UNSEEN for claim in chapter.CLAIMS]
    absent = {claim.name for claim in unseen if not claim.of_subjects}
    assert {claim.name for claim in ARCHITECTURE} - decided == {"simple_digits_are_easier", *plateaus, *absent}
    for name in decided - {"width_doubles_memory", "attention_is_small"}:
        low, high = found[name].number["ci95"]
        assert low <= found[name].number["value"] <= high
        assert found[name].number["n"] >= 1
    signs = {name: found[name].verdict for name in ("one_block_is_worse", "width_helps_most", "time_matters")}
    assert signs == dict.fromkeys(signs, "supported")


def test_a_judge_that_cannot_judge_decides_nothing_of_images(everything, summed) -> None:
    s = summed(everything)
    s["judges.accuracy"]["required"] = 0.99
    found = by_name(s)
    decided = {name for name, each in found.items() if each.verdict != "no data"}
    assert decided == {
        "attention_is_small",
        "attention_loss_is_low",
        "fewer_blocks_learn_faster",
        "no_blocks_learn_faster",
        "skips_sharpen",
        "wide_learns_faster",
        "width_doubles_memory",
        "width_doubles_time",
    }
    assert found["width_helps"].needs == "a judge that can judge"


@pytest.mark.parametrize("folder", REPORTS, ids=lambda folder: folder.name)
def test_a_report_s_verdicts_follow_from_its_summary_alone(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    found = ledger({name: number for name, number in summary.items() if not name.startswith("claims.")}, PARAMS)
    assert {name for name in summary if name.startswith("claims.")} == set(entries(found))
    assert entries(found) == {name: summary[name] for name in entries(found)}
    page = (folder / "report.md").read_text(encoding="utf-8")
    for each in found:
        assert f"<summary><b>{each.verdict}</b>: {each.claim.says}</summary>" in page, each.name


def test_the_default_report_has_a_ledger() -> None:
    assert ROOT / "reports" in REPORTS

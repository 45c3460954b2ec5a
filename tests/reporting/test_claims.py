"""The ledger: verdicts from intervals alone, from the summary alone, and against cases whose answer is known."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.judges.bootstrap import proportion_interval
from pipeline.judges.number import negative
from pipeline.reporting import claims, effects
from pipeline.reporting.claims import entries
from pipeline.reporting.ledger import CLAIMS, ledger

ROOT = Path(__file__).parents[2]
REPORTS = sorted(path.parent for path in ROOT.glob("reports/**/summary.json") if "intervene." in path.read_text())


ARCHITECTURE = [claim for claim in CLAIMS if not claim.of_subjects]


def by_name(summary: dict) -> dict:
    """The decided claims by their names."""
    return {each.name: each for each in ledger(summary)}


def entry(value: float, half: float = 1.0, n: int = 9) -> dict:
    return {"value": value, "n": n, "ci95": [value - half, value + half]}


def test_names_and_sentences_are_claims_own() -> None:
    assert len({claim.name for claim in CLAIMS}) == len({claim.says for claim in CLAIMS}) == len(CLAIMS)


@pytest.mark.parametrize(
    ("ends", "verdict"), [((0.1, 2), "supported"), ((-2, -0.1), "contradicted"), ((-0.1, 2), "inconclusive")]
)
def test_a_verdict_is_the_interval_s(ends: tuple[float, float], verdict: str) -> None:
    assert claims.verdict({"value": 1, "n": 3, "ci95": list(ends)}) == verdict


def test_a_claim_without_its_variants_says_what_it_needs(results, summed) -> None:
    found = by_name(summed(results))
    assert found["width_helps"].verdict == "supported"
    missing = found["diminishing_returns"]
    assert (missing.verdict, missing.number, missing.needs) == ("no data", None, "the variant `res_blocks_1`")
    assert found["simple_digits_are_easier"].needs.startswith("the classes 0, 1, 7, 5, 8")
    assert "two of the variants" in found["width_helps_most"].needs
    assert "more than one replica" in found["larger_takes_longer"].needs
    assert all((each.number is None) == (each.verdict == "no data") for each in found.values())


ALL = {"wide_shallow": {"channels": [9, 9]}, "no_attention": {"other": 1}, "no_skips": {"other": 2}}
ALL |= {"no_time_embedding": {"other": 3}, "res_blocks_1": {"res_blocks": 1}, "res_blocks_0": {"res_blocks": 0}}
ALL |= {"deeper": {"res_blocks": 3}, "depth_0": {"res_blocks": 0, "projections": True}}


@pytest.fixture
def everything(results, result):
    """Every variant that a claim asks for, each worse than the baseline but for `deeper`."""
    worse = {name: 0.9 if name == "deeper" else 1.2 + i / 10 for i, name in enumerate(ALL)}
    return {**results, **{name: [result(9 + i, worse[name], **ALL[name])] for i, name in enumerate(ALL)}}


def test_no_claim_is_decided_without_an_interval(everything, summed) -> None:
    found = by_name(summed(everything))
    decided = {name for name, each in found.items() if each.verdict != "no data"}
    assert {claim.name for claim in ARCHITECTURE} - decided == {"simple_digits_are_easier", "larger_takes_longer"}
    for name in decided:
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
    assert decided == {"attention_loss_is_low", "fewer_blocks_learn_faster", "no_blocks_learn_faster", "skips_sharpen"}
    assert found["width_helps"].needs == "a judge that can judge"


def rivals(**gaps: dict) -> dict:
    """A summary in which the rivals' distances are above a's by these gaps."""
    s = {f"train.{v}.loss": entry(1) for v in ("a", *gaps)} | {"evaluate.baseline.fid": entry(1)}
    return s | {f"pairs.a.{rival}.fid_gap": negative(gap) for rival, gap in gaps.items()}


def test_the_best_and_the_worst_must_be_so_against_every_rival() -> None:
    best = effects.best("a", ["b", "c"])
    found = best(rivals(b=entry(5), c=entry(2)))
    assert (found["value"], found["against"], found["ci95"]) == (2, "c", [1, 3])
    assert claims.verdict(best(rivals(b=entry(5, 6), c=entry(3)))) == "inconclusive", "b may be the better one"
    assert claims.verdict(best(rivals(b=entry(-1, 2), c=entry(-0.8, 0.3)))) == "contradicted", "c surely is"
    worst = effects.worst("a", ["b", "c"])(rivals(b=entry(-5), c=entry(-2)))
    assert (worst["value"], worst["against"], worst["ci95"]) == (2, "c", [1, 3])


def test_ahead_throughout_is_at_every_snapshot() -> None:
    s = {"train.wide.loss": entry(1), "evaluate.baseline.fid": entry(1)}
    s |= {"snapshots.wide.100.fid_gap": entry(-3), "snapshots.wide.2000.fid_gap": entry(-0.5)}
    found = effects.best_throughout("wide")(s)
    assert (found["value"], found["against"], found["ci95"]) == (0.5, "2,000 images", [-0.5, 1.5])


def digits(accuracy: dict[str, dict]) -> dict:
    """A summary with these accuracies of the classes, whose index is not their name."""
    s = {"evaluate.baseline.fid": entry(1)}
    for i, (name, number) in enumerate(accuracy.items()):
        s[f"classes.{i}.variance"] = {"value": 1, "n": 5, "class_name": name}
        s[f"evaluate.baseline.class.{i}.accuracy"] = number
    return s


def test_easier_classes_are_found_by_name_and_their_intervals_combined() -> None:
    shares = {"7": 1.0, "5": 0.5, "1": 0.8, "0": 0.9, "8": 0.6}
    s = digits({c: {"value": share, "n": 50, "ci95": [share - 0.03, share + 0.04]} for c, share in shares.items()})
    found = effects.easier(["0", "1", "7"], ["5", "8"])(s)
    assert (found["value"], found["n"]) == (pytest.approx(35), 250)
    below = ((3 * 0.03**2) / 9 + (2 * 0.04**2) / 4) ** 0.5
    assert found["ci95"][0] == pytest.approx(35 - 100 * below)


def test_over_replicas_their_differences_are_what_varies() -> None:
    shares = {"0": [0.9, 0.8, 0.85], "1": [0.9, 0.8, 0.85], "5": [0.8, 0.7, 0.76], "8": [0.8, 0.7, 0.74]}
    s = digits({c: {"value": np.mean(v), "n": 50, "ci95": [0.5, 1.0], "replicas": v} for c, v in shares.items()})
    found = effects.easier(["0", "1"], ["5", "8"])(s)
    assert found["value"] == pytest.approx(10)
    assert found["replicas"] == pytest.approx([10, 10, 10])
    assert found["ci95"] == pytest.approx([10, 10]), "the replicas' differences are alike"


def test_time_has_an_interval_over_replicas_alone() -> None:
    s = {"train.wide.loss": entry(1), "train.wide.seconds_ratio": {"value": 2.5, "n": 1}}
    with pytest.raises(effects.MissingError, match="more than one replica"):
        effects.slower("wide")(s)
    s["train.wide.seconds_ratio"] = {"value": 2.5, "n": 3, "ci95": [2.1, 2.9], "replicas": [2.4, 2.5, 2.6]}
    assert effects.slower("wide")(s)["ci95"] == pytest.approx([0.1, 0.9])


def test_the_combined_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng, truth, covered = np.random.default_rng(0), {"0": 0.95, "1": 0.9, "7": 0.97, "5": 0.8, "8": 0.85}, 0
    gap = 100 * ((0.95 + 0.9 + 0.97) / 3 - (0.8 + 0.85) / 2)
    for _ in range(300):
        hits = {name: rng.random(45) < share for name, share in truth.items()}
        numbers = {c: {"value": h.mean(), "n": 45, "ci95": proportion_interval(h)} for c, h in hits.items()}
        low, high = effects.easier(["0", "1", "7"], ["5", "8"])(digits(numbers))["ci95"]
        covered += low <= gap <= high
    assert 0.92 <= covered / 300 <= 0.99


@pytest.mark.parametrize("folder", REPORTS, ids=lambda folder: folder.name)
def test_a_report_s_verdicts_follow_from_its_summary_alone(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    found = ledger({name: number for name, number in summary.items() if not name.startswith("claims.")})
    assert {name for name in summary if name.startswith("claims.")} == set(entries(found))
    assert entries(found) == {name: summary[name] for name in entries(found)}
    page = (folder / "report.md").read_text(encoding="utf-8")
    for each in found:
        assert f"<summary><b>{each.verdict}</b>: {each.claim.says}</summary>" in page, each.name


def test_the_default_report_has_a_ledger() -> None:
    assert ROOT / "reports" in REPORTS

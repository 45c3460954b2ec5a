"""The effects that claims are decided by, on summaries whose answer is known."""

import numpy as np
import pytest
from scipy import stats

from pipeline.judges.bootstrap import proportion_interval
from pipeline.judges.number import negative
from pipeline.reporting import effects
from tests.reporting.made import entry, replicated


def rivals(**gaps: dict) -> dict:
    """A summary in which the rivals' distances are above a's by these changes."""
    s = {f"train.{v}.loss": entry(1) for v in ("a", *gaps)} | {"evaluate.baseline.fid": entry(1)}
    s |= {f"pairs.{rival}.a.fid_change": gap for rival, gap in gaps.items()}
    return s | {f"pairs.a.{rival}.fid_change": negative(gap) for rival, gap in gaps.items()}


def test_the_best_and_the_worst_must_be_so_against_every_rival() -> None:
    best = effects.best("a", ["b", "c"])
    found = best(rivals(b=entry(5), c=entry(2)))
    assert (found["value"], found["against"]) == (2, "c")
    assert found["ci95"] == [1, pytest.approx(2 + stats.norm.ppf(0.9875) / stats.norm.ppf(0.975))]
    assert best(rivals(b=entry(5, 6), c=entry(3)))["p"] > 0.05, "b may be the better one"
    surely = best(rivals(b=entry(-1, 2), c=entry(-0.8, 0.3)))
    assert (surely["p"] < 0.05, surely["ci95"][1] < 0) == (True, True), "c surely is"
    worst = effects.worst("a", ["b", "c"])(rivals(b=entry(-5), c=entry(-2)))
    assert (worst["value"], worst["against"], worst["ci95"][0]) == (2, "c", 1)


def test_ahead_throughout_is_at_every_snapshot() -> None:
    s = {"train.wide.loss": entry(1), "evaluate.baseline.fid": entry(1)}
    s |= {"snapshots.wide.100.fid_change": entry(-3), "snapshots.wide.2000.fid_change": entry(-0.5)}
    found = effects.best_throughout("wide")(s)
    assert (found["value"], found["against"], found["ci95"][0]) == (0.5, "2,000 images", -0.5)


def test_a_plateau_is_told_where_somebody_has_reached_one() -> None:
    s = {"train.small.loss": entry(1), "evaluate.baseline.fid": entry(1)}
    s |= {"snapshots.small.late_fall_gap": entry(-30)}
    s |= {"snapshots.small.late_fall": entry(12), "snapshots.baseline.late_fall": entry(45)}
    assert effects.plateaus_earlier("small")(s)["value"] == 30
    s |= {"snapshots.small.late_fall": entry(70.8)}
    with pytest.raises(effects.MissingError, match=r"`small` still falls by 71 % and the baseline's by 45 %"):
        effects.plateaus_earlier("small")(s)
    del s["snapshots.small.late_fall_gap"]
    with pytest.raises(effects.MissingError, match=r"train\.snapshots"):
        effects.plateaus_earlier("small")(s)


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


def test_what_two_judges_must_find_is_the_smaller_of_the_two() -> None:
    shares = {"0": 1.0, "5": 0.5}
    s = digits({c: {"value": share, "n": 50, "ci95": [share - 0.03, share + 0.03]} for c, share in shares.items()})
    s |= {"evaluate.baseline.class.0.other": entry(0.8, 0.1), "evaluate.baseline.class.1.other": entry(0.9, 0.1)}
    judges = {name: effects.easier(["0"], ["5"], name) for name in ("accuracy", "other")}
    found = effects.by_all(judges)(s)
    assert (found["value"], found["against"]) == (pytest.approx(-10), "other")
    assert found["ci95"][0] == pytest.approx(-10 - 100 * 0.02**0.5)


def test_over_replicas_their_differences_are_what_varies() -> None:
    shares = {"0": [0.9, 0.8, 0.85], "1": [0.9, 0.8, 0.85], "5": [0.8, 0.7, 0.76], "8": [0.8, 0.7, 0.74]}
    s = digits({c: {"value": np.mean(v), "n": 50, "ci95": [0.5, 1.0], "replicas": v} for c, v in shares.items()})
    found = effects.easier(["0", "1"], ["5", "8"])(s)
    assert found["value"] == pytest.approx(10)
    assert found["replicas"] == pytest.approx([10, 10, 10])
    assert found["ci95"] == pytest.approx([10, 10]), "the replicas' differences are alike"


def test_time_has_an_interval_over_replicas_alone() -> None:
    s = {"train.wide.loss": entry(1), "train.wide.seconds_change": {"value": 150, "n": 1}}
    with pytest.raises(effects.MissingError, match="more than one replica"):
        effects.doubled("wide", "seconds")(s)
    s["train.wide.seconds_change"] = replicated(entry(150, 40, 3))
    assert effects.doubled("wide", "seconds")(s)["ci95"] == pytest.approx([10, 90])


def test_a_variant_that_draws_no_better_than_chance_says_nothing_of_a_part() -> None:
    s = {f"classes.{i}.variance": entry(1) for i in range(10)} | {"train.no_skips.loss": entry(1)}
    s |= {"evaluate.no_skips.blur_gain": entry(0.1, 0.05), "evaluate.no_skips.accuracy": entry(0.1, 0.03)}
    effect = effects.only_learnt("no_skips", effects.blurrier("no_skips"))
    with pytest.raises(effects.MissingError, match="no more often than chance"):
        effect(s)
    s["evaluate.no_skips.accuracy"] = entry(0.5, 0.03)
    assert effect(s)["value"] == 0.1


def test_the_combined_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng, truth, covered = np.random.default_rng(0), {"0": 0.95, "1": 0.9, "7": 0.97, "5": 0.8, "8": 0.85}, 0
    gap = 100 * ((0.95 + 0.9 + 0.97) / 3 - (0.8 + 0.85) / 2)
    for _ in range(300):
        hits = {name: rng.random(45) < share for name, share in truth.items()}
        numbers = {c: {"value": h.mean(), "n": 45, "ci95": proportion_interval(h)} for c, h in hits.items()}
        low, high = effects.easier(["0", "1", "7"], ["5", "8"])(digits(numbers))["ci95"]
        covered += low <= gap <= high
    assert 0.92 <= covered / 300 <= 0.99

"""The summary's differences are paired and are those that plain arithmetic gives."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from pipeline.judges import bootstrap
from pipeline.params import Evaluate
from pipeline.reporting.summary import summarise

EVALUATE = Evaluate(bootstrap=200, neighbours=3, seed=0)


def test_every_number_has_its_n_and_intervals_are_in_order(results, quality, dataset) -> None:
    summary = summarise(results, results["baseline"][0].metrics, quality, dataset, EVALUATE)
    assert all({"value", "n"} <= set(number) for number in summary.values())
    assert all(n["ci95"][0] <= n["value"] <= n["ci95"][1] for n in summary.values() if "ci95" in n)
    assert summary["prepare.test"] == {"value": 45, "n": 45, "sha256": "0" * 64}
    assert summary["prepare.test.repeated"] == {"value": 3, "n": 45}
    assert summary["judges.accuracy"] == quality["accuracy"]


def test_differences_are_paired_draw_by_draw(results, quality, dataset) -> None:
    summary = summarise(results, results["baseline"][0].metrics, quality, dataset, EVALUATE)
    ours, base = (results[v][0].replicates["fd_classifier"].to_numpy() for v in ("wide", "baseline"))
    improvement = summary["evaluate.wide.fd_classifier_improvement"]
    assert improvement["value"] == pytest.approx(20)
    low, high = np.quantile(100 * (base - ours) / base, [0.025, 0.975])
    assert improvement["ci95"][1] - improvement["ci95"][0] == pytest.approx(high - low)
    unpaired = np.quantile(100 * (base - np.roll(ours, 1)) / base, [0.025, 0.975])
    assert high - low < 0.5 * (unpaired[1] - unpaired[0]), "pairing is worth something here"
    gain = summary["evaluate.wide.accuracy_gain"]
    assert gain["value"] == pytest.approx(-0.41)


def test_the_loss_is_per_image_over_its_draws(results, quality, dataset) -> None:
    summary = summarise(results, results["baseline"][0].metrics, quality, dataset, EVALUATE)
    table = results["wide"][0].validation
    per_image = table.groupby("id")["loss"].mean().to_numpy()
    final = summary["train.wide.loss"]
    assert (final["value"], final["n"]) == (pytest.approx(table["loss"].mean()), 30)
    replicates = per_image[bootstrap.draws(np.arange(30) % 3, 200, 0)].mean(axis=1)
    assert final["ci95"] == pytest.approx(bootstrap.interval(per_image.mean(), replicates))
    assert summary["train.wide.loss_reduction"]["value"] == pytest.approx(100 * (1 - final["value"] / 4.0))


def test_a_variant_equal_to_the_baseline_differs_by_exactly_nothing(results, quality, dataset) -> None:
    twin = {"baseline": results["baseline"], "twin": [replace(results["baseline"][0])]}
    summary = summarise(twin, results["baseline"][0].metrics, quality, dataset, EVALUATE)
    for name in ("train.twin.loss_change", "evaluate.twin.fd_classifier_improvement", "evaluate.twin.accuracy_gain"):
        assert (summary[name]["value"], summary[name]["ci95"]) == (0, [0, 0])


def test_replicas_are_averaged_and_paired_by_training_seed(results, quality, dataset, result) -> None:
    apart = {"baseline": [results["baseline"][0], result(10, 2.0)], "wide": [results["wide"][0], result(11, 1.2)]}
    floor = results["baseline"][0].metrics
    both = summarise(apart, floor, quality, dataset, EVALUATE)
    single = [summarise({v: [runs[i]] for v, runs in apart.items()}, floor, quality, dataset, EVALUATE) for i in (0, 1)]
    for name, digits in (("evaluate.wide.fd_classifier", 2.05 * np.array([0.8, 1.2])), ("train.wide.loss", None)):
        values = [each[name]["value"] for each in single] if digits is None else digits
        assert both[name]["replicas"] == pytest.approx(values)
        assert both[name]["value"] == pytest.approx(np.mean(values))
        low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
        assert both[name]["ci95"] == pytest.approx([max(low, 0), high])
    paired = both["evaluate.wide.fd_classifier_improvement"]
    assert paired["replicas"] == pytest.approx([20, 40]), "each against the baseline of its own seed"
    assert both["evaluate.wide.accuracy"]["ci95"] == [0, 1], "an accuracy stays one"
    seconds = both["train.wide.seconds"]
    assert (seconds["n"], both["train.wide.loss"]["n"]) == (2, 30), "runs, and images in each of them"
    assert all(both[f"evaluate.wide.{name}"]["ci95"][0] >= 0 for name in ("fd_classifier", "accuracy"))
    assert both["train.wide.parameters"] == single[0]["train.wide.parameters"]
    assert both["evaluate.floor.accuracy"] == single[0]["evaluate.floor.accuracy"]

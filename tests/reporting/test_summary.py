"""The summary's differences are paired and are those that plain arithmetic gives."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.judges import bootstrap
from pipeline.params import Evaluate
from pipeline.reporting.summary import summarise

EVALUATE = Evaluate(bootstrap=200, neighbours=3, seed=0)


def test_every_number_has_its_n_and_intervals_are_in_order(results, quality, dataset) -> None:
    summary = summarise(results, results["baseline"].metrics, quality, dataset, EVALUATE)
    assert all({"value", "n"} <= set(number) for number in summary.values())
    assert all(n["ci95"][0] <= n["value"] <= n["ci95"][1] for n in summary.values() if "ci95" in n)
    assert summary["prepare.test"]["value"] == 45
    assert summary["judges.accuracy"] == quality["accuracy"]


def test_differences_are_paired_draw_by_draw(results, quality, dataset) -> None:
    summary = summarise(results, results["baseline"].metrics, quality, dataset, EVALUATE)
    ours, base = (results[v].replicates["fd_classifier"].to_numpy() for v in ("wide", "baseline"))
    improvement = summary["evaluate.wide.fd_classifier_improvement"]
    assert improvement["value"] == pytest.approx(20)
    low, high = np.quantile(100 * (base - ours) / base, [0.025, 0.975])
    assert improvement["ci95"][1] - improvement["ci95"][0] == pytest.approx(high - low)
    unpaired = np.quantile(100 * (base - np.roll(ours, 1)) / base, [0.025, 0.975])
    assert high - low < 0.5 * (unpaired[1] - unpaired[0]), "pairing is worth something here"
    gain = summary["evaluate.wide.accuracy_gain"]
    assert gain["value"] == pytest.approx(-0.41)


def test_the_loss_is_per_image_over_its_draws(results, quality, dataset) -> None:
    summary = summarise(results, results["baseline"].metrics, quality, dataset, EVALUATE)
    table = results["wide"].validation
    per_image = table.groupby("id")["loss"].mean().to_numpy()
    final = summary["train.wide.loss"]
    assert (final["value"], final["n"]) == (pytest.approx(table["loss"].mean()), 30)
    replicates = per_image[bootstrap.draws(np.arange(30) % 3, 200, 0)].mean(axis=1)
    assert final["ci95"] == pytest.approx(bootstrap.interval(per_image.mean(), replicates))
    assert summary["train.wide.loss_reduction"]["value"] == pytest.approx(100 * (1 - final["value"] / 4.0))


def test_a_variant_equal_to_the_baseline_differs_by_exactly_nothing(results, quality, dataset) -> None:
    twin = {"baseline": results["baseline"], "twin": replace(results["baseline"])}
    summary = summarise(twin, results["baseline"].metrics, quality, dataset, EVALUATE)
    for name in ("train.twin.loss_change", "evaluate.twin.fd_classifier_improvement", "evaluate.twin.accuracy_gain"):
        assert (summary[name]["value"], summary[name]["ci95"]) == (0, [0, 0])

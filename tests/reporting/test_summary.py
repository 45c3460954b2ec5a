"""The summary's differences are paired and are those that plain arithmetic gives."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from pipeline.judges import bootstrap
from pipeline.params import load
from pipeline.reporting.summary import as_json

ROOT = Path(__file__).parents[2]


def test_every_number_has_its_n_and_intervals_are_in_order(results, summed, quality) -> None:
    summary = summed(results)
    assert all({"value", "n"} <= set(number) for number in summary.values())
    assert len(summary) > 100
    assert all(n["ci95"][0] <= n["value"] <= n["ci95"][1] for n in summary.values() if "ci95" in n)
    assert summary["prepare.test"] == {"value": 45, "n": 45, "sha256": "0" * 64}
    assert summary["prepare.test.repeated"] == {"value": 3, "n": 45}
    assert summary["judges.accuracy"] == {**quality.accuracy, "required": 0.95}


def test_differences_are_paired_draw_by_draw(results, summed) -> None:
    summary = summed(results)
    ours, base = (results[v][0].evaluated.replicates["fd_classifier"].to_numpy() for v in ("wide", "baseline"))
    improvement = summary["evaluate.wide.fd_classifier_improvement"]
    assert improvement["value"] == pytest.approx(20)
    base, ours = base - base.mean() + 2.05, ours - ours.mean() + 0.8 * 2.05
    low, high = np.quantile(100 * (base - ours) / base, [0.025, 0.975])
    assert improvement["ci95"][1] - improvement["ci95"][0] == pytest.approx(high - low, rel=0.01)
    unpaired = np.quantile(100 * (base - np.roll(ours, 1)) / base, [0.025, 0.975])
    assert high - low < 0.5 * (unpaired[1] - unpaired[0]), "pairing is worth something here"
    gain = summary["evaluate.wide.accuracy_gain"]
    assert gain["value"] == pytest.approx(0.2 * -0.82)


def test_the_loss_is_per_image_over_its_draws(results, summed) -> None:
    summary = summed(results)
    table = results["wide"][0].trained.validation
    per_image = table.groupby("id")["loss"].mean().to_numpy()
    final = summary["train.wide.loss"]
    assert (final["value"], final["n"]) == (pytest.approx(table["loss"].mean()), 30)
    replicates = per_image[bootstrap.draws(np.arange(30) % 3, 200, 0)].mean(axis=1)
    assert final["ci95"] == pytest.approx(bootstrap.interval(per_image.mean(), replicates))
    assert summary["train.wide.loss_reduction"]["value"] == pytest.approx(100 * (1 - final["value"] / 4.0))


def test_a_variant_equal_to_the_baseline_differs_by_exactly_nothing(results, summed) -> None:
    twin = {"baseline": results["baseline"], "twin": [replace(results["baseline"][0])]}
    summary = summed(twin)
    nothing = ["train.twin.loss_change", "train.twin.early_loss_change", "train.twin.noise_level.2.loss_change"]
    nothing += [f"evaluate.twin.{name}" for name in ("fd_classifier_improvement", "accuracy_gain", "blur_gain")]
    nothing += ["pairs.baseline.twin.fd_classifier_change", "snapshots.twin.32.fd_classifier_change"]
    nothing += ["snapshots.twin.late_fall_gap"]
    for name in nothing:
        assert (summary[name]["value"], summary[name]["ci95"], summary[name]["p"]) == (0, [0, 0], 1)


def test_replicas_are_put_together_and_paired_by_training_seed(results, summed, result) -> None:
    apart = {"baseline": [results["baseline"][0], result(10, 1.1)], "wide": [results["wide"][0], result(11, 0.9)]}
    both = summed(apart)
    single = [summed({v: [runs[i]] for v, runs in apart.items()}) for i in (0, 1)]
    distance = both["evaluate.wide.fd_classifier"]
    assert distance["replicas"] == pytest.approx([0.8 * 2.05, 0.9 * 2.05])
    assert distance["value"] == pytest.approx(np.sqrt(0.8 * 0.9) * 2.05), "the mean on the scale of the logarithm"
    assert both["train.wide.loss"]["replicas"] == pytest.approx([each["train.wide.loss"]["value"] for each in single])
    paired = both["evaluate.wide.fd_classifier_improvement"]
    assert paired["replicas"] == pytest.approx([20, 100 * (1 - 0.9 / 1.1)]), "each against the baseline of its own seed"
    test = stats.ttest_1samp(np.log([0.8, 0.9 / 1.1]), 0)
    assert paired["p"] == pytest.approx(test.pvalue)
    assert 0 <= both["evaluate.wide.accuracy"]["ci95"][0] < both["evaluate.wide.accuracy"]["ci95"][1] <= 1
    seconds = both["train.wide.seconds"]
    assert (seconds["n"], both["train.wide.loss"]["n"]) == (2, 30), "runs, and images in each of them"
    assert all(both[f"evaluate.wide.{name}"]["ci95"][0] >= 0 for name in ("fd_classifier", "accuracy"))
    assert both["train.wide.seconds_change"]["replicas"] == pytest.approx([100 * (13 / 12 - 1), 100 * (23 / 22 - 1)])
    assert both["train.wide.parameters"] == single[0]["train.wide.parameters"]
    assert both["evaluate.floor.accuracy"] == single[0]["evaluate.floor.accuracy"]


def test_a_variant_that_failed_widens_no_other_s_interval(results, summed, result) -> None:
    several = {"baseline": [1.0, 1.1, 1.05], "wide": [0.8, 0.9, 0.82], "narrow": [1.2, 1.3, 1.31]}
    runs = {v: [result(3 * i + j, w) for j, w in enumerate(of)] for i, (v, of) in enumerate(several.items())}
    failed = {"failed": [result(20 + j, w) for j, w in enumerate((100.0, 900.0, 200.0))]}
    name = "evaluate.wide.fd_classifier_improvement"
    alone, beside = summed(runs), summed({**runs, **failed})
    assert beside[name] == alone[name]
    assert (alone[name]["dof"], beside["evaluate.failed.fd_classifier_improvement"]["dof"]) == (4, 2)
    assert (alone["ranks.variants.loss"]["n"], beside["ranks.variants.loss"]["n"]) == (3, 3)


def test_the_early_loss_is_that_between_the_warm_up_and_the_end_of_the_early_part(results, summed) -> None:
    train = load(ROOT / "params.yaml").train.model_copy(update={"warmup": 9, "snapshots": [32]})
    report = load(ROOT / "params.yaml").report.model_copy(update={"early": 0.5})
    change = summed(results, train=train, report=report)["train.wide.early_loss_change"]
    ours, base = (results[v][0].trained.updates["loss"].to_numpy()[8:32] for v in ("wide", "baseline"))
    assert (change["value"], change["n"]) == (pytest.approx(100 * (ours.mean() / base.mean() - 1)), 24)
    assert change["ci95"][1] < 0, "paired: the same images, timesteps and noise in every update"
    short = train.model_copy(update={"warmup": 20})
    assert "train.wide.early_loss_change" not in summed(results, train=short, report=report), "too few have no interval"


def test_noise_levels_part_the_draws_by_timestep_and_are_paired_by_image(results, summed) -> None:
    summary = summed(results)
    tables = {v: results[v][0].trained.validation.sort_values("t") for v in results}
    for level in range(3):
        mine, base = (tables[v].iloc[20 * level : 20 * level + 20] for v in ("wide", "baseline"))
        loss = summary[f"train.wide.noise_level.{level}.loss"]
        assert (loss["value"], loss["n"]) == (pytest.approx(mine["loss"].mean()), 20)
        change = summary[f"train.wide.noise_level.{level}.loss_change"]
        assert change["value"] == pytest.approx(100 * (mine["loss"].mean() / base["loss"].mean() - 1))
        assert -23 < change["ci95"][0] <= change["ci95"][1] < -17
        assert summary[f"noise_levels.{level}.snr_db"]["value"] == pytest.approx(30 - mine["t"].median())
    assert "train.wide.noise_level.3.loss" not in summary, "a level has twenty draws at least"


def test_a_level_s_interval_is_that_of_resampled_images(results, summed) -> None:
    table = results["wide"][0].trained.validation
    low, high = summed(results)["train.wide.noise_level.0.loss"]["ci95"]
    level = table[table["t"] < 20]
    rng, means = np.random.default_rng(1), []
    by_image = {label: [g["loss"].to_numpy() for _, g in of.groupby("id")] for label, of in level.groupby("label")}
    for _ in range(4000):
        chosen = [of[i] for of in by_image.values() for i in rng.integers(len(of), size=len(of))]
        means.append(np.concatenate(chosen).mean())
    assert high - low == pytest.approx(np.diff(np.quantile(means, [0.025, 0.975]))[0], rel=0.3)


def test_a_level_s_slope_is_that_of_a_fit_and_its_interval_that_of_resampled_images(results, summed) -> None:
    table = results["wide"][0].trained.validation
    found = summed(results)["train.wide.noise_level.2.mean_slope"]
    level = table[table["t"] >= 40]
    assert (found["n"], found["value"]) == (
        20,
        pytest.approx(np.polyfit(level["noise_mean"], level["predicted_mean"], 1)[0]),
    )
    rng, fitted = np.random.default_rng(1), []
    by_class = [table[table["label"] == label]["id"].unique() for label in range(3)]
    rows_of = {each: np.flatnonzero(level["id"] == each) for each in table["id"].unique()}
    noise, predicted = level["noise_mean"].to_numpy(), level["predicted_mean"].to_numpy()
    for _ in range(1000):
        rows = np.concatenate([rows_of[each] for ids in by_class for each in rng.choice(ids, len(ids))])
        fitted.append(np.polyfit(noise[rows], predicted[rows], 1)[0])
    width = np.diff(np.quantile(fitted, [0.025, 0.975]))[0]
    assert np.diff(found["ci95"])[0] == pytest.approx(width, rel=0.3)


def test_nearness_is_measured_beside_the_real_test_images(results, summed) -> None:
    summary = summed(results)  # the floor's distances are 0.5 x, the baseline's 1 x and wide's 0.8 x
    assert summary["evaluate.wide.training_distance_ratio"]["value"] == pytest.approx(0.12 / (0.5 * 2.05))
    share = summary["evaluate.wide.near_copies"]
    assert (share["value"], share["n"]) == (0, 40), "none is as near as the nearest twentieth of the test images"
    assert share["ci95"][1] > 0.05, "which 40 images cannot exclude"
    same = summed(results, results["wide"][0].evaluated)["evaluate.wide.near_copies"]
    assert same["value"] == pytest.approx(0.05)
    assert same["ci95"][1] - same["ci95"][0] > np.diff(bootstrap.proportion_interval(np.arange(40) < 2))[0]


def test_snapshots_are_named_by_images_seen_and_the_end_is_the_last(results, summed) -> None:
    summary = summed(results)
    assert summary["snapshots.wide.32.fd_classifier"]["value"] == pytest.approx(0.8 * 9)
    assert summary["snapshots.wide.64.fd_classifier"]["value"] == pytest.approx(0.8 * 3)
    assert summary["snapshots.wide.64.fd_classifier_change"]["value"] == pytest.approx(-20)
    assert summary["snapshots.wide.late_fall"]["value"] == pytest.approx(100 * (1 - 3 / 9))
    gap = summary["snapshots.wide.late_fall_gap"]
    assert gap["value"] == pytest.approx(0), "who is ahead falls by less and by the same factor"
    assert gap["ci95"][0] < 0 < gap["ci95"][1]
    assert summary["snapshots.floor.fd_classifier"]["value"] == pytest.approx(1.5)


def test_pairs_are_every_two_variants_paired(results, summed) -> None:
    summary = summed(results)
    change, other = (summary[f"pairs.{pair}.fd_classifier_change"] for pair in ("baseline.wide", "wide.baseline"))
    assert (change["value"], other["value"]) == (pytest.approx(25), pytest.approx(-20))
    assert [100 / (1 + end / 100) - 100 for end in other["ci95"]] == pytest.approx(change["ci95"][::-1])
    assert change["p"] == other["p"]


def test_returns_diminish_over_variants_that_differ_in_their_blocks_alone(results, summed, result) -> None:
    ladder = {"one": [result(2, 1.5, res_blocks=1)], "three": [result(3, 0.9, res_blocks=3)]}
    ladder["elsewhere"] = [result(4, 0.1, res_blocks=3, channels=[9, 9])]
    found = {k: v for k, v in summed({**results, **ladder}).items() if k.startswith("depth.")}
    assert list(found) == ["depth.2.diminishing"]
    assert found["depth.2.diminishing"]["value"] == pytest.approx(100 * (1.5 * 0.9 - 1))
    assert found["depth.2.diminishing"]["ci95"][0] > 0
    assert not [name for name in summed(results) if name.startswith("depth.")]
    none = {"one": ladder["one"], "none": [result(5, 2.5, res_blocks=0)]}
    assert not [name for name in summed({**results, **none}) if name.startswith("depth.")], "0 blocks are narrower too"


def test_hard_classes_are_ranked_against_their_complexity(results, summed, result) -> None:
    summary = summed(results)
    assert summary["classes.1.stroke_length"] == {"value": 7.0, "n": 30, "class_name": "b"}
    length, variance = (summary[f"ranks.classes.fd_classifier.{name}"] for name in ("stroke_length", "variance"))
    assert (length["value"], length["n"]) == (pytest.approx(1), 3)
    assert variance["value"] == pytest.approx(0.5)
    assert length["ci95"] == [-1, 1], "three classes say nothing"
    assert summary["ranks.classes.errors.variance"]["value"] == 0, "equal errors have no order"
    assert summary["ranks.variants.loss"]["value"] == pytest.approx(1)


def test_what_is_never_told_its_class_has_no_accuracy_and_no_classes(results, summed, result) -> None:
    blind = {**results, "blind": [result(7, 1.1, class_embedding=False)]}
    summary = summed(blind)
    of = [name for name in summary if ".blind." in name]
    assert of
    assert not [name for name in of if "accuracy" in name or ".class." in name]
    assert "evaluate.blind.fd_classifier_improvement" in summary
    alone = summed({"baseline": blind["blind"]})
    assert not [name for name in alone if name.startswith(("ranks.classes", "evaluate.baseline.class."))]


def test_without_snapshots_the_chapter_is_absent(results, summed) -> None:
    def bare(run):
        end = run.evaluated
        only = replace(
            end,
            snapshots={"end": end.snapshots["end"]},
            snapshot_replicates={"end": end.snapshot_replicates["end"]},
        )
        return replace(run, evaluated=only)

    summary = summed({variant: [bare(run) for run in runs] for variant, runs in results.items()})
    assert not [name for name in summary if name.startswith("snapshots.")]
    assert "evaluate.wide.fd_classifier_improvement" in summary


def test_the_file_has_a_line_for_each_number_and_no_value_that_is_none() -> None:
    summary = {"a.b": {"value": 1.5, "n": 3, "ci95": [1.0, 2.0]}, "c": {"value": 2, "n": 1, "class_name": "ä"}}
    text = as_json(summary)
    assert json.loads(text) == summary
    assert len(text.splitlines()) == len(summary) + 2
    with pytest.raises(ValueError, match="JSON"):
        as_json({"a": {"value": float("nan"), "n": 1}})

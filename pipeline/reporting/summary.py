"""summary.json: every number that the report prints, by dotted name, with its n and its interval."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from pipeline.judges import bootstrap
from pipeline.params import BASELINE, Evaluate

SHARES = (".accuracy", ".precision", ".recall")  # numbers that stay within 0 and 1
AT_LEAST_0 = (".fd_classifier", ".fid", ".loss", ".seconds")


@dataclass(frozen=True)
class Results:
    """What the stages left for one run of a variant. curve: loss.csv; validation: validation.csv; costs, timing,
    metrics: JSON; replicates: bootstrap.csv."""

    curve: pd.DataFrame
    validation: pd.DataFrame
    costs: dict[str, Any]
    timing: dict[str, Any]
    metrics: dict[str, dict[str, Any]]
    replicates: pd.DataFrame


def summarise(
    results: dict[str, list[Results]],
    floor: dict[str, dict[str, Any]],
    quality: dict[str, Any],
    dataset: dict[str, Any],
    params: Evaluate,
) -> dict[str, dict[str, Any]]:
    """Dotted name -> {value, n, ci95 where sampled}; results: variant -> its replicas' files, the baseline among them.

    Differences are paired within a replica: the same training seed, and the same resample of sampling seeds (of
    validation images, for the loss) in both variants. With one replica the intervals are over images; with more, the
    value is their mean, `replicas` lists them, and the interval is Student's over replicas.
    """
    out: dict[str, dict[str, Any]] = {"judges.accuracy": quality["accuracy"]}
    for split, count in dataset["count"].items():
        out[f"prepare.{split}"] = {"value": count, "n": count, "sha256": dataset["sha256"][split]}
    for split, count in dataset["repeated"].items():
        out[f"prepare.{split}.repeated"] = {"value": count, "n": dataset["count"][split]}
    out |= {f"evaluate.floor.{name}": number for name, number in floor.items()}
    count = len(results[BASELINE])
    runs = [_one_replica({v: of[i] for v, of in results.items()}, quality["frechet"], params) for i in range(count)]
    return out | {name: _over_replicas(name, [run[name] for run in runs]) for name in runs[0]}


def _one_replica(results: dict[str, Results], frechet: str, params: Evaluate) -> dict[str, dict[str, Any]]:
    """The numbers of the runs with one training seed, variant by variant."""
    out: dict[str, dict[str, Any]] = {}
    baseline = results[BASELINE]
    for variant, result in results.items():
        losses, replicates = _final_losses(result, params)
        first, n = result.curve["validation_loss"].iloc[0], len(losses)
        final = {"value": losses.mean(), "n": n, "ci95": bootstrap.interval(losses.mean(), replicates)}
        out[f"train.{variant}.loss"] = final
        out[f"train.{variant}.loss_reduction"] = {
            "value": 100 * (1 - final["value"] / first),
            "n": n,
            "ci95": [100 * (1 - end / first) for end in reversed(final["ci95"])],
        }
        base_losses, base_replicates = _final_losses(baseline, params)
        out[f"train.{variant}.loss_change"] = _relative(
            losses.mean(), base_losses.mean(), replicates, base_replicates, n
        )
        out[f"train.{variant}.images"] = {"value": int(result.curve["images_seen"].iloc[-1]), "n": 1}
        out[f"train.{variant}.seconds"] = {"value": result.timing["train_seconds"], "n": 1}
        for name in ("parameters", "multiply_adds", "weight_bytes", "training_bytes_per_image"):
            out[f"train.{variant}.{name}"] = {"value": result.costs[name], "n": 1}
        out |= {f"evaluate.{variant}.{name}": number for name, number in result.metrics.items()}
        change = _relative(
            result.metrics[frechet]["value"],
            baseline.metrics[frechet]["value"],
            result.replicates[frechet].to_numpy(),
            baseline.replicates[frechet].to_numpy(),
            result.metrics[frechet]["n"],
        )
        out[f"evaluate.{variant}.{frechet}_improvement"] = {
            "value": -change["value"],
            "n": change["n"],
            "ci95": [-end for end in reversed(change["ci95"])],
        }
        gap = result.replicates["accuracy"].to_numpy() - baseline.replicates["accuracy"].to_numpy()
        accuracy = result.metrics["accuracy"]["value"] - baseline.metrics["accuracy"]["value"]
        out[f"evaluate.{variant}.accuracy_gain"] = {
            "value": accuracy,
            "n": result.metrics["accuracy"]["n"],
            "ci95": bootstrap.interval(accuracy, gap),
        }
    return out


def _over_replicas(name: str, numbers: list[dict[str, Any]]) -> dict[str, Any]:
    """One number for all replicas: their mean, with Student's 95 % interval; what cannot differ stays as it is."""
    values = np.array([number["value"] for number in numbers], dtype=float)
    if len(values) == 1 or ("ci95" not in numbers[0] and (values == values[0]).all()):
        return numbers[0]
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    ends = np.array([values.mean() - half, values.mean() + half])
    if name.endswith((*SHARES, *AT_LEAST_0)):
        ends = ends.clip(0, 1 if name.endswith(SHARES) else None)
    n = numbers[0]["n"] if "ci95" in numbers[0] else len(values)
    return {**numbers[0], "value": float(values.mean()), "n": n, "ci95": ends.tolist(), "replicas": values.tolist()}


def _final_losses(result: Results, params: Evaluate) -> tuple[np.ndarray, np.ndarray]:
    """The final validation loss of each image, mean over its draws, and the mean of each resample of the images."""
    images = result.validation.groupby("id", sort=True)
    losses, labels = images["loss"].mean().to_numpy(), images["label"].first().to_numpy()
    return losses, losses[bootstrap.draws(labels, params.bootstrap, params.seed)].mean(axis=1)


def _relative(value: float, base: float, replicates: np.ndarray, base_replicates: np.ndarray, n: int) -> dict[str, Any]:
    """The change against the baseline in percent of the baseline, paired resample by resample."""
    change = 100 * (value - base) / base
    return {
        "value": change,
        "n": n,
        "ci95": bootstrap.interval(change, 100 * (replicates - base_replicates) / base_replicates),
    }

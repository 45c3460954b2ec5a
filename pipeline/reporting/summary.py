"""summary.json: every number that the report prints, by dotted name, with its n and its interval."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from pipeline.judges import bootstrap
from pipeline.params import BASELINE, FLOOR, Bootstrap
from pipeline.reporting.paired import Entry, difference, negative, rank_correlation, relative, student
from pipeline.reporting.results import Evaluated, Run

NOISE_LEVELS = 10  # bins of timesteps that the validation loss is parted into
NEAR = 0.05  # this share of the real test images counts as near to a training image, and samples as near as they
BLOCKS = 8  # of successive updates, whose mean losses count as independent
SHARES = (".accuracy", ".precision", ".recall", ".coverage", ".blur", ".class_imbalance", ".near_copies", ".seen")
AT_LEAST_0 = (
    ".fd_classifier",
    ".fid",
    ".loss",
    ".seconds",
    ".seconds_ratio",
    ".seconds_per_image",
    ".density",
    ".training_distance",
    ".training_distance_ratio",
)
LEFT_OUT = ("accuracy", "accuracy_gain")  # where the network is never told the class


def summarise(
    results: dict[str, list[Run]],
    floor: Evaluated,
    quality: dict[str, Any],
    dataset: dict[str, Any],
    classes: pd.DataFrame,
    params: Bootstrap,
    early: float,
) -> dict[str, Entry]:
    """Dotted name -> {value, n, ci95 where sampled}; results: variant -> its replicas, the baseline among them;
    classes: classes.csv of `prepare`; early: the share of training that is its first part.

    Differences are paired within a replica: the same training seed, and the same resample of sampling seeds (of
    validation images, for the loss) in both variants. With one replica the intervals are over images; with more, the
    value is their mean, `replicas` lists them, and the interval is Student's over replicas.
    """
    out: dict[str, Entry] = {"judges.accuracy": {**quality["accuracy"], "required": quality["min_accuracy"]}}
    for split, count in dataset["count"].items():
        out[f"prepare.{split}"] = {"value": count, "n": count, "sha256": dataset["sha256"][split]}
    for split, count in dataset["repeated"].items():
        out[f"prepare.{split}.repeated"] = {"value": count, "n": dataset["count"][split]}
    for row in classes.to_dict("records"):
        for name in ("stroke_length", "variance"):
            of = {"class": dataset["classes"][row["class"]]}
            out[f"classes.{row['class']}.{name}"] = {"value": row[name], "n": row["n"], **of}
    out |= _evaluated(FLOOR, floor, True)
    frechet = quality["frechet"]
    out[f"snapshots.{FLOOR}.{frechet}"] = floor.snapshots["end"][frechet]
    runs = []
    for i in range(len(results[BASELINE])):
        replica = {variant: of[i] for variant, of in results.items()}
        numbers: dict[str, Entry] = {}
        for variant, run in replica.items():
            numbers |= _training(variant, run, replica[BASELINE], params, early)
            numbers |= _noise_levels(variant, run, replica[BASELINE], params)
            numbers |= _evaluated(variant, run.evaluated, run.told)
            numbers |= _against(variant, run, replica[BASELINE].evaluated, floor, frechet, params)
            numbers |= _snapshots(variant, run, replica[BASELINE], frechet)
        numbers |= _pairs(replica, frechet) | _depth(replica, frechet)
        numbers |= _ranks(replica, floor, classes, frechet)
        runs.append(numbers)
    return out | {name: _over_replicas(name, [numbers[name] for numbers in runs]) for name in runs[0]}


def _training(variant: str, run: Run, baseline: Run, params: Bootstrap, early: float) -> dict[str, Entry]:
    """Loss and costs. The gap of the early loss is the baseline's loss less the variant's on the same images, timesteps
    and noise, mean over the second half of the first part of training, when what the fresh weights gave is forgotten;
    its interval is Student's over blocks of successive updates."""
    losses, replicates = _final_losses(run, params)
    base_losses, base_replicates = _final_losses(baseline, params)
    first, n = run.curve["validation_loss"].iloc[0], len(losses)
    final = {"value": losses.mean(), "n": n, "ci95": bootstrap.interval(losses.mean(), replicates)}
    updates = round(early * len(run.updates))
    gaps = (baseline.updates["loss"] - run.updates["loss"]).to_numpy()[updates // 2 : updates]
    out = {
        "loss": final,
        "loss_reduction": {
            "value": 100 * (1 - final["value"] / first),
            "n": n,
            "ci95": [100 * (1 - end / first) for end in reversed(final["ci95"])],
        },
        "loss_change": relative(losses.mean(), base_losses.mean(), replicates, base_replicates, n),
        "images": {"value": run.images_seen, "n": 1},
        "seconds": {"value": run.training["train_seconds"], "n": 1},
        "seconds_ratio": {"value": run.training["train_seconds"] / baseline.training["train_seconds"], "n": 1},
        "peak_bytes": {"value": run.training["peak_bytes"], "n": 1},
    }
    if len(gaps) >= 4:
        blocks = np.array([block.mean() for block in np.array_split(gaps, min(BLOCKS, len(gaps) // 2))])
        out["early_loss_gap"] = {"value": float(gaps.mean()), "n": len(gaps), "ci95": student(blocks)[1]}
    for name in ("parameters", "multiply_adds", "weight_bytes", "training_bytes_per_image"):
        out[name] = {"value": run.costs[name], "n": 1}
    sampling = run.sampling
    return {f"train.{variant}.{name}": entry for name, entry in out.items()} | {
        f"sample.{variant}.seconds_per_image": {"value": sampling["seconds"] / sampling["images"], "n": 1},
        f"sample.{variant}.peak_bytes": {"value": sampling["peak_bytes"], "n": 1},
    }


def _final_losses(run: Run, params: Bootstrap) -> tuple[np.ndarray, np.ndarray]:
    """The final validation loss of each image, mean over its draws, and the mean of each resample of the images."""
    images = run.validation.groupby("id", sort=True)
    losses, labels = images["loss"].mean().to_numpy(), images["label"].first().to_numpy()
    return losses, losses[bootstrap.draws(labels, params.resamples, params.seed)].mean(axis=1)


def noise_levels(validation: pd.DataFrame) -> list[pd.DataFrame]:
    """validation.csv parted by timestep into bins of equally many draws, cleanest first; at least 20 in each."""
    ordered = validation.sort_values("t", kind="stable")
    count = min(NOISE_LEVELS, max(len(ordered) // 20, 1))
    return [ordered.iloc[index] for index in np.array_split(np.arange(len(ordered)), count)]


def _noise_levels(variant: str, run: Run, baseline: Run, params: Bootstrap) -> dict[str, Entry]:
    """The validation loss by noise level, and its change against the baseline; resampled are the images."""
    out: dict[str, Entry] = {}
    images = run.validation.groupby("id", sort=True)
    draws = bootstrap.draws(images["label"].first().to_numpy(), params.resamples, params.seed)
    ids = list(images.groups)
    levels = zip(noise_levels(run.validation), noise_levels(baseline.validation), strict=True)
    for level, (mine, theirs) in enumerate(levels):
        found = []
        for rows in (mine, theirs):
            sums = rows.groupby("id")["loss"].agg(["sum", "count"]).reindex(ids, fill_value=0).to_numpy()
            total, count = sums[draws].sum(axis=1).T
            found.append((rows["loss"].mean(), total[count > 0] / count[count > 0]))
        (value, replicates), (base, base_replicates) = found
        key = f"train.{variant}.noise_level.{level}"
        out[f"{key}.loss"] = {"value": value, "n": len(mine), "ci95": bootstrap.interval(value, replicates)}
        out[f"{key}.loss_change"] = relative(value, base, replicates, base_replicates, len(mine))
        out[f"noise_levels.{level}.snr_db"] = {"value": float(mine["snr_db"].median()), "n": len(mine)}
    return out


def _evaluated(variant: str, found: Evaluated, told: bool) -> dict[str, Entry]:
    """The metrics as `evaluate` left them; told: whether the network knows the class that is asked for."""
    numbers = {name: number for name, number in found.metrics.items() if told or name not in LEFT_OUT}
    for label, of_class in found.classes.items() if told else ():
        numbers |= {f"class.{label}.{name}": number for name, number in of_class.items()}
    return {f"evaluate.{variant}.{name}": number for name, number in numbers.items()}


def _against(
    variant: str, run: Run, base: Evaluated, floor: Evaluated, frechet: str, params: Bootstrap
) -> dict[str, Entry]:
    """What a variant gains or loses against the baseline, and how near its images are to the training images, beside
    the real test images."""
    found = run.evaluated

    def pair(name: str) -> tuple[float, float, np.ndarray, np.ndarray, int]:
        mine, theirs = found.metrics[name], base.metrics[name]
        replicates = [each.replicates[name].to_numpy() for each in (found, base)]
        return mine["value"], theirs["value"], *replicates, mine["n"]

    distances = found.images["training_distance"].to_numpy()
    ratio = np.median(distances) / floor.metrics["training_distance"]["value"]
    ratios = found.replicates["training_distance"].to_numpy() / floor.replicates["training_distance"].to_numpy()
    out = {
        f"{frechet}_improvement": negative(relative(*pair(frechet))),
        "accuracy_gain": difference(*pair("accuracy")),
        "blur_gain": difference(*pair("blur")),
        "training_distance_ratio": {
            "value": float(ratio),
            "n": len(distances),
            "ci95": bootstrap.interval(ratio, ratios, (0.0, np.inf)),
        },
        "near_copies": _near_copies(found, floor, params),
    }
    return {f"evaluate.{variant}.{name}": entry for name, entry in out.items() if run.told or name not in LEFT_OUT}


def _near_copies(found: Evaluated, floor: Evaluated, params: Bootstrap) -> Entry:
    """The share of images that are as near to a training image as the nearest of the real test images.

    Resampled are both sets, since what is near is estimated too; the interval is never narrower than Wilson's.
    """
    ours, theirs = (each.images["training_distance"].to_numpy() for each in (found, floor))
    draws = [
        bootstrap.draws(each.images["label"].to_numpy(), params.resamples, seed)
        for each, seed in ((found, params.seed), (floor, params.seed + 1))
    ]
    bounds = np.quantile(theirs[draws[1]], NEAR, axis=1)
    near, shares = ours < np.quantile(theirs, NEAR), (ours[draws[0]] < bounds[:, None]).mean(axis=1)
    wilson, resampled = bootstrap.proportion_interval(near), bootstrap.interval(near.mean(), shares, (0.0, 1.0))
    ends = [min(wilson[0], resampled[0]), max(wilson[1], resampled[1])]
    return {"value": float(near.mean()), "n": len(near), "ci95": ends}


def _snapshots(variant: str, run: Run, baseline: Run, frechet: str) -> dict[str, Entry]:
    """Distance and accuracy at every mark, and the gap of the distance to the baseline's; and by how much the distance
    still falls from the last snapshot to the end, with the gap of that fall to the baseline's. A fall is a difference
    and not a ratio, so that what every distance has too much at its n falls out."""
    out: dict[str, Entry] = {}
    found, base = run.evaluated, baseline.evaluated
    for mark, images in run.marks.items():
        key = f"snapshots.{variant}.{images}"
        numbers = {n: number for n, number in found.snapshots[mark].items() if run.told or n not in LEFT_OUT}
        out |= {f"{key}.{name}": number for name, number in numbers.items()}
        out[f"{key}.{frechet}_gap"] = difference(
            found.snapshots[mark][frechet]["value"],
            base.snapshots[mark][frechet]["value"],
            found.snapshot_replicates[f"{mark}.{frechet}"].to_numpy(),
            base.snapshot_replicates[f"{mark}.{frechet}"].to_numpy(),
            found.snapshots[mark][frechet]["n"],
        )
    marks = list(run.marks)
    if len(marks) > 1:
        falls = []
        for each in (found, base):
            before, after = (each.snapshots[mark][frechet]["value"] for mark in marks[-2:])
            then, now = (each.snapshot_replicates[f"{mark}.{frechet}"].to_numpy() for mark in marks[-2:])
            falls.append((before - after, then - now))
        (fall, replicates), (base_fall, base_replicates) = falls
        n = found.snapshots["end"][frechet]["n"]
        out[f"snapshots.{variant}.late_fall"] = {
            "value": fall,
            "n": n,
            "ci95": bootstrap.interval(fall, replicates),
        }
        out[f"snapshots.{variant}.late_fall_gap"] = difference(fall, base_fall, replicates, base_replicates, n)
    return out


def _pairs(runs: dict[str, Run], frechet: str) -> dict[str, Entry]:
    """The first variant's distance less the second's, for every two of them."""
    out = {}
    for one, other in combinations(runs, 2):
        mine, theirs = (runs[each].evaluated for each in (one, other))
        out[f"pairs.{one}.{other}.{frechet}_gap"] = difference(
            mine.metrics[frechet]["value"],
            theirs.metrics[frechet]["value"],
            mine.replicates[frechet].to_numpy(),
            theirs.replicates[frechet].to_numpy(),
            mine.metrics[frechet]["n"],
        )
    return out


def _depth(runs: dict[str, Run], frechet: str) -> dict[str, Entry]:
    """Over variants that differ from the baseline in the number of residual blocks alone: by how much less the distance
    falls with one block more than with the one before it, at every number with a neighbour on either side."""
    shared = {k: v for k, v in runs[BASELINE].costs["architecture"].items() if k != "res_blocks"}
    ladder = {
        run.costs["architecture"]["res_blocks"]: run.evaluated
        for run in runs.values()
        if run.costs["architecture"]["res_blocks"] > 0  # without any, the encoder is narrower too
        and {k: v for k, v in run.costs["architecture"].items() if k != "res_blocks"} == shared
    }
    out = {}
    for blocks in sorted(ladder):
        three = [ladder.get(blocks + step) for step in (-1, 0, 1)]
        if all(three):
            below, here, above = (each.metrics[frechet]["value"] for each in three if each)
            b, h, a = (each.replicates[frechet].to_numpy() for each in three if each)
            n = ladder[blocks].metrics[frechet]["n"]
            out[f"depth.{blocks}.diminishing"] = difference(below - here, here - above, b - h, h - a, n)
    return out


def _ranks(runs: dict[str, Run], floor: Evaluated, classes: pd.DataFrame, frechet: str) -> dict[str, Entry]:
    """Rank correlations: of loss and distance over the variants, and, over the classes of the baseline's images, of
    how hard a class is (its distance less the floor's, its errors) with how complex its real images are."""
    losses = np.array([run.validation["loss"].mean() for run in runs.values()])
    distances = np.array([run.evaluated.metrics[frechet]["value"] for run in runs.values()])
    out = {"ranks.variants.loss": rank_correlation(losses, distances)}
    if not runs[BASELINE].told:
        return out
    found = runs[BASELINE].evaluated.classes
    table = classes.set_index(classes["class"].astype(str))
    shared = [label for label in found if label in floor.classes and label in table.index]
    hard = {
        frechet: [found[c][frechet]["value"] - floor.classes[c][frechet]["value"] for c in shared],
        "errors": [1 - found[c]["accuracy"]["value"] for c in shared],
    }
    for name, values in hard.items():
        for complexity in ("stroke_length", "variance"):
            measured = table.loc[shared, complexity].to_numpy()
            out[f"ranks.classes.{name}.{complexity}"] = rank_correlation(np.array(values), measured)
    return out


def _over_replicas(name: str, numbers: list[Entry]) -> Entry:
    """One number for all replicas: their mean, with Student's 95 % interval; what cannot differ stays as it is."""
    values = np.array([number["value"] for number in numbers], dtype=float)
    if len(values) == 1 or ("ci95" not in numbers[0] and (values == values[0]).all()):
        return numbers[0]
    mean, ends = student(values)
    low = -1.0 if name.startswith("ranks.") else 0.0 if name.endswith((*SHARES, *AT_LEAST_0)) else -np.inf
    high = 1.0 if name.startswith("ranks.") or name.endswith(SHARES) else np.inf
    n = numbers[0]["n"] if "ci95" in numbers[0] else len(values)
    inside = [float(np.clip(end, low, high)) for end in ends]
    return {**numbers[0], "value": mean, "n": n, "ci95": inside, "replicas": values.tolist()}

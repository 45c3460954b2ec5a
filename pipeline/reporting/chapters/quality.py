"""Quality: the distance to the real images taken apart into fidelity, diversity, memory of training images, balance."""

from pathlib import Path

import numpy as np

from pipeline.judges import bootstrap
from pipeline.judges.evaluated import SECOND, TAUGHT, TAUGHT_WITH_REAL, Evaluated
from pipeline.judges.number import Number, resampled
from pipeline.judges.replicated import Measured, ScaleName
from pipeline.params import BASELINE, FLOOR
from pipeline.reporting.claims import Claim
from pipeline.reporting.grid import contact_sheet
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.study import DISTANCES, Study
from pipeline.reporting.summary import Summary
from pipeline.reporting.table import NOTHING, Cell, Column, Table, percent, text, words

NAME, TITLE = "quality", "Quality taken apart"
NEAR = 0.05  # this share of the real test images counts as near to a training image, and samples as near as they
TOLD = (
    "accuracy",
    "accuracy_gain",
    SECOND,
    f"{SECOND}_gain",
    TAUGHT,
    TAUGHT_WITH_REAL,
    "augmentation_gain",
)  # numbers that only a network which is told the class has
SCALES: dict[str, ScaleName] = {  # of the metrics that are no shares
    "fd_classifier": "log",
    "fid": "log",
    "training_distance": "log",
    "kd_classifier": "plain",  # they can be below 0
    "kid": "plain",
    "density": "plain",  # it can be 0
}
CLAIMS: list[Claim] = []


def read(study: Study) -> Study | None:
    """The evaluations of every variant; None where there is none."""
    return study if (study.outputs / "evaluate" / BASELINE).is_dir() else None


def numbers(study: Study) -> Summary:
    """Every metric of every variant and of the floor, and what differs from the baseline or from the floor."""
    out: Summary = {f"evaluate.{FLOOR}.{name}": number for name, number in study.floor.metrics.items()}
    metrics = {name: study.metric(name, SCALES.get(name, "share")) for name in study.baseline.evaluated.metrics}
    ratio = study.replicated(lambda run: _distance_ratio(run.evaluated, study.floor), "log")
    metrics |= {name: study.metric(name, "share", shared=True) for name in (TAUGHT, TAUGHT_WITH_REAL)}
    augmentation = study.replicated(lambda run: _augmentation(run.evaluated, study.floor), "plain", shared=True)
    near = study.replicated(lambda run: Measured(_near_copies(run.evaluated, study)), "share")
    for variant in study.variants:
        found = {name: metric.level(variant) for name, metric in metrics.items()}
        found |= {f"{name}_gain": metrics[name].change(variant, BASELINE) for name in ("accuracy", SECOND, "blur")}
        found |= {"training_distance_ratio": ratio.level(variant), "near_copies": near.level(variant)}
        found["augmentation_gain"] = augmentation.level(variant)
        told = variant in study.told_class
        out |= {f"evaluate.{variant}.{name}": n for name, n in found.items() if told or name not in TOLD}
    return out


def _distance_ratio(found: Evaluated, floor: Evaluated) -> Measured:
    """How far the images are from their nearest training images, over how far the real test images are."""
    distances = found.images["training_distance"].to_numpy()
    ratio = np.median(distances) / floor.metrics["training_distance"]["value"]
    ratios = found.replicates["training_distance"].to_numpy() / floor.replicates["training_distance"].to_numpy()
    return Measured(resampled(float(ratio), len(distances), ratios, "size"), ratios)


def _augmentation(found: Evaluated, floor: Evaluated) -> Measured:
    """How many more of the real test images a classifier names right that learnt from the samples beside the real
    training images, than one that learnt from the real ones alone."""
    gain = found.metrics[TAUGHT_WITH_REAL]["value"] - floor.metrics[TAUGHT_WITH_REAL]["value"]
    gains = (found.replicates[TAUGHT_WITH_REAL] - floor.replicates[TAUGHT_WITH_REAL]).to_numpy()
    return Measured(resampled(gain, found.metrics[TAUGHT_WITH_REAL]["n"], gains), gains)


def _near_copies(found: Evaluated, study: Study) -> Number:
    """The share of images that are as near to a training image as the nearest of the real test images.

    Resampled are both sets, since what is near is estimated too; the interval is never narrower than Wilson's.
    """
    ours, theirs = (each.images["training_distance"].to_numpy() for each in (found, study.floor))
    params = study.params.bootstrap
    draws = [
        bootstrap.draws(each.images["label"].to_numpy(), params.resamples, seed)
        for each, seed in ((found, params.seed), (study.floor, params.seed + 1))
    ]
    bounds = np.quantile(theirs[draws[1]], NEAR, axis=1)
    near, shares = ours < np.quantile(theirs, NEAR), (ours[draws[0]] < bounds[:, None]).mean(axis=1)
    wilson, both = bootstrap.proportion_interval(near), resampled(near.mean(), len(near), shares, "share")
    both["ci95"] = [min(wilson[0], both["ci95"][0]), max(wilson[1], both["ci95"][1])]
    return both


def draw(study: Study, summary: Summary, folder: Path) -> Pictures:
    """The samples that are nearest to a training image, with that image beneath each."""
    samples, training = study.samples(BASELINE), study.prepared.split("train")
    found = study.baseline.evaluated.images.sort_values("training_distance", kind="stable")
    closest = found.head(study.params.report.grid_seeds)
    contact_sheet(
        folder / "nearest.png",
        np.stack([samples.images[closest.index], training.images[closest["nearest_training"]]]),
        ["sample", "training image"],
        [f"{distance:.3f}" for distance in closest["training_distance"]],
        "The baseline's samples that are nearest to a training image, with the distance to it above",
    )
    return {
        "nearest": Picture(
            f"{NAME}/nearest.png",
            "The baseline's samples that are nearest to a training image, with that image below each and the distance "
            "above. Where a model copies, both pictures of a column are the same.",
        )
    }


def finding(study: Study, summary: Summary) -> Finding:
    """Whether the baseline copies its training images."""
    ratio, near = (summary[f"evaluate.{BASELINE}.{name}"] for name in ("training_distance_ratio", "near_copies"))
    return Finding(
        f"The baseline's images are {text(ratio)} times as far from their nearest training image as real test images "
        f"are, and {text(near, 1, 100)} % of them are as near to one as the nearest {percent(NEAR)} of the real test "
        f"images are. A model that copies would have a ratio well below 1, and a share well above {percent(NEAR)}.",
        "nearest",
        6,
    )


def page(study: Study, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown."""
    counts = study.prepared.count
    metrics = summary[f"evaluate.{BASELINE}.precision"]
    reference = metrics.get("n_reference", counts["train"])
    return fill(
        Path(__file__).with_suffix(".md"),
        nearest=pictures["nearest"],
        table=_table(study, summary),
        recognised=_recognised(study, summary),
        taught=_taught(study, summary),
        n_test=f"{summary[f'evaluate.{FLOOR}.{TAUGHT}']['n']:,}",
        seen=f"{study.params.evaluate.teaching_images:,}",
        memory=_memory(study, summary),
        kernel=DISTANCES[study.quality.kernel],
        n=metrics["n"],
        n_floor=summary[f"evaluate.{FLOOR}.accuracy"]["n"],
        training=f"{counts['train']:,}",
        reference=f"{reference:,}" if reference < counts["train"] else "",
        near=percent(NEAR),
    )


def _rows(study: Study) -> dict[str, str]:
    """What the tables' rows are of -> what they are called."""
    return {**{v: f"`{v}`" for v in study.variants}, FLOOR: "*floor: real test images*"}


def _table(study: Study, summary: Summary) -> Table:
    columns = [
        words("variant"),
        Column(f"{DISTANCES[study.quality.kernel]} x 1000", 1, 1000),
        Column("precision %", 1, 100),
        Column("recall %", 1, 100),
        Column("density"),
        Column("coverage %", 1, 100),
        Column("blur", 3),
    ]
    names = (study.quality.kernel, "precision", "recall", "density", "coverage", "blur")
    rows: list[list[Cell]] = [
        [shown, *(summary[f"evaluate.{key}.{n}"] for n in names)] for key, shown in _rows(study).items()
    ]
    return Table(columns, rows)


def _recognised(study: Study, summary: Summary) -> Table:
    columns = [
        words("variant"),
        Column("recognised by the classifier, %", 1, 100),
        Column("less the baseline's, points", 1, 100, sign=True),
        Column("recognised by the second judge, %", 1, 100),
        Column("less the baseline's, points", 1, 100, sign=True),
    ]
    compared = set(study.variants) - {BASELINE} if BASELINE in study.told_class else set()
    rows: list[list[Cell]] = []
    for key, shown in _rows(study).items():
        cells: list[Cell] = []
        for name in ("accuracy", SECOND):
            gain = summary.get(f"evaluate.{key}.{name}_gain") if key in compared else None
            cells += [summary.get(f"evaluate.{key}.{name}") or "not told", gain]
        rows.append([shown, *cells])
    return Table(columns, rows)


def _taught(study: Study, summary: Summary) -> Table:
    columns = [
        words("learnt from the images of"),
        Column("these alone, %", 1, 100),
        Column("these and the real training images, %", 1, 100),
        Column("more than from the real ones alone, points", 1, 100, sign=True),
    ]
    names = (TAUGHT, TAUGHT_WITH_REAL, "augmentation_gain")
    told = {key: shown for key, shown in _rows(study).items() if key in (FLOOR, *study.told_class)}
    rows: list[list[Cell]] = [
        [shown, *(summary.get(f"evaluate.{key}.{n}") for n in names)] for key, shown in told.items()
    ]
    rows[-1][0] = "*real training images: as many, and all of them*"
    return Table(columns, rows)


def _memory(study: Study, summary: Summary) -> Table:
    columns = [
        words("variant"),
        Column("distance to the nearest training image", 3),
        Column("ratio to that of the floor"),
        Column(f"share as near as the nearest {percent(NEAR)} of the test images, %", 1, 100),
        Column("class imbalance %", 1, 100),
    ]
    rows: list[list[Cell]] = []
    for key, shown in _rows(study).items():
        of = f"evaluate.{key}"
        beside = [summary.get(f"{of}.{name}") for name in ("training_distance_ratio", "near_copies")]
        distance, imbalance = (summary[f"{of}.{name}"] for name in ("training_distance", "class_imbalance"))
        rows.append([shown, distance, *(beside if key != FLOOR else ["1", NOTHING]), imbalance])
    return Table(columns, rows)

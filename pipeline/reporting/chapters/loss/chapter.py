"""Loss: how each variant learns to predict noise, early and late, and at which noise levels."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.judges.number import Number, counted, p_value, rank_correlation, resampled, scaled, shifted
from pipeline.judges.replicated import Measured
from pipeline.params import BASELINE
from pipeline.reporting import plots
from pipeline.reporting.chapters.loss import slopes
from pipeline.reporting.chapters.loss.claims import CLAIMS as CLAIMS
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.results import Run
from pipeline.reporting.study import Runs, Study
from pipeline.reporting.summary import Summary, children
from pipeline.reporting.table import listed, percent, text

NAME, TITLE = "loss", "Loss"
BAND = " A line is the mean of the replicas, and its band reaches from the lowest of them to the highest."
SUCCESSIVE = 8  # stretches of updates, whose mean losses count as independent


def read(study: Study) -> Study | None:
    """The trainings of every variant; None where there is none."""
    return study if (study.outputs / "train" / BASELINE).is_dir() else None


def numbers(study: Study) -> Summary:
    """Final and early loss of every variant against the baseline, the loss by noise level, and whether a lower loss
    goes with better images. All replicas have the same validation images, whose error their replicas do not show."""
    final = study.replicated(lambda run: _final(run, study), "log", shared=True)
    left = study.replicated(lambda run: _left(run, study), "log", shared=True)
    early = study.replicated(lambda run: _early(run, study), "log")
    out: Summary = {}
    for variant, runs in study.runs.items():
        key = f"train.{variant}"
        out[f"{key}.loss"] = final.level(variant)
        out[f"{key}.loss_reduction"] = shifted(scaled(left.level(variant), -100), 100)
        out[f"{key}.loss_change"] = final.change(variant, BASELINE)
        out[f"{key}.images"] = counted(runs[0].images_seen)
        if early.found:
            out[f"{key}.early_loss_change"] = early.change(variant, BASELINE)
    return out | _noise_levels(study) | {"ranks.variants.loss": study.over_replicas(lambda runs: _rank(runs, study))}


def _rank(runs: Runs, study: Study) -> Number:
    """The rank correlation of loss and distance over the variants of one training seed. One that has not learnt to draw
    is left out, since it would be last in both whatever the others do."""
    learnt = [run for variant, run in runs.items() if variant not in study.failed]
    losses = np.array([run.trained.validation["loss"].mean() for run in learnt])
    return rank_correlation(losses, np.array([run.evaluated.metrics[study.frechet]["value"] for run in learnt]))


def _final(run: Run, study: Study) -> Measured:
    """The final validation loss, mean over the images and their draws; resampled are the images."""
    images = run.trained.validation.groupby("id", sort=True)
    losses, labels = images["loss"].mean().to_numpy(), images["label"].first().to_numpy()
    replicates = losses[study.draws(labels)].mean(axis=1)
    return Measured(resampled(losses.mean(), len(losses), replicates, "size"), replicates)


def _left(run: Run, study: Study) -> Measured:
    """What is left of the validation loss that the same network had before training."""
    final, first = _final(run, study), run.trained.curve["validation_loss"].iloc[0]
    assert final.replicates is not None
    return Measured(scaled(final.number, 1 / first), final.replicates / first)


def _early(run: Run, study: Study) -> Measured | None:
    """The training loss between the end of the warm-up and the end of the early part of training; resampled are
    stretches of successive updates. None where these updates are too few."""
    updates = run.trained.updates
    end = study.params.report.early * updates["images_seen"].iloc[-1]
    losses = updates["loss"][updates["images_seen"].between(study.params.train.warmup, end)].to_numpy()
    if len(losses) < 2 * SUCCESSIVE:
        return None
    stretches = np.array([part.mean() for part in np.array_split(losses, SUCCESSIVE)])
    replicates = stretches[study.draws(np.zeros(SUCCESSIVE, dtype=int))].mean(axis=1)
    return Measured(resampled(losses.mean(), len(losses), replicates, "size"), replicates)


def _noise_levels(study: Study) -> Summary:
    """The validation loss by noise level, its change against the baseline, and the slope of the predicted on the true
    mean of the noise."""
    out: Summary = {}
    for level, of_baseline in enumerate(study.baseline.levels):
        loss = study.replicated(lambda run, i=level: _level(run, i, study), "log", shared=True)  # type: ignore[misc]
        mean_slope = study.replicated(lambda run, i=level: _slope(run, i, study), "plain", shared=True)  # type: ignore[misc]
        for variant in study.variants:
            key = f"train.{variant}.noise_level.{level}"
            out[f"{key}.loss"] = loss.level(variant)
            out[f"{key}.loss_change"] = loss.change(variant, BASELINE)
            out[f"{key}.mean_slope"] = mean_slope.level(variant)
        out[f"noise_levels.{level}.snr_db"] = counted(float(of_baseline["snr_db"].median()), len(of_baseline))
    return out


def _level(run: Run, level: int, study: Study) -> Measured:
    """The validation loss at one noise level; resampled are the images, of which some may have no draw there."""
    draws, ids = study.draws(run.held_out["label"].to_numpy()), run.held_out["id"].to_numpy()
    rows = run.levels[level]
    sums = rows.groupby("id")["loss"].agg(["sum", "count"]).reindex(ids, fill_value=0)
    drawn = np.ascontiguousarray(draws.T)  # images first: summed over them in turn, and fast
    total, count = (sums[each].to_numpy(dtype=float)[drawn].sum(axis=0) for each in ("sum", "count"))
    value = rows["loss"].mean()
    replicates = np.where(count > 0, total / np.maximum(count, 1), value)
    return Measured(resampled(value, len(rows), replicates, "size"), replicates)


def _slope(run: Run, level: int, study: Study) -> Measured:
    """The slope of the predicted on the true mean of the noise at one noise level; resampled are the images."""
    draws = study.draws(run.held_out["label"].to_numpy())
    return slopes.slope(run.levels[level], run.held_out["id"].to_numpy(), draws)


def draw(study: Study, summary: Summary, folder: Path) -> Pictures:
    """Loss curves, the first part of training, and the loss and the slope of the mean by noise level."""
    _draw_curves(folder / "curves.png", {v: [run.trained.curve for run in runs] for v, runs in study.runs.items()})
    early = {v: [run.trained.updates for run in runs] for v, runs in study.runs.items()}
    _draw_early(folder / "early.png", early, study.params.report.early)
    _draw_levels(folder / "noise_levels.png", study.variants, summary)
    decibels = [_decibels(summary, level) for level in children(summary, "noise_levels")]
    return {
        "slopes": slopes.draw(folder / "slopes.png", f"{NAME}/slopes.png", study.variants, summary, decibels),
        "curves": Picture(
            f"{NAME}/curves.png",
            "Loss against images seen: a variant whose line is lower predicts the noise better. Training loss is the "
            "mean of the batches since the point before; a last point of few batches is left out. Validation loss is "
            "that of the averaged weights, on the same images, timesteps and noise at every point and in every "
            f"variant, so the lines in the lower panel can be compared directly.{BAND * study.several}",
        ),
        "early": Picture(
            f"{NAME}/early.png",
            f"Training loss over the first {percent(study.params.report.early)} of training. A line that falls sooner "
            f"than that of the baseline belongs to a variant that learns faster at first.{BAND * study.several}",
        ),
        "noise_levels": Picture(
            f"{NAME}/noise_levels.png",
            "Validation loss by noise level, above as it is and below as its change against the baseline. In the lower "
            "panel a variant whose line is above 0 has a higher loss than the baseline at that noise level, and a "
            "variant that is too far from the others has its range in words instead; bars are 95 % intervals."
            f"{BAND * study.several}",
        ),
    }


def _draw_curves(path: Path, curves: dict[str, list[pd.DataFrame]]) -> None:
    """Training and validation loss against images seen, with a band over the replicas."""
    figure, axes = plots.panels(2, 1, plots.WIDTH, 6.4, sharex=True)
    columns = [("train_loss", "training loss (as trained)"), ("validation_loss", "validation loss (averaged weights)")]
    for ax, (column, title) in zip(axes[:, 0], columns, strict=True):
        for i, (variant, runs) in enumerate(curves.items()):
            shown = [_of_many(curve, column) for curve in runs]
            plots.band(ax, i, variant, shown[0]["images_seen"] / 1000, [each[column] for each in shown])
        ax.set_title(title, fontsize=10)
        ax.set_ylabel("mean squared error")
        plots.log(ax, "y")
        plots.grid(ax)
    axes[1, 0].set_xlabel("thousand images seen")
    plots.legend(figure, axes[0, 0])
    plots.write(figure, path)


def _of_many(curve: pd.DataFrame, column: str) -> pd.DataFrame:
    """The points of a curve in one column; without the last of the training loss where it is the mean of less than
    half as many images as the one before, whose noise would look like a turn of the curve."""
    shown = curve[["images_seen", column]].dropna()
    stretches = curve["images_seen"].diff().to_numpy()
    few = column == "train_loss" and len(curve) > 2 and stretches[-1] < stretches[-2] / 2
    return shown.iloc[:-1] if few else shown


def _draw_early(path: Path, updates: dict[str, list[pd.DataFrame]], share: float) -> None:
    """Training loss over the first part of training, a running mean; share: of training."""
    figure, axes = plots.panels(1, 1, plots.WIDTH, 3.8)
    for i, (variant, runs) in enumerate(updates.items()):
        window = max(round(share * len(runs[0]) / 12), 1)
        end = max(round(share * len(runs[0])), window + 1)
        smooth = [run["loss"].rolling(window).mean()[window - 1 : end] for run in runs]
        plots.band(axes[0, 0], i, variant, runs[0]["images_seen"][window - 1 : end] / 1000, smooth)
    axes[0, 0].set(xlabel="thousand images seen", ylabel="mean squared error, running mean")
    plots.log(axes[0, 0], "y")
    plots.grid(axes[0, 0])
    plots.legend(figure, axes[0, 0])
    plots.write(figure, path)


def _draw_levels(path: Path, variants: list[str], summary: Summary) -> None:
    """Validation loss by noise level, and its change against the baseline."""
    figure, axes = plots.panels(2, 1, plots.WIDTH, 7, sharex=True)
    above, below = axes[:, 0]
    levels = children(summary, "noise_levels")
    places = np.arange(len(levels))
    far: set[str] = set()
    for level in levels:
        far |= set(plots.beyond({v: summary[f"train.{v}.noise_level.{level}.loss"] for v in variants}))
    unseen: list[str] = []
    for i, variant in enumerate(variants):
        losses, changes = (
            [summary[f"train.{variant}.noise_level.{level}.{name}"] for level in levels]
            for name in ("loss", "loss_change")
        )
        plots.band(above, i, variant, places, plots.replicas(losses), marker="o", markersize=3)
        if variant == BASELINE:
            below.axhline(0, color=plots.colour(i), linewidth=1)
            continue
        values = [number["value"] for number in changes]
        if variant in far:
            unseen.append(f"{variant}: {min(values):+,.0f} to {max(values):+,.0f} % \u2191")
            continue
        shift = places + 0.06 * (i - len(variants) / 2)
        plots.line(below, i, variant, shift, values, marker="o", markersize=3)
        below.vlines(shift, *plots.ends(changes), color=plots.colour(i), linewidth=0.9, alpha=0.6)
    above.set_ylabel("mean squared error of the noise")
    below.set_ylabel("change against the baseline, %")
    below.yaxis.set_major_formatter("{x:+g}")
    below.set_title("\n".join(unseen), loc="right", fontsize=9)
    below.set_xticks(places, [_decibels(summary, level) for level in levels])
    below.set_xlabel("signal-to-noise ratio, dB (clean to noisy)")
    plots.log(above, "y")
    for ax in (above, below):
        plots.grid(ax)
    plots.legend(figure, above)
    plots.write(figure, path)


def _decibels(summary: Summary, level: str) -> str:
    return f"{round(summary[f'noise_levels.{level}.snr_db']['value']):+d}"


def _apart(study: Study, summary: Summary) -> list[str]:
    """The noise levels at which a variant's loss is apart from the baseline's, a sentence per variant. There are many
    such comparisons, so the false discoveries among all of them are controlled."""
    from scipy.stats import false_discovery_control  # takes seconds to import

    levels, rate = children(summary, "noise_levels"), study.params.claims.false_discovery_rate
    others = [variant for variant in study.variants if variant != BASELINE]
    changes = {(v, i): summary[f"train.{v}.noise_level.{i}.loss_change"] for v in others for i in levels}
    adjusted = false_discovery_control([p_value(each) for each in changes.values()]) if changes else []
    apart = {at: each["value"] for (at, each), p in zip(changes.items(), adjusted, strict=True) if p <= rate}
    return [_sentence(v, {i: apart[v, i] for i in levels if (v, i) in apart}, summary) for v in others]


def _sentence(variant: str, changes: dict[str, float], summary: Summary) -> str:
    """Say where the loss of a variant is higher or lower; changes: of the levels at which it is one of the two."""
    said = [
        f"{word} at {listed([_decibels(summary, level) for level, change in changes.items() if sign * change > 0])} dB"
        for word, sign in (("higher", 1), ("lower", -1))
        if any(sign * change > 0 for change in changes.values())
    ]
    if not said:
        return f"`{variant}` has no noise level at which its loss is clearly apart from the baseline's."
    return f"The loss of `{variant}` is {listed(said)} than the baseline's."


def finding(study: Study, summary: Summary) -> Finding:
    """Whether a lower loss means better images."""
    rank = summary["ranks.variants.loss"]
    return Finding(
        f"Over the {rank['n']} variants, the rank correlation of final loss and {study.distance} is {text(rank)}: 1 "
        "would mean that the variant with the lower loss always gives the better images.",
        "noise_levels",
        4,
    )


def page(study: Study, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown."""
    levels = children(summary, "noise_levels")
    whole = summary[f"train.{BASELINE}.loss"]["value"] * len(levels)
    parts = [summary[f"train.{BASELINE}.noise_level.{levels[i]}.loss"] for i in (0, -1)]
    return fill(
        Path(__file__).with_suffix(".md"),
        **pictures,
        early_share=percent(study.params.report.early),
        rank=text(summary["ranks.variants.loss"]),
        variants=summary["ranks.variants.loss"]["n"],
        over="replicas" if study.several else "variants",
        apart=_apart(study, summary),
        rate=percent(study.params.claims.false_discovery_rate),
        n=parts[0]["n"],
        cleanest=text(parts[0]["value"] / whole, 0, 100),
        noisiest=text(parts[1]["value"] / whole, 1, 100),
        velocity=study.params.diffusion.prediction == "v",
        slope=text(summary[f"train.{BASELINE}.noise_level.{levels[-1]}.mean_slope"]),
        noisiest_db=_decibels(summary, levels[-1]),
    )

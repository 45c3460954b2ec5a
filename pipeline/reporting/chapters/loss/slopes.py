"""How much of the noise's mean, its brightness, each variant predicts at each noise level."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.diffusion.brightness import slopes
from pipeline.judges.number import resampled
from pipeline.judges.replicated import Measured
from pipeline.reporting import plots
from pipeline.reporting.page import Picture
from pipeline.reporting.summary import Summary

FEWEST = 10  # draws of a resample that a slope is fitted to; one with fewer does not count


def slope(level: pd.DataFrame, ids: np.ndarray, draws: np.ndarray) -> Measured:
    """The slope of the predicted on the true mean of the noise over the rows of validation.csv of one noise level.

    ids: [N], of all held-out images; draws: int [B, N], resamples of them. The interval is that of resampled images.
    """
    places = draws + len(ids) * np.arange(len(draws))[:, None]  # of each count in the table of all
    counts = np.bincount(places.ravel(), minlength=draws.size).reshape(draws.shape)
    weights = counts[:, np.searchsorted(ids, level["id"])]
    noise, predicted = level["noise_mean"].to_numpy(), level["predicted_mean"].to_numpy()
    every = np.ones((1, len(level)))
    replicates = slopes(noise, predicted, weights[weights.sum(axis=1) >= FEWEST])
    return Measured(resampled(slopes(noise, predicted, every)[0], len(level), replicates), replicates)


def draw(path: Path, name: str, variants: list[str], summary: Summary, decibels: list[str]) -> Picture:
    """The slope by noise level, a line per variant; name: of the file in the report; decibels: of each level."""
    figure, axes = plots.panels(1, 1, plots.WIDTH, 4)
    ax, places = axes[0, 0], np.arange(len(decibels))
    ax.axhline(1, color=plots.GREY, linewidth=1)
    for i, variant in enumerate(variants):
        numbers = [summary[f"train.{variant}.noise_level.{level}.mean_slope"] for level in range(len(decibels))]
        shift = places + 0.06 * (i - len(variants) / 2)
        plots.line(ax, i, variant, shift, [number["value"] for number in numbers], marker="o", markersize=3)
        ax.vlines(shift, *plots.ends(numbers), color=plots.colour(i), linewidth=0.9, alpha=0.6)
    ax.set_xticks(places, decibels)
    ax.set_xlabel("signal-to-noise ratio, dB (clean to noisy)")
    ax.set_ylabel("slope of predicted on true mean of the noise")
    plots.grid(ax)
    plots.legend(figure, ax)
    plots.write(figure, path)
    n = summary[f"train.{variants[0]}.noise_level.0.mean_slope"]["n"]
    return Picture(
        name,
        "How much of the noise's mean over pixels, its brightness, each variant predicts: the slope of the predicted "
        "on the true mean. An exact denoiser is near the grey line, slope 1, at the noisy levels on the right; a "
        "variant below it there leaves a part of the noise's brightness in the image, which DDIM keeps to the end and "
        "DDPM's fresh noise washes out. At the clean levels on the left there is little noise, which no denoiser can "
        f"tell from the image, so a slope below 1 is no fault there. The first level has {n} draws; bars are "
        "95 % intervals over held-out images.",
    )

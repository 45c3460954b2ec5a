"""Figures of the timestep embedding, and of what a denoiser makes of a wrong or missing noise level."""

from pathlib import Path

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from pipeline.anatomy.embedded import FRESH, PIXELS, TRAINED, Embedded
from pipeline.reporting.by_layer import axis
from pipeline.reporting.page import Drawn
from pipeline.reporting.plots import GREY, WIDTH, band, grid, legend, log, panels, replicas, write
from pipeline.reporting.summary import Summary

HEIGHT = 4.4  # inches of a matrix
FEW = 8  # levels, at most, whose ratios are printed into the matrix


def draw(
    folder: Path,
    variants: dict[str, list[Embedded]],
    summary: Summary,
    layers: dict[str, list[str]],
    places: list[str],
) -> Drawn:
    """Every figure of the chapter, into a folder; layers: of each variant, in order; places: all variants, whose order
    gives the colours."""
    folder.mkdir(parents=True, exist_ok=True)
    write(similarity(variants), folder / "similarity.png")
    write(mismatch(variants), folder / "mismatch.png")
    write(told(variants, summary, places), folder / "told.png")
    write(read(variants, summary, layers, places), folder / "read.png")
    return [
        (
            "similarity.png",
            "How alike the embeddings of two timesteps are: the cosine of their angle, mean over training seeds. "
            "A band along the diagonal is a network that tells near timesteps apart less than far ones; a square of "
            "one colour is a range of timesteps that it treats alike.",
        ),
        (
            "mismatch.png",
            "The loss where the network is told a level, as a ratio to its loss where it is told the true one; a row "
            "per true level, in percent of T, mean over training seeds. A dot marks the level under which the loss is "
            "smallest; on the diagonal the told level is the true one.",
        ),
        (
            "told.png",
            "The loss where the told level is too low (left) or too high (right), as a ratio to that under the true "
            "one. The further a line is above 1, the more the network relies on what it is told. Above: its output as "
            "it is; below: with the best reading of it. Geometric means over levels; bands reach from the lowest "
            "training seed to the highest.",
        ),
        (
            "read.png",
            "How well a linear probe reads the noise level off each layer, in a network that is told the middle of T "
            "whatever the level. Near 1 a layer shows the level by itself; where the line is above the dashed one, of "
            "fresh weights, training has carried the level on. From the input (left) through the middle (dotted line) "
            "to the output; the grey line is the noisy image itself. Bands reach from the lowest training seed to the "
            "highest.",
        ),
    ]


def ratios(one: Embedded, measure: str) -> np.ndarray:
    """The loss, or `reread`, under each told level as a ratio to that under the true one, float64 [true, told], the
    lowest levels first."""
    table = one.told.pivot_table(measure, "true", "told").to_numpy()
    return np.asarray(table / np.diag(table)[:, None])


def best(matrix: np.ndarray) -> np.ndarray:
    """The place of the told level under which the loss is smallest, int [true]; the true one where none is better."""
    return np.where(matrix.min(axis=1) < 1, matrix.argmin(axis=1), np.arange(len(matrix)))


def similarity(variants: dict[str, list[Embedded]]) -> Figure:
    """The similarity of timesteps, a panel per variant."""
    figure, axes = panels(len(variants), 1, WIDTH, HEIGHT * len(variants), sharex=True)
    for ax, (variant, of) in zip(axes[:, 0], variants.items(), strict=True):
        matrix = np.mean([each.similarity for each in of], axis=0)
        half = 100 / (len(matrix) - 1) / 2
        extent = (-half, 100 + half, -half, 100 + half)
        shown = ax.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1, origin="lower", extent=extent)
        ax.set(title=variant, ylabel="t, % of T")
        figure.colorbar(shown, ax=ax, label="cosine similarity")
    axes[-1, 0].set_xlabel("t, % of T")
    return figure


def mismatch(variants: dict[str, list[Embedded]]) -> Figure:
    """The loss by true and told level, a panel per variant."""
    figure, axes = panels(len(variants), 1, WIDTH, HEIGHT * len(variants), sharex=True)
    means = {v: np.exp(np.mean([np.log(ratios(each, "loss")) for each in of], axis=0)) for v, of in variants.items()}
    most = max(2.0, *(float(mean.max()) for mean in means.values()))
    for ax, (variant, mean) in zip(axes[:, 0], means.items(), strict=True):
        count = len(mean)
        shown = ax.imshow(mean, cmap="RdBu_r", norm=LogNorm(1 / most, most), origin="lower")
        ax.plot(best(mean), np.arange(count), "o", color="black", markersize=3)
        if count <= FEW:
            for true, row in enumerate(mean):
                for at, ratio in enumerate(row):
                    dark = abs(np.log(ratio)) > 0.6 * np.log(most)
                    colour = "white" if dark else "black"
                    ax.text(at, true + 0.28, f"{ratio:.3g}", ha="center", va="center", fontsize=7, color=colour)
        every = slice(None, None, -(-count // FEW))
        marks = [f"{100 * (i + 0.5) / count:.0f}" for i in range(count)]
        ax.set_xticks(range(count)[every], marks[every])
        ax.set_yticks(range(count)[every], marks[every])
        ax.set(title=variant, ylabel="true level, % of T")
        ticks = [2.0**i for i in range(-20, 21) if 1 / most <= 2.0**i <= most]
        bar = figure.colorbar(shown, ax=ax, label="loss, as a ratio", ticks=ticks, format="{x:g}")
        bar.minorticks_off()
    axes[-1, 0].set_xlabel("told level, % of T")
    return figure


def told(variants: dict[str, list[Embedded]], summary: Summary, places: list[str]) -> Figure:
    """The loss by how far the told level is off, as it is and with the best reading, a line per variant."""
    figure, axes = panels(2, 1, WIDTH, 5.6, sharex=True, sharey=True)
    shown = {"rise": "loss, as a ratio", "reread_rise": "with the best reading"}
    for ax, (measure, label) in zip(axes[:, 0], shown.items(), strict=True):
        for variant, of in variants.items():
            count = len(ratios(of[0], "loss"))
            offs = [off for off in range(1 - count, count) if off]
            rises = replicas([summary[f"embedding.{variant}.off.{off:+d}.{measure}"] for off in offs])
            runs = np.insert(1 + rises / 100, count - 1, 1.0, axis=1)  # with the true level told in the middle
            band(ax, places.index(variant), variant, [100 * off / count for off in range(1 - count, count)], runs)
        ax.axhline(1, color=GREY, linewidth=0.8)
        log(ax, "y")
        ax.set_ylabel(label)
        grid(ax)
    axes[-1, 0].set_xlabel("told level minus true level, % of T")
    legend(figure, axes[0, 0])
    return figure


def read(
    variants: dict[str, list[Embedded]], summary: Summary, layers: dict[str, list[str]], places: list[str]
) -> Figure:
    """How well the level is read off each layer, a panel per variant."""
    figure, axes = panels(len(variants), 1, WIDTH, 3.4 * len(variants) + 0.4, sharey=True)
    for ax, variant in zip(axes[:, 0], variants, strict=True):
        begins, names = f"embedding.{variant}.read", [each for each in layers[variant] if each != PIXELS]
        x = np.arange(len(names))
        trained, fresh = (replicas([summary[f"{begins}.{net}.{name}"] for name in names]) for net in (TRAINED, FRESH))
        band(ax, places.index(variant), variant, x, trained)
        ax.plot(x, fresh.mean(axis=0), "--", color=GREY, label="fresh weights")
        ax.fill_between(x, fresh.min(axis=0), fresh.max(axis=0), color=GREY, alpha=0.15, linewidth=0)
        ax.axhline(summary[f"{begins}.{TRAINED}.{PIXELS}"]["value"], color=GREY, linewidth=0.8)
        axis(ax, names)
        ax.set(ylabel="R2 of the level")
    legend(figure, *axes[:, 0])
    return figure

"""Figures of captions: what is drawn for every combination of words, how far it obeys, and the attention to words."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pipeline.judges.number import Number
from pipeline.reporting.chapters.text.compared import OF, Measure
from pipeline.reporting.grid import MARK, contact_sheet, shades
from pipeline.reporting.page import Drawn
from pipeline.reporting.plots import COLOURS, GREY, WIDTH, grid, legend, log, panels, write
from pipeline.reporting.summary import Summary
from pipeline.text.prompted import (
    ABSENT,
    ALL,
    CHANCE,
    CLASS,
    HELD_OUT,
    OTHER,
    SEEN,
    SLANT,
    STAGE,
    STROKE,
    TEXT,
    Prompted,
)

BARS = "Bars are 95 % intervals, and dots are single training seeds."
SAID = {SEEN: "seen in training", HELD_OUT: "held out of training", ABSENT: "without a training image"}
ATTENDED = {"share": "share of all attention, %", "focus": "attention of the figure's places"}  # column -> its panel
PREDICTED = "predicted"  # the label of a predicted clean image
WORDS = {CLASS: COLOURS[0], SLANT: COLOURS[1], STROKE: COLOURS[2], OTHER: GREY}
SIDE = 64  # pixels that an image in the grid of all combinations is about as wide as
MANY = 12  # classes beyond which a share is not printed into its cell


@dataclass(frozen=True)
class Board:
    """The combinations of words as a board of styles and classes. at: the row and the column of each combination."""

    styles: list[str]
    classes: list[str]
    at: tuple[np.ndarray, np.ndarray]

    def filled(self, values: np.ndarray, empty: float) -> np.ndarray:
        """Return values of the combinations, [combinations, ...], in their places, [styles, classes, ...]; empty: what
        stands where there is no combination."""
        out = np.full((len(self.styles), len(self.classes), *values.shape[1:]), empty, values.dtype)
        out[self.at] = values
        return out


def board(combinations: pd.DataFrame) -> Board:
    """Return the board of some combinations, whose rows and columns are in the order of the table."""
    kinds = [kind for kind in (SLANT, STROKE) if kind in combinations]
    style = combinations[kinds].astype(str).agg(", ".join, axis=1) if kinds else pd.Series("", combinations.index)
    row, styles = pd.factorize(style)
    column, classes = pd.factorize(combinations[CLASS].astype(str))
    return Board(list(styles), list(classes), (row, column))


def draw(
    folder: Path,
    seeds: list[Prompted],
    asked: list[str],
    measures: Mapping[str, Measure],
    summary: Summary,
) -> Drawn:
    """Draw every figure of the chapter. seeds: what was found with each training seed of TEXT; asked: what an image can
    be right about; measures: what the two networks are compared by, none where there is one network."""
    folder.mkdir(parents=True, exist_ok=True)
    first = seeds[0]
    framed = " A frame marks a combination that was held out of training." * bool(first.combinations["held_out"].any())
    images(folder / "grid.png", first)
    write(obedience(asked, summary), folder / "obedience.png")
    write(combinations(seeds), folder / "combinations.png")
    attention(folder / "attention.png", first)
    write(attended(first.attended), folder / "attended.png")
    drawn = [
        (
            "grid.png",
            "One image of every caption, with the first training seed: a row per style and a column per "
            f"class. Compare along a row for the style, and down a column for the class.{framed}",
        ),
        (
            "obedience.png",
            "How many images show the word that was asked for, by the kind of word. The further a point is above "
            f"its grey line, what images drawn for another word show, the more the caption decides. {BARS}",
        ),
        (
            "combinations.png",
            "The share of the images of each combination that show all words asked for, the mean over training seeds "
            f"(n = {first.combinations['n'].iloc[0]} images of each). Look for styles or classes that are hard in "
            f"every combination.{framed}",
        ),
        (
            "attention.png",
            "The predicted clean image over the process, and beneath it where each word is attended to, with the first "
            "training seed. A place is bright where it attends to the word more than the places do on average, which "
            "is middle grey, and all maps have one scale.",
        ),
        (
            "attended.png",
            "Attention to each kind of word over the process, with the first training seed. Above: its share of all "
            "attention; below: attention of the figure's places, as a multiple of that of all places, where 1, dashed, "
            "is even attention. `other` is the rest of the caption, and the tokens that begin, end and fill it up are "
            "left out. Bands are 95 % intervals over images.",
        ),
    ]
    if measures:
        write(clip_loss(measures, summary), folder / "clip_loss.png")
        drawn.append(
            (
                "clip_loss.png",
                "The change that CLIP in the loss makes, in percent above and in points below. What lies right of the "
                f"dashed line has risen, which is bad for a distance alone. {BARS}",
            )
        )
    return drawn


def images(path: Path, first: Prompted) -> None:
    """Write an image of each combination, a row per style and a column per class."""
    on = board(first.combinations)
    contact_sheet(
        path,
        on.filled(first.pictures["grid"], 255),
        [style.replace(", ", "\n") for style in on.styles],
        on.classes,
        "An image of every caption",
        on.filled(first.combinations["held_out"].to_numpy(bool), False),
        SIDE,
    )


def _point(ax: Axes, at: float, found: Number, colour: str, times: float, across: bool = False) -> None:
    """Draw a number with its interval, and its training seeds as dots beside it; across: whether values go across."""
    low, high = (times * end for end in found["ci95"])
    singles = [times * single for single in found.get("replicas", [])]
    if across:
        ax.hlines(at, low, high, color=colour, linewidth=1.4)
        ax.plot(times * found["value"], at, "o", color=colour, markersize=5)
        ax.plot(singles, [at + 0.22] * len(singles), ".", color=colour, markersize=4, alpha=0.5)
    else:
        ax.vlines(at, low, high, color=colour, linewidth=1.4)
        ax.plot(at, times * found["value"], "o", color=colour, markersize=5)
        ax.plot([at + 0.07] * len(singles), singles, ".", color=colour, markersize=4, alpha=0.5)


def obedience(asked: list[str], summary: Summary) -> Figure:
    """How many images show the word that was asked for, by the kind of word."""
    figure, axes = panels(1, 1, WIDTH, 3.8)
    ax = axes[0, 0]
    colours = {SEEN: COLOURS[1], HELD_OUT: COLOURS[2], ABSENT: COLOURS[3]}
    there = [which for which in SAID if f"{STAGE}.{TEXT}.{which}.{asked[0]}" in summary]
    for j, which in enumerate(there):
        for i, kind in enumerate(asked):
            at = i + 0.24 * (j - (len(there) - 1) / 2)
            _point(ax, at, summary[f"{STAGE}.{TEXT}.{which}.{kind}"], colours[which], 100)
            chance = 100 * summary[f"{STAGE}.{TEXT}.{which}_{CHANCE}.{kind}"]["value"]
            ax.hlines(chance, at - 0.09, at + 0.09, color=GREY, linewidth=2.5)
        ax.plot([], [], "o", color=colours[which], label=SAID[which])
    ax.plot([], [], color=GREY, linewidth=2.5, label="by chance")
    ax.set_xticks(range(len(asked)), ["all words" if kind == ALL else kind for kind in asked])
    ax.set(ylabel="show the word asked for, %", xlim=(-0.6, len(asked) - 0.4), ylim=(-3, 103))
    grid(ax)
    legend(figure, ax)
    return figure


def combinations(seeds: list[Prompted]) -> Figure:
    """The share of the images of each combination that show all words asked for, the mean over training seeds."""
    on = board(seeds[0].combinations)
    right = np.mean([each.combinations[f"right_{ALL}"].to_numpy(float) for each in seeds], axis=0)
    shares = on.filled(100 * right, np.nan)
    figure, axes = panels(1, 1, WIDTH, 0.34 * len(on.styles) + 1.8)
    ax = axes[0, 0]
    shown = ax.imshow(shares, cmap="viridis", vmin=0, vmax=100, aspect="auto")
    figure.colorbar(shown, ax=ax, label="all words right, %")
    for row, column, share, held_out in zip(*on.at, 100 * right, seeds[0].combinations["held_out"], strict=True):
        if len(on.classes) <= MANY:
            colour = "black" if share > 50 else "white"
            ax.text(column, row, f"{share:.0f}", ha="center", va="center", fontsize=8, color=colour)
        if held_out:
            ax.add_patch(Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, fill=False, edgecolor=MARK, linewidth=2))
    turned = {"rotation": 45, "ha": "right"} if max(map(len, on.classes)) > 3 else {}
    ax.set_xticks(range(len(on.classes)), on.classes, **turned)
    ax.set_yticks(range(len(on.styles)), on.styles)
    ax.tick_params(length=0)
    ax.set_xlabel("class")
    return figure


def attention(path: Path, first: Prompted) -> None:
    """Write the predicted clean images over the process, and beneath each the attention to its words."""
    clean, maps = first.pictures["clean"], first.pictures["attention"]
    bright = shades(maps / maps.mean(axis=(3, 4), keepdims=True))[..., None].repeat(clean.shape[-1], axis=-1)
    rows = np.concatenate([clean[:, None], bright], axis=1)  # of each image, its own row before those of its words
    done = dict(zip(first.attended["k"], first.attended["done"], strict=True))
    contact_sheet(
        path,
        rows.reshape(-1, *rows.shape[2:]),
        [label for words in first.words for label in (PREDICTED, *words)],
        [f"{done[k]:.0%}" for k in first.pictures["columns"]],
        "Where each word is attended to, over the process",
    )


def attended(table: pd.DataFrame) -> Figure:
    """The share of attention that each kind of word gets, and how far it is the figure's, over the process."""
    figure, axes = panels(2, 1, WIDTH, 6.0, sharex=True)
    for ax, (column, label) in zip(axes[:, 0], ATTENDED.items(), strict=True):
        times = 100 if column == "share" else 1
        for word, rows in table.groupby("word", sort=False):
            done, colour = 100 * rows["done"], WORDS[str(word)]
            low, high = times * rows[f"{column}_low"], times * rows[f"{column}_high"]
            ax.plot(done, times * rows[column], color=colour, label=word)
            ax.fill_between(done, low, high, color=colour, alpha=0.15, linewidth=0)
        ax.set_ylabel(label)
        grid(ax)
    log(axes[0, 0], "y")
    axes[1, 0].axhline(1, color=GREY, linestyle="--", linewidth=1)
    axes[1, 0].set_xlabel("share of the process, %")
    legend(figure, axes[0, 0])
    return figure


def clip_loss(measures: Mapping[str, Measure], summary: Summary) -> Figure:
    """The change of every measure with CLIP in the loss, those in percent above those in points."""
    parts = [{name: m for name, m in measures.items() if m.share == share} for share in (False, True)]
    heights = [len(part) for part in parts]
    figure, axes = panels(2, 1, WIDTH, 0.42 * sum(heights) + 1.4, height_ratios=heights)
    for ax, part in zip(axes[:, 0], parts, strict=True):
        for row, (name, measure) in enumerate(part.items()):
            _point(ax, row, summary[f"{OF}.{name}_change"], COLOURS[1], measure.times, across=True)
        ax.axvline(0, color=GREY, linestyle="--", linewidth=1)
        ax.set_yticks(range(len(part)), [measure.label for measure in part.values()])
        ax.set(ylim=(len(part) - 0.5, -0.5), xlabel=f"change, {next(iter(part.values())).unit}")
        grid(ax)
    return figure

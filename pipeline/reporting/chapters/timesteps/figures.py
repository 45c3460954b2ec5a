"""Figures of spacings, of what they draw, and of the words and the attention of images over the process."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.anatomy.timed import CLAIMED, CLIP, FULL, STYLE, UNIFORM, Timed
from pipeline.judges.number import Number
from pipeline.reporting.grid import contact_sheet, shades
from pipeline.reporting.page import Drawn
from pipeline.reporting.plots import COLOURS, GREY, WIDTH, grid, legend, log, panels, write
from pipeline.reporting.summary import Summary, below, children

NAMES = {
    "log_snr": "log-SNR",
    "karras": "Karras et al.",
    "source_early": "source, early",
    "source_late": "source, late",
}
EARLY, LATE, OTHER = COLOURS[1], COLOURS[2], COLOURS[0]
SAMPLERS = {"ddim": "DDIM", "ddpm": "DDPM"}
WORDS = {"class": COLOURS[0], "slant": COLOURS[1], "stroke": COLOURS[2]}
CONTENT = {  # measure -> what its panel is called, and what a value is multiplied by
    "coarse": ("coarsest octave, likeness", 1),
    "fine": ("finest octave, likeness", 1),
    "detail": ("finest octave, energy, dB", 1),
    "slant": ("slant kept, %", 100),
    "stroke": ("stroke kept, %", 100),
    "likeness": ("whole image, likeness", 1),
}


def spoken(spacing: str) -> str:
    """The name of a spacing as words: full is the full loop, at_25 the exponential one around 25 % of the process."""
    if spacing == FULL:
        return "full loop"
    if spacing.startswith("at_"):
        return f"around {spacing.removeprefix('at_')} %"
    return NAMES.get(spacing, spacing)


def colour(spacing: str) -> str:
    """The colour of a spacing: one for those that are dense early, one for those that are dense late, black for all
    others, and grey for the uniform one and the full loop."""
    if spacing in (UNIFORM, FULL):
        return GREY
    return EARLY if spacing.endswith("early") else LATE if spacing.endswith("late") else OTHER


def spacings(table: pd.DataFrame) -> Figure:
    """Draw where each spacing's steps lie: a row per spacing, over the share of the process, with the signal-to-noise
    ratio above it."""
    named = list(dict.fromkeys(table["spacing"]))
    figure, axes = panels(1, 1, WIDTH, 0.3 * len(named) + 1.5)
    ax = axes[0, 0]
    for row, spacing in enumerate(named):
        done = 100 * table.loc[table["spacing"] == spacing, "done"]
        ax.plot(done, np.full(len(done), row), "-", color=colour(spacing), linewidth=0.8, alpha=0.5)
        ax.plot(done, np.full(len(done), row), "o", color=colour(spacing), markersize=5)
    ax.set_yticks(range(len(named)), [spoken(spacing) for spacing in named])
    ax.set_ylim(len(named) - 0.5, -0.5)
    ax.set_xlabel("share of the process, %")
    uniform = table[table["spacing"] == UNIFORM]
    above = ax.secondary_xaxis("top")
    every = uniform.iloc[:: max(len(uniform) // 6, 1)]
    above.set_xticks(100 * every["done"], [f"{level:.0f}" for level in every["snr_db"]])
    above.set_xlabel("signal-to-noise ratio, dB")
    grid(ax)
    return figure


def sheet(path: Path, found: Timed, sampler: str, steps: int, classes: list[str]) -> None:
    """Write a picture of the images that every spacing draws by a sampler, a row per spacing and a column per seed."""
    rows = {name.split(".")[1]: images for name, images in found.pictures.items() if name.startswith(f"{sampler}.")}
    named = [classes[label] if label < len(classes) else str(label) for label in found.labels]
    title = f"The same seeds by {SAMPLERS[sampler]}, in all steps and in {steps}"
    contact_sheet(path, np.stack(list(rows.values())), [spoken(name) for name in rows], named, title)


def kept(summary: Summary, of: str, samplers: list[str]) -> Figure:
    """What is left of the full loop's images with every spacing: a panel per measure, a row per spacing."""
    sampler = CLAIMED if CLAIMED in samplers else samplers[0]
    spaced = [each for each in children(summary, of, sampler) if each != FULL]
    numbers = below(summary, of, sampler)
    measures = [each for each in CONTENT if f"{UNIFORM}.{each}" in numbers]
    rows = -(-len(measures) // 2)
    figure, axes = panels(rows, 2, WIDTH, (0.24 * len(spaced) + 0.7) * rows, sharey=True)
    for ax in axes.flat[len(measures) :]:
        ax.set_visible(False)
    for ax, measure in zip(axes.flat, measures, strict=False):
        label, times = CONTENT[measure]
        _points(ax, {each: numbers[f"{each}.{measure}"] for each in spaced}, times)
        ax.set_xlabel(label)
    return figure


def distances(summary: Summary, of: str, samplers: list[str], distance: str) -> Figure:
    """The distance to the real images with every spacing, a panel per sampler."""
    figure, axes = panels(1, len(samplers), WIDTH, 3.4, sharey=True)
    for ax, sampler in zip(axes[0], samplers, strict=True):
        spaced = children(summary, of, sampler)
        _points(ax, {each: summary[f"{of}.{sampler}.{each}.frechet"] for each in spaced}, 1)
        ax.set_xlabel(f"{distance}, {SAMPLERS[sampler]}")
        log(ax, "x")
    return figure


def _points(ax: Axes, numbers: dict[str, Number], times: float) -> None:
    """Draw a point with its interval for every spacing, and a line at the uniform one."""
    for row, (spacing, number) in enumerate(numbers.items()):
        low, high = number["ci95"]
        ax.hlines(row, times * low, times * high, color=colour(spacing), linewidth=1.4)
        ax.plot(times * number["value"], row, "o", color=colour(spacing), markersize=4)
    ax.axvline(times * numbers[UNIFORM]["value"], color=GREY, linewidth=0.8, linestyle=":")
    ax.set_yticks(range(len(numbers)), [spoken(each) for each in numbers])
    ax.set_ylim(len(numbers) - 0.5, -0.5)
    grid(ax)


def concepts(steps: pd.DataFrame, findings: dict[str, Number], branches: pd.DataFrame | None) -> Figure:
    """How far the predicted clean image agrees with each word over the process, dashed where CLIP reads it, and beneath
    it how alike continuations with fresh noise are, where they were drawn; branches: as `Followed` has them."""
    words = [word for word in WORDS if word in steps]
    figure, axes = panels(1 if branches is None else 2, 1, WIDTH, 3.4 if branches is None else 5.4, sharex=True)
    above, done = axes[0, 0], 100 * steps["done"]
    for word in words:
        above.plot(done, 100 * steps[word], color=WORDS[word], label=word)
        above.fill_between(
            done, 100 * steps[f"{word}_low"], 100 * steps[f"{word}_high"], color=WORDS[word], alpha=0.15, linewidth=0
        )
        if f"{CLIP}{word}" in steps:
            above.plot(
                done, 100 * steps[f"{CLIP}{word}"], "--", color=WORDS[word], linewidth=1.2, label=f"{word}, by CLIP"
            )
        if f"chance.{word}" in findings:
            chance = 100 * findings[f"chance.{word}"]["value"]
            above.axhline(chance, color=WORDS[word], linestyle=":", linewidth=1)
    above.set_ylabel("agreement, %")
    above.set_ylim(-3, 103)
    grid(above)
    if branches is not None:
        below_it = axes[1, 0]
        at = 100 * branches["done"]
        below_it.vlines(at, branches["likeness_low"], branches["likeness_high"], color=COLOURS[3])
        below_it.plot(at, branches["likeness"], "o-", color=COLOURS[3], markersize=4)
        below_it.axhline(0, color=GREY, linestyle="--", linewidth=1)
        below_it.set_ylabel("likeness of continuations")
        grid(below_it)
    axes[-1, 0].set_xlabel("share of the process, %")
    legend(figure, above)
    return figure


def attention(path: Path, found: Timed, classes: list[str]) -> None:
    """Write a picture of the first seeds' predicted clean images and beneath each the attention that its places get."""
    maps, clean = found.pictures["attention"], found.pictures["x0"]
    shown = min(len(maps), 4)
    bright = _bright(maps[:shown], clean)
    rows = [each for i in range(shown) for each in (clean[i], bright[i])]
    named = [classes[label] if label < len(classes) else str(label) for label in found.labels[:shown]]
    labels = [each for name in named for each in (name, "attention")]
    contact_sheet(path, np.stack(rows), labels, _process(found), "Where self-attention looks, over the process")


def words(path: Path, found: Timed) -> None:
    """Write a picture of the first seeds' predicted clean images, and beneath each where the words of its prompt are
    attended to."""
    maps, clean, of = (found.pictures[name] for name in ("word_maps", "x0", "word_seeds"))
    bright = _bright((maps / maps.mean(axis=(2, 3), keepdims=True))[..., None], clean)
    rows, labels = list[np.ndarray](), list[str]()
    for seed in np.unique(of):
        rows += [clean[seed], *bright[of == seed]]
        labels += ["predicted", *found.pictures["words"][of == seed]]
    contact_sheet(path, np.stack(rows), labels, _process(found), "Where each word is attended to, over the process")


def _bright(maps: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """Maps as shades, of the size and channels of images; maps: [N, P, side, side, 1], multiples of even attention;
    clean: uint8 [M, P, H, W, C]."""
    line = np.arange(clean.shape[2]) * maps.shape[2] // clean.shape[2]
    return np.repeat(shades(maps[:, :, line][:, :, :, line]), max(clean.shape[-1], 1), axis=-1)


def _process(found: Timed) -> list[str]:
    """The shares of the process at the steps in the course's pictures."""
    done = found.steps["done"].to_numpy()
    return [f"{done[place]:.0%}" for place in found.columns]


def foreground(steps: pd.DataFrame) -> Figure:
    """How much attention the foreground gets over the process, as a multiple of even attention."""
    figure, axes = panels(1, 1, WIDTH, 3.0)
    ax, done = axes[0, 0], 100 * steps["done"]
    ax.fill_between(done, steps["attention_low"], steps["attention_high"], color=COLOURS[1], alpha=0.15, linewidth=0)
    ax.plot(done, steps["attention"], color=COLOURS[1])
    ax.axhline(1, color=GREY, linestyle="--", linewidth=1)
    ax.set_xlabel("share of the process, %")
    ax.set_ylabel("attention on the foreground")
    grid(ax)
    return figure


def draw(
    folder: Path,
    found: Timed,
    summary: Summary,
    of: str,
    samplers: list[str],
    classes: list[str],
    distance: str,
    branches: pd.DataFrame | None,
) -> Drawn:
    """Every figure of a subject, into a folder. summary: the numbers of all chapters, those of the subject beneath
    `of`; classes: names by label; distance: what the distance is called; branches: as in `concepts`."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn: Drawn = []
    steps = int((found.spacings["spacing"] == UNIFORM).sum())
    for sampler in samplers:
        sheet(folder / f"{sampler}.png", found, sampler, steps, classes)
        said = "adds no noise on its way" if sampler == "ddim" else "adds noise of its own at each timestep"
        drawn.append(
            (
                f"{sampler}.png",
                f"The same seeds by {SAMPLERS[sampler]}, which {said}: above with all steps, below with {steps} steps "
                "spaced in several ways. Compare a column with its top image: what differs was drawn where the spacing "
                "has few steps.",
            )
        )
    write(kept(summary, of, samplers), folder / "kept.png")
    drawn.append(
        (
            "kept.png",
            "What is left of the full loop's images with every spacing (blue: dense early, orange: dense late, black: "
            "others; the dotted line is the uniform one). Where blue lies right of orange, the early part is what this "
            "measure hangs on; for the energy, 0 dB is the full loop's. Bars are 95 % intervals.",
        )
    )
    if f"{of}.{samplers[0]}.{UNIFORM}.frechet" in summary:
        write(distances(summary, of, samplers, distance), folder / "distances.png")
        drawn.append(
            (
                "distances.png",
                "How far the images of every spacing are from the real ones, by sampler. Points left of the dotted "
                "line are better than the uniform spacing with as many steps. Bars are 95 % intervals.",
            )
        )
    if any(word in found.steps for word in WORDS):
        write(concepts(found.steps, found.findings, branches), folder / "concepts.png")
        beneath = (
            " Below: how alike images are that share all steps before a point and have fresh noise after it."
            if branches is not None
            else ""
        )
        by_style, above_chance = "", ""
        if any(word in found.steps for word in STYLE):
            by_style = ", and the share of images that have the slant and the stroke of the finished one"
            above_chance = (
                " Slant and stroke are drawn where their lines rise above the dotted ones of their colours, which are "
                "how often two different images share the word."
            )
        by_clip = " Dashed: the share that CLIP gives to the word." if f"{CLIP}class" in found.steps else ""
        drawn.append(
            (
                "concepts.png",
                "How far the clean image that is predicted at each step agrees with each word: the probability that "
                f"the judge gives to the class{by_style}.{above_chance}{by_clip}{beneath} Bands and bars are 95 % "
                "intervals.",
            )
        )
    if "attention" in found.pictures:
        attention(folder / "attention.png", found, classes)
        drawn.append(
            (
                "attention.png",
                "The predicted clean image over the process, and beneath it how much attention each place gets from "
                "all others, rolled out over all layers of self-attention. Bright places are looked at more, dark ones "
                "less, and middle grey is what even attention gives; all maps have one scale.",
            )
        )
        write(foreground(found.steps), folder / "foreground.png")
        drawn.append(
            (
                "foreground.png",
                "How much attention the finished image's foreground gets at each step, as a multiple of what even "
                "attention would give it. Above 1 the figure is looked at more than the background. The band is a 95 % "
                "interval.",
            )
        )
    if "word_maps" in found.pictures:
        words(folder / "words.png", found)
        drawn.append(
            (
                "words.png",
                "The predicted clean image over the process, and beneath it where the words of its prompt are attended "
                "to, by cross-attention, the mean over heads and layers. A place is bright where it attends to the "
                "word more than the places do on average, which is middle grey, and all maps have one scale.",
            )
        )
    return drawn

"""Figures of a subject's images on their way from noise."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from pipeline.anatomy.followed import CLEAN, NOISY, Followed
from pipeline.files import replacing
from pipeline.judges.number import Number
from pipeline.reporting.grid import contact_sheet, magnified
from pipeline.reporting.page import Drawn
from pipeline.reporting.plots import COLOURS, GREY, WIDTH, ends, grid, legend, panels, write

NAMES = {CLEAN: "predicted clean image", NOISY: "noisy image"}
FRAMES, SECONDS = 50, 6.0  # of a film, at most, and how long it takes
MOST_BYTES = 1_000_000  # of a film, where one seed's images allow it
LAST = 12  # frames that the finished images are shown for


def draw(folder: Path, found: Followed, classes: list[str], octaves: list[str], borders: dict[str, float]) -> Drawn:
    """Every figure of a subject, into a folder; classes: names by label; octaves: the bands, in cycles per image;
    borders: what happens -> the share of the process at which the phases of `intervene` meet."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn: Drawn = []
    columns = _shares(found)
    named = [classes[label] if label < len(classes) else str(label) for label in found.labels]
    for kind, said in (
        (
            CLEAN,
            "The clean image that is predicted at each step, a row per seed. Read a row from left to right: what no "
            "longer changes was decided before.",
        ),
        (NOISY, "The noisy image at each step, a row per seed. Beneath the noise little is to be seen until late."),
    ):
        title = f"The {NAMES[kind]} along the process"
        contact_sheet(folder / f"{kind}.png", found.pictures[kind], named, [*columns, "end"], title)
        drawn.append((f"{kind}.png", said))
    film(folder / "film.gif", found.pictures["film"])
    drawn.append(
        (
            "film.gif",
            "The same seeds as a film: the noisy image above, and the clean image predicted from it below. "
            "The lower row shows what is drawn long before the upper one does.",
        )
    )
    write(likeness(found.steps), folder / "likeness.png")
    drawn.append(
        (
            "likeness.png",
            "How near the images are to the final one, over the process: PSNR of the noisy image above, "
            "and SSIM of the predicted clean image below. Where the lower line is near 1, the steps that follow change "
            "little. Bands are two standard deviations over seeds. Source: Figures 16 and 17.",
        )
    )
    if f"{CLEAN}-right" in found.steps:
        write(recognition(found), folder / "recognition.png")
        drawn.append(
            (
                "recognition.png",
                "The share of images whose class the judge names, over the process. Above: what it says "
                "at each step, with its favourite answer in grey, dotted for the noisy image: where the grey line is "
                "high, it says the same of every image. Below: the share of images that are not yet recognised for "
                "good; the earlier a line falls, the earlier images are recognised. Bands are 95 % intervals.",
            )
        )
        if any(name.startswith(f"recognised.{NOISY}-calibrated.") for name in found.findings):  # of several images
            write(by_class(found.findings, classes), folder / "classes.png")
            drawn.append(
                (
                    "classes.png",
                    "The share of the process after which images of a class are recognised for good. A class "
                    "whose point lies further right emerges later. Bars are 95 % intervals.",
                )
            )
    write(bands(found.images, found.steps, octaves), folder / "bands.png")
    drawn.append(
        (
            "bands.png",
            "The share of images in which a band of spatial frequencies does not yet have 90 % of its final "
            "energy, over the process. Where the lines of coarse bands fall before those of fine ones, structure comes "
            "before texture.",
        )
    )
    write(branching(found.branches, borders), folder / "branches.png")
    drawn.append(
        (
            "branches.png",
            "How alike images are that share all steps before a point of the process and have fresh noise "
            "after it. Where likeness is near 0, nothing but the class is decided yet; where it is near 1, all is. "
            f"Bars are 95 % intervals.{' Dotted lines: where the phases of the interventions meet.' * bool(borders)}",
        )
    )
    contact_sheet(
        folder / "siblings.png",
        found.pictures["branches"],
        [f"step {k}" for k in found.branches["k"]],
        [""] * found.pictures["branches"].shape[1],
        "Continuations of one image, by the step from which their noise is fresh",
    )
    drawn.append(
        (
            "siblings.png",
            "Continuations of one image with fresh noise, a row per step from which the noise is fresh. "
            "The images of a row have in common what was decided before that step.",
        )
    )
    write(schedules(found.schedules), folder / "schedules.png")
    drawn.append(
        (
            "schedules.png",
            "How much of the image is left over the noise process: the signal-to-noise ratio above, and "
            "the noise that each timestep adds below. The thick line is the subject's own. Source: Figure 15.",
        )
    )
    contact_sheet(
        folder / "forward.png",
        found.pictures["forward"],
        [""] * len(found.pictures["forward"]),
        [f"{share:.0%}" for share in np.linspace(0, 1, found.pictures["forward"].shape[1])],
        "Real images as noise is added, by the share of T",
    )
    drawn.append(
        (
            "forward.png",
            "The forward process: real images at shares of T. The step at which the eye loses an image is "
            "where the denoiser must begin to invent it.",
        )
    )
    return drawn


def _shares(found: Followed) -> list[str]:
    """The share of the process at the columns of a strip, as labels."""
    done = found.steps["done"].to_numpy()
    return [f"{done[place]:.0%}" for place in found.pictures["columns"]]


def film(path: Path, frames: np.ndarray) -> None:
    """Write a GIF that plays once and begins again; frames: uint8 [K + 1, 2, shown, H, W, C]. At most `FRAMES` steps
    are shown, evenly spaced, and the finished images for a while; of as many of the first seeds as `MOST_BYTES` hold.
    """
    places = np.unique(np.linspace(0, len(frames) - 1, min(FRAMES, len(frames))).round().astype(int))
    shown = frames.shape[2]
    content = _gif(frames[places])
    while len(content) > MOST_BYTES and shown > 1:
        shown = max(min(shown * MOST_BYTES // len(content), shown - 1), 1)
        content = _gif(frames[places, :, :shown])
    with replacing(path) as unfinished:
        unfinished.write_bytes(content)


def _gif(frames: np.ndarray) -> bytes:
    """Return the file of a film of all these frames, uint8 [frames, 2, shown, H, W, C]."""
    sheets = []
    for frame in frames:
        large = magnified(frame)[..., ::2, ::2, :] if max(frame.shape[2:4]) <= 24 else magnified(frame)
        rows, columns, height, width, _ = large.shape
        sheet = large.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, 3)
        sheets.append(Image.fromarray(sheet).convert("L" if frame.shape[-1] == 1 else "P"))
    sheets += [sheets[-1]] * LAST
    out = BytesIO()
    duration = round(1000 * SECONDS / len(sheets))
    sheets[0].save(out, format="GIF", save_all=True, append_images=sheets[1:], duration=duration, loop=0)
    return out.getvalue()


def likeness(steps: pd.DataFrame) -> Figure:
    """PSNR of x_k and SSIM of the predicted clean image over the process."""
    figure, axes = panels(2, 1, WIDTH, 5.2, sharex=True)
    for ax, name, label in zip(
        axes[:, 0], ("psnr", "ssim"), ("PSNR of x_k, dB", "SSIM of predicted image"), strict=True
    ):
        mean, spread = steps[name].to_numpy(), steps[f"{name}_spread"].to_numpy()
        top = mean + 2 * spread if name == "psnr" else np.minimum(mean + 2 * spread, 1)
        ax.fill_between(100 * steps["done"], mean - 2 * spread, top, color=COLOURS[1], alpha=0.15, linewidth=0)
        ax.plot(100 * steps["done"], mean, color=COLOURS[1])
        ax.set_ylabel(label)
        grid(ax)
    axes[-1, 0].set_xlabel("share of the process, %")
    return figure


def recognition(found: Followed) -> Figure:
    """What the judge says at each step, and the share of images that are not yet recognised for good."""
    figure, axes = panels(2, 1, WIDTH, 6.4, sharex=True)
    above, below = axes[:, 0]
    steps, done = found.steps, 100 * found.steps["done"].to_numpy()
    for kind, colour in ((CLEAN, COLOURS[1]), (NOISY, COLOURS[2])):
        right = f"{kind}-calibrated"
        above.plot(done, 100 * steps[right], color=colour, label=NAMES[kind])
        above.fill_between(done, 100 * steps[f"{right}_low"], 100 * steps[f"{right}_high"], color=colour, alpha=0.15)
        above.plot(done, 100 * steps[f"{kind}-favourite"], color=GREY, linestyle="-" if kind == CLEAN else ":")
        below.step(*waiting(found.images[right].to_numpy(), found.steps), where="post", color=colour)
    above.set_ylabel("class named, %")
    below.set_ylabel("not yet recognised, %")
    below.set_xlabel("share of the process, %")
    for ax in (above, below):
        ax.set_ylim(-3, 103)
        grid(ax)
    above.plot([], [], color=GREY, label="the judge's favourite answer")
    legend(figure, above)
    return figure


def waiting(shares: np.ndarray, steps: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The share of the process at every step and at the end, and the share of images that are not yet there, both in
    percent; shares: [S], after which each image is there, and 1 where it never is."""
    done = steps["done"].to_numpy()
    left = [*((shares > share).mean() for share in done), (shares == 1).mean()]
    return 100 * np.append(done, 1.0), 100 * np.array(left)


def by_class(findings: dict[str, Number], classes: list[str]) -> Figure:
    """The share of the process after which each class is recognised, in the noisy image and in the predicted one; the
    class whose noisy image is recognised first comes first."""
    starts = {kind: f"recognised.{kind}-calibrated." for kind in (NOISY, CLEAN)}
    numbers = {
        kind: {int(name.removeprefix(start)): n for name, n in findings.items() if name.startswith(start)}
        for kind, start in starts.items()
    }
    ordered = sorted(numbers[NOISY], key=lambda label: -numbers[NOISY][label]["value"])
    figure, axes = panels(1, 1, WIDTH, 0.3 * len(ordered) + 1.6)
    ax = axes[0, 0]
    for kind, colour in ((NOISY, COLOURS[2]), (CLEAN, COLOURS[1])):
        found = [numbers[kind][label] for label in ordered]
        low, high = ends(found)
        places = np.arange(len(ordered))
        ax.hlines(places, 100 * np.array(low), 100 * np.array(high), color=colour)
        ax.plot([100 * number["value"] for number in found], places, "o", color=colour, label=NAMES[kind])
    ax.set_yticks(range(len(ordered)), [classes[label] if label < len(classes) else str(label) for label in ordered])
    ax.set_xlabel("recognised for good after so much of the process, %")
    grid(ax)
    legend(figure, ax)
    return figure


def bands(images: pd.DataFrame, steps: pd.DataFrame, octaves: list[str]) -> Figure:
    """The share of images in which each band is not there yet."""
    figure, axes = panels(1, 1, WIDTH, 3.6)
    ax = axes[0, 0]
    for i, octave in enumerate(octaves):
        shares = images[f"band_{i + 1}"].to_numpy()
        colour = COLOURS[1 + i % (len(COLOURS) - 1)]
        ax.step(*waiting(shares, steps), where="post", color=colour, label=f"{octave} cycles")
    ax.set_xlabel("share of the process, %")
    ax.set_ylabel("not yet there, %")
    grid(ax)
    legend(figure, ax)
    return figure


def branching(branches: pd.DataFrame, borders: dict[str, float]) -> Figure:
    """How alike siblings are, and how many keep the class, over the step from which their noise is fresh; borders: what
    happens -> the share of the process."""
    names = ["likeness", *(["kept"] if "kept" in branches else [])]
    labels = {"likeness": "likeness of siblings", "kept": "share of the same class"}
    figure, axes = panels(len(names), 1, WIDTH, 2.4 * len(names) + 0.8, sharex=True)
    done = 100 * branches["done"]
    for ax, name in zip(axes[:, 0], names, strict=True):
        ax.vlines(done, branches[f"{name}_low"], branches[f"{name}_high"], color=COLOURS[1])
        ax.plot(done, branches[name], "o-", color=COLOURS[1], markersize=4)
        ax.set_ylabel(labels[name])
        grid(ax)
        for border in borders.values():
            ax.axvline(100 * border, color=COLOURS[0], linestyle=":", linewidth=1)
    top = axes[0, 0]
    for (says, border), side in zip(borders.items(), ("right", "left"), strict=False):  # apart, however near they are
        top.text(100 * border, 1.02, says, transform=top.get_xaxis_transform(), ha=side, va="bottom", fontsize=8)
    top.axhline(0, color=GREY, linestyle="--", linewidth=1)
    axes[-1, 0].set_xlabel("share of the process that is shared, %")
    return figure


def schedules(table: pd.DataFrame) -> Figure:
    """Signal-to-noise ratio and betas of the three schedules."""
    figure, axes = panels(2, 1, WIDTH, 5.2, sharex=True)
    for name, colour, width in (("cosine", COLOURS[1], 1.2), ("linear", COLOURS[2], 1.2), ("own", COLOURS[0], 2.4)):
        rows = table[table["schedule"] == name]
        for ax, column in zip(axes[:, 0], ("snr_db", "beta"), strict=True):
            ax.plot(
                100 * rows["share"],
                rows[column],
                color=colour,
                linewidth=width,
                alpha=0.6 if name == "own" else 1,
                label={"own": "the subject's own"}.get(name, name),
            )
    axes[0, 0].set_ylabel("signal-to-noise ratio, dB")
    axes[1, 0].set_ylabel("beta")
    axes[1, 0].set_yscale("log")
    axes[1, 0].set_xlabel("share of T, %")
    for ax in axes[:, 0]:
        grid(ax)
    legend(figure, axes[0, 0])
    return figure

"""A contact sheet: images in labelled rows and columns, magnified without smoothing."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from pipeline.files import replacing

MARK = "#D55E00"
DPI = 150
SIDE = 93  # pixels of the sheet that an image is about as wide as, by a whole factor
GAP, FRAME = 6, 3  # pixels between two images, and of a frame in it
SIZE = 11  # points of a letter
LETTER, TITLE, LINE = 14, 17, 29  # pixels of a label's letter, of a letter of the title, and of a line, about
SHORTEST = 30  # letters of a line of the title
WORD = 8  # a line of a column's label of so many letters or fewer is never broken
CLEAREST = 0.98  # the share of places that shades tell apart; the others are black or white


def contact_sheet(
    path: Path,
    images: np.ndarray,
    rows: list[str],
    columns: list[str],
    title: str,
    marked: np.ndarray | None = None,
    side: int = SIDE,
    groups: Sequence[str] = (),
) -> None:
    """Write a PNG; images: uint8 [rows, columns, H, W, C] with C = 1 or 3; marked: bool [rows, columns], which get a
    coloured frame; side: pixels that an image is about as wide as; groups: what stands above the first columns, the
    next ones, and so on, in groups of as many columns. One pixel of an image becomes a square of the sheet, so that no
    value is changed."""
    sheet = mosaic(magnified(images, side), marked)
    height, width = sheet.shape[:2]
    cell = (height - GAP) // len(rows), (width - GAP) // len(columns)
    left = LETTER * max(len(line) for label in rows for line in label.split("\n")) + 2 * GAP
    columns = broken(columns, cell[1] // LETTER)
    heading = max(label.count("\n") + 1 if label else 0 for label in columns)
    longest = max(len(line) for label in columns for line in label.split("\n"))
    said = wrap(title, max((left + width) // TITLE, SHORTEST))
    top = LINE * (len(said) + heading + bool(groups)) + 3 * GAP
    whole = max(left + width, TITLE * max(map(len, said))), top + height
    figure = Figure(figsize=(whole[0] / DPI, whole[1] / DPI), dpi=DPI)
    figure.figimage(sheet, left, 0, origin="upper")
    for i, label in enumerate(rows):
        middle = (height - GAP - (i + 0.5) * cell[0]) / whole[1]
        figure.text((left - GAP) / whole[0], middle, label, ha="right", va="center", fontsize=SIZE)
    for j, label in enumerate(columns):
        middle, size = (
            (left + GAP + (j + 0.5) * cell[1]) / whole[0],
            SIZE * min(1, cell[1] / (1.1 * LETTER * (longest or 1))),
        )
        figure.text(middle, (height + GAP) / whole[1], label, ha="center", va="bottom", fontsize=size)
    for i, label in enumerate(groups):
        middle = (left + GAP + (i + 0.5) * cell[1] * len(columns) / len(groups)) / whole[0]
        above = (height + GAP + LINE * heading) / whole[1]
        figure.text(middle, above, label, ha="center", va="bottom", fontsize=SIZE)
    words = "\n".join(said)
    figure.text(GAP / whole[0], 1 - GAP / whole[1], words, ha="left", va="top", fontsize=SIZE, fontweight="bold")
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = np.asarray(canvas.buffer_rgba())[..., :3]
    grey = not np.ptp(drawn, axis=2).any()  # then a file of grey alone has half the size
    with replacing(path) as unfinished:
        Image.fromarray(drawn[..., 0] if grey else drawn).save(unfinished, format="PNG", dpi=(DPI, DPI))


def broken(labels: Sequence[str], letters: int) -> list[str]:
    """The labels of columns, in lines of so many letters, or of as many as the longest word of all labels has: what is
    too long for a column is broken between words, before all letters are made smaller."""
    longest = max((len(word) for label in labels for word in label.split()), default=0)
    width = max(longest, letters, WORD)
    lines = [[wrap(line, width, break_on_hyphens=False) or [""] for line in label.split("\n")] for label in labels]
    return ["\n".join(part for parts in label for part in parts) for label in lines]


def magnified(images: np.ndarray, side: int = SIDE) -> np.ndarray:
    """uint8 [rows, columns, h, w, 3]: images enlarged, or large ones reduced to means, by a whole factor, to about
    `side` pixels."""
    own = max(images.shape[2:4])
    colour = np.broadcast_to(images, (*images.shape[:4], 3))
    if own <= 1.5 * side:
        factor = max(round(side / own), 1)
        return colour.repeat(factor, axis=2).repeat(factor, axis=3)
    factor = round(own / side)
    h, w = (size // factor for size in images.shape[2:4])
    cut = colour[:, :, : h * factor, : w * factor].reshape(*images.shape[:2], h, factor, w, factor, 3)
    return cut.mean(axis=(3, 5)).round().astype(np.uint8)


def shades(multiples: np.ndarray) -> np.ndarray:
    """uint8 of the same shape: multiples of what an even share would be, as brightness on one scale for all of them.
    Middle grey is 1, brighter is more."""
    most = np.quantile(abs(multiples - 1), CLEAREST) or 1.0
    return np.asarray((127.5 * (1 + np.clip((multiples - 1) / most, -1, 1))).round().astype(np.uint8))


def mosaic(images: np.ndarray, marked: np.ndarray | None) -> np.ndarray:
    """uint8 [H, W, 3]: images [rows, columns, h, w, 3] side by side on white, the marked ones in a frame."""
    count_rows, count_columns, h, w, _ = images.shape
    out = np.full((count_rows * (h + GAP) + GAP, count_columns * (w + GAP) + GAP, 3), 255, np.uint8)
    frame = (np.array(to_rgb(MARK)) * 255).round().astype(np.uint8)
    for i in range(count_rows):
        for j in range(count_columns):
            top, left = GAP + i * (h + GAP), GAP + j * (w + GAP)
            if marked is not None and marked[i, j]:
                out[top - FRAME : top + h + FRAME, left - FRAME : left + w + FRAME] = frame
            out[top : top + h, left : left + w] = images[i, j]
    return out

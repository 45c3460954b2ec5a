"""A contact sheet: images in labelled rows and columns, magnified without smoothing."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from pipeline.files import replacing

MARK = "#D55E00"


def contact_sheet(
    path: Path, images: np.ndarray, rows: list[str], columns: list[str], title: str, marked: np.ndarray | None = None
) -> None:
    """Write a PNG; images: uint8 [rows, columns, H, W, C] with C = 1 or 3; marked: bool [rows, columns], which get a
    coloured frame."""
    count_rows, count_columns = images.shape[:2]
    label_width = 0.09 * max(map(len, rows)) + 0.1
    lines = max(label.count("\n") + 1 if label else 0 for label in columns)
    cell, top = 0.62, 0.27 + 0.16 * lines
    grid_width, height = label_width + cell * count_columns, top + cell * count_rows
    width = max(grid_width, 0.086 * len(title) + 0.1)
    figure = Figure(figsize=(width, height))
    axes = figure.subplots(
        count_rows,
        count_columns,
        squeeze=False,
        gridspec_kw={
            "wspace": 0.06,
            "hspace": 0.06,
            "left": label_width / width,
            "right": 0.995 * grid_width / width,
            "bottom": 0.01,
            "top": 1 - top / height,
        },
    )
    for i, row in enumerate(axes):
        for j, ax in enumerate(row):
            image = images[i, j]
            ax.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255)
            ax.set(xticks=[], yticks=[])
            for spine in ax.spines.values():
                spine.set(visible=marked is not None and bool(marked[i, j]), color=MARK, linewidth=2)
            if i == 0:
                ax.set_title(columns[j], fontsize=9, pad=3)
            if j == 0:
                ax.set_ylabel(rows[i], rotation=0, ha="right", va="center", fontsize=9)
    figure.text(0.01, 1 - 0.06 / height, title, ha="left", va="top", fontsize=10, fontweight="bold")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as unfinished:
        figure.savefig(unfinished, format="png", dpi=150, metadata={"Software": None})

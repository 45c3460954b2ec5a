"""The chapter on quality: the nearest pairs are shown nearest first."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.data.images import ImageSet
from pipeline.reporting.chapters import quality


def test_the_nearest_pairs_are_shown_nearest_first(
    results, study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given: dict = {}
    monkeypatch.setattr(
        quality,
        "contact_sheet",
        lambda path, images, rows, columns, title: given.update(images=images, rows=rows, columns=columns),
    )
    made = study(results)

    def images(*levels: int) -> ImageSet:
        pixels = np.zeros((len(levels), 4, 4, 1), np.uint8)
        pixels[:, 0, 0, 0] = levels
        return ImageSet(pixels, np.zeros(len(levels), int), np.arange(len(levels)))

    vars(made.baseline.sampled)["images"] = images(1, 2, 3)
    images(10, 20, 30, 40, 50).save(made.outputs / "prepare/train")
    found = pd.DataFrame({"training_distance": [0.3, 0.1, 0.2], "nearest_training": [4, 0, 2]})
    vars(made.baseline.evaluated)["images"] = found
    quality.draw(made, {}, tmp_path)
    assert given["images"][:, :, 0, 0, 0].tolist() == [[2, 3, 1], [10, 30, 50]]
    assert given["columns"] == ["0.100", "0.200", "0.300"]

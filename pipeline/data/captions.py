"""Captions, a sentence for every image: its class and, where the template asks for them, words for slant and stroke."""

from string import Formatter

import numpy as np
import pandas as pd

UPRIGHT = 7.5  # degrees either way that still count as upright
LEANINGS = np.array(["leaning left", "upright", "leaning right"])
WIDTHS = np.array(["thin", "medium", "bold"])


def asks_for_strokes(template: str) -> bool:
    """Say whether the template has a field that must be measured, which is any but the class."""
    return any(field not in (None, "class") for _, field, _, _ in Formatter().parse(template))


def thirds(strokes: pd.DataFrame) -> list[float]:
    """Return the two stroke widths that divide these images into three equal shares, in pixels. They say what `thin`
    and `bold` mean in this set."""
    return [float(np.quantile(strokes["stroke"], share)) for share in (1 / 3, 2 / 3)]


def words(strokes: pd.DataFrame, bounds: list[float]) -> pd.DataFrame:
    """Return a row per image with a word for its slant and a word for its stroke.

    strokes: as `strokes.measure` gives them; bounds: as `thirds` gives them. Thin is at most the lower bound, bold is
    above the upper one.
    """
    return pd.DataFrame(
        {
            "slant": LEANINGS[np.digitize(strokes["slant"], [-UPRIGHT, UPRIGHT])],
            "stroke": WIDTHS[np.digitize(strokes["stroke"], bounds, right=True)],
        }
    )


def captions(template: str, classes: list[str], labels: np.ndarray, words: pd.DataFrame | None) -> list[str]:
    """Return one caption per label; words: as `words` gives them, or None for a template that needs none."""
    fields = pd.DataFrame({"class": [classes[label] for label in labels]})
    if words is not None:
        fields = fields.join(words)
    return [template.format_map(each) for each in fields.to_dict("records")]

"""The combinations of words that captions can have, and those that training never shows."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd

from pipeline.judges import wording

SEED = 0  # of the combinations that are held out
CAPTION, TRAINED, HELD_OUT = "caption", "trained", "held_out"


def combinations(template: str, classes: Sequence[str], captions: Sequence[str], held_out: int) -> pd.DataFrame:
    """Return a row per combination of words: a column per kind of word, the class first; caption; trained, how many of
    the training images' captions have it; and held_out, whether training is not to show it.

    captions: of the training images. Held out are at most so many that some training image has; the classes take turns,
    and so do the combinations of style, so that every word alone is still seen in many others. None is held out where
    captions have the class alone: that would withhold the whole class.
    """
    of = wording.words(template, classes)
    table = pd.DataFrame(list(product(*of.values())), columns=list(of))
    table[CAPTION] = [template.format_map(row) for row in table.to_dict("records")]
    counts = pd.Series(list(captions)).value_counts()
    table[TRAINED] = table[CAPTION].map(counts).fillna(0).astype(int)
    table[HELD_OUT] = False
    styles = len(table) // len(classes)
    table.loc[_chosen(table[TRAINED].to_numpy().reshape(len(classes), styles), held_out), HELD_OUT] = True
    return table


def _chosen(trained: np.ndarray, count: int) -> list[int]:
    """Return the rows of at most `count` combinations with training images; trained: int [classes, styles]. At least
    half of each class's combinations stay."""
    rng = np.random.default_rng(SEED)
    order, styles = rng.permutation(len(trained)), rng.permutation(trained.shape[1])
    chosen: list[int] = []
    taken = np.zeros_like(trained, dtype=bool)
    for turn in range(count):
        label = order[turn % len(order)]
        free = [s for s in np.roll(styles, -turn) if trained[label, s] and not taken[label, s]]
        if free and taken[label].sum() < (trained[label] > 0).sum() // 2:
            taken[label, free[0]] = True
            chosen.append(int(label) * trained.shape[1] + int(free[0]))
    return chosen

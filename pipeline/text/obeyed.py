"""How images obey the captions that they were drawn for: the class by the classifier, slant and stroke by the moments
and the skeleton of the figure, which made the captions of the real images too."""

import numpy as np
import pandas as pd

from pipeline.data import captions, strokes
from pipeline.data.masks import of_image
from pipeline.judges import bootstrap, number
from pipeline.judges.classifier import Classifier, predict
from pipeline.judges.metrics import Metrics
from pipeline.judges.wording import WORDS
from pipeline.params import Bootstrap
from pipeline.text.combinations import HELD_OUT, TRAINED
from pipeline.text.prompted import ABSENT, ALL, CHANCE, CLASS, KINDS, RANK, RANKED, SEEN


def read(images: np.ndarray, trained: Classifier, classes: list[str], bounds: list[float] | None) -> pd.DataFrame:
    """Return a row per image: the word that it shows of each kind, and `slant_degrees` and `stroke_pixels`, the
    measures behind two of them; images: uint8 [N, H, W, C]; bounds: the stroke widths between thin, medium and bold,
    None where captions have no words of style."""
    shown = pd.DataFrame({CLASS: [classes[label] for label in predict(trained, images)]})
    if bounds is None:
        return shown
    measured = strokes.measure(np.stack([of_image(image) for image in images]))
    shown[list(WORDS)] = captions.words(measured, bounds)[list(WORDS)]
    return shown.assign(slant_degrees=measured["slant"], stroke_pixels=measured["stroke"])


def sets(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return which combinations training showed, which were held out of it, and which no training image has, bool
    [combinations]; table: a row per combination."""
    held_out, absent = table[HELD_OUT].to_numpy(), (table[TRAINED] == 0).to_numpy()
    return {SEEN: ~held_out & ~absent, HELD_OUT: held_out, ABSENT: absent}


def shows(shown: pd.DataFrame, table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return, for every combination and image, whether the image shows what the combination's caption asks for, of each
    kind and of all kinds, bool [combinations, N]; shown: as `read` gives it."""
    kinds = [kind for kind in KINDS if kind in table]
    same = {kind: table[kind].to_numpy()[:, None] == shown[kind].to_numpy() for kind in kinds}
    return same | {ALL: np.logical_and.reduce(list(same.values()))}


def right(shown: pd.DataFrame, table: pd.DataFrame, own: np.ndarray) -> pd.DataFrame:
    """Return, for every image, whether it shows what its own caption asks for, of each kind and of all kinds, bool;
    own: int [N], the combination that each image was drawn for."""
    return pd.DataFrame({kind: of[own, np.arange(len(own))] for kind, of in shows(shown, table).items()})


def strangers(table: pd.DataFrame, own: np.ndarray) -> dict[str, np.ndarray]:
    """Return, for every combination, the images that were drawn for another word, bool [combinations, N]: of the class,
    those of all other classes; of slant and stroke, those of the same class with another word of this kind; of all
    kinds, those of the same class with another combination, where there are several, else those of all other classes.

    What these show is what a network that does not hear the word would show. own: int [N], the combination that each
    image was drawn for.
    """
    kinds = [kind for kind in KINDS if kind in table]
    other = {kind: table[kind].to_numpy()[:, None] != table[kind].to_numpy()[own] for kind in kinds}
    apart = np.arange(len(table))[:, None] != own
    out = {kind: of if kind == CLASS else of & ~other[CLASS] for kind, of in other.items()}
    return out | {ALL: apart & ~other[CLASS] if len(kinds) > 1 else other[CLASS]}


def judged(shown: pd.DataFrame, table: pd.DataFrame, own: np.ndarray, resampling: Bootstrap) -> Metrics:
    """Return the shares of images that obey, by chance too, and the rank correlations (`Prompted.numbers`), of each of
    `sets` that has combinations; table: a row per combination; own: int [N], that of each image."""
    numbers: dict[str, number.Number] = {}
    columns: dict[str, np.ndarray] = {}
    asked = table.iloc[own].reset_index(drop=True)
    hits, every, others = right(shown, table, own), shows(shown, table), strangers(table, own)
    all_draws = bootstrap.draws(own, resampling.resamples, resampling.seed)
    for name, combinations in sets(table).items():
        inside = combinations[own]
        if not inside.any():
            continue
        draws = bootstrap.draws(own[inside], resampling.resamples, resampling.seed)
        for kind in every:
            each = hits[kind].to_numpy()[inside]
            numbers[f"{name}.{kind}"] = number.share(each)
            columns[f"{name}.{kind}"] = each[draws].mean(axis=1)
            compared = np.flatnonzero(combinations & others[kind].any(axis=1))
            if len(compared):
                of, true = others[kind][compared], every[kind][compared]
                parts = (of * true / of.sum(axis=1, keepdims=True)).mean(axis=0)  # what each image adds to the share
                chance = f"{name}_{CHANCE}.{kind}"
                columns[chance] = parts[all_draws].sum(axis=1)
                n = int(of.any(axis=0).sum())
                numbers[chance] = number.resampled(float(parts.sum()), n, columns[chance], "share")
        for kind, measure in zip(RANKED, ("slant_degrees", "stroke_pixels"), strict=True):
            if kind in table:
                order = {str(word): place for place, word in enumerate(WORDS[kind])}
                x, y = asked[kind].map(order).to_numpy()[inside], shown[measure].to_numpy()[inside]
                rank = f"{name}_{RANK}.{kind}"
                numbers[rank] = number.rank_correlation(x, y)
                columns[rank] = np.array([number.rank_correlation(x[d], y[d])["value"] for d in draws])
    return Metrics(numbers, pd.DataFrame(columns))


def summed(table: pd.DataFrame, shown: pd.DataFrame, own: np.ndarray) -> pd.DataFrame:
    """Return the combinations with what was found of each: n images, and `right_KIND`, the share of them that obeys."""
    hits = right(shown, table, own)
    means = hits.groupby(own).mean().add_prefix("right_")
    return table.assign(n=pd.Series(own).value_counts()).join(means)

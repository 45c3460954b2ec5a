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
from pipeline.text.prompted import ALL, CLASS, KINDS, RANKED, SEEN


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


def right(shown: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """Return, for every image, whether it shows the word asked for of each kind, and all of them, bool; shown: as
    `read` gives it; asked: a row per image, with the columns of its kinds."""
    kinds = [kind for kind in KINDS if kind in asked]
    out = pd.DataFrame({kind: shown[kind].to_numpy() == asked[kind].to_numpy() for kind in kinds})
    return out.assign(**{ALL: out.all(axis=1)})


def by_chance(shown: pd.DataFrame, table: pd.DataFrame, own: np.ndarray) -> pd.DataFrame:
    """Return, for every image, the share of all other combinations whose word it shows, of each kind and of all kinds,
    0..1: how often it would seem to obey a prompt that it never had. table: a row per combination; own: int [N], the
    row that each image was drawn for."""
    kinds = [kind for kind in KINDS if kind in table]
    same = {kind: shown[kind].to_numpy()[:, None] == table[kind].to_numpy() for kind in kinds}
    same[ALL] = np.logical_and.reduce(list(same.values()))
    others = np.arange(len(table)) != own[:, None]
    return pd.DataFrame({kind: (each & others).sum(axis=1) / max(len(table) - 1, 1) for kind, each in same.items()})


def judged(shown: pd.DataFrame, table: pd.DataFrame, own: np.ndarray, resampling: Bootstrap) -> Metrics:
    """Return the shares of images that obey, by chance too, and the rank correlations (`Prompted.numbers`); the
    arguments are as in `by_chance`. A set of combinations that has none has no numbers; those that no training image
    has are in neither set."""
    numbers: dict[str, number.Number] = {}
    columns: dict[str, np.ndarray] = {}
    asked = table.iloc[own].reset_index(drop=True)
    hits, chance = right(shown, asked), by_chance(shown, table, own)
    held_out = asked[HELD_OUT].to_numpy()
    sets = {SEEN: ~held_out & (asked[TRAINED] > 0).to_numpy(), HELD_OUT: held_out}
    for name, inside in sets.items():
        if inside.any():
            draws = bootstrap.draws(own[inside], resampling.resamples, resampling.seed)
            for kind in hits:
                each = hits[kind].to_numpy()[inside]
                numbers[f"{name}.{kind}"] = number.share(each)
                columns[f"{name}.{kind}"] = each[draws].mean(axis=1)
    draws = bootstrap.draws(own, resampling.resamples, resampling.seed)
    for kind in chance:
        each = chance[kind].to_numpy()
        columns[f"chance.{kind}"] = each[draws].mean(axis=1)
        numbers[f"chance.{kind}"] = number.resampled(each.mean(), len(each), columns[f"chance.{kind}"], "share")
    for kind, measure in zip(RANKED, ("slant_degrees", "stroke_pixels"), strict=True):
        if kind in table:
            order = {str(word): place for place, word in enumerate(WORDS[kind])}
            x, y = asked[kind].map(order).to_numpy(), shown[measure].to_numpy()
            numbers[f"rank.{kind}"] = number.rank_correlation(x, y)
            columns[f"rank.{kind}"] = np.array([number.rank_correlation(x[d], y[d])["value"] for d in draws])
    return Metrics(numbers, pd.DataFrame(columns))


def summed(table: pd.DataFrame, shown: pd.DataFrame, own: np.ndarray) -> pd.DataFrame:
    """Return the combinations with what was found of each: n images, and `right_KIND`, the share of them that obeys."""
    hits = right(shown, table.iloc[own].reset_index(drop=True))
    means = hits.groupby(own).mean().add_prefix("right_")
    return table.assign(n=pd.Series(own).value_counts()).join(means)

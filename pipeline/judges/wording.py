"""How far images agree with each word of a caption, by CLIP: its zero-shot softmax (Radford et al. 2021, section 3.1)
over the captions of all combinations of words, added up over those that share a word."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from string import Formatter

import numpy as np
from scipy.special import softmax

from pipeline.data import captions
from pipeline.judges.clip import Clip

WORDS = {"slant": captions.LEANINGS, "stroke": captions.WIDTHS}  # that a caption may have beside its class


@dataclass(frozen=True)
class Wording:
    """All captions that a template makes of some classes. clip: the judge; of: what varies, `class` first, and its
    words; features: those of every caption, float64 [M, F], the last kind of word varying fastest."""

    clip: Clip
    of: dict[str, list[str]]
    features: np.ndarray

    def shares(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Return how far images agree with every word, kind -> float64 [N, words], which add up to 1 over the words of
        a kind; images: uint8 [N, H, W, C]."""
        found = softmax(self.clip.scale * self.clip.image_features(images) @ self.features.T, axis=1)
        table = found.reshape(-1, *map(len, self.of.values()))
        axes = range(1, table.ndim)
        return {kind: table.sum(axis=tuple(set(axes) - {axis})) for kind, axis in zip(self.of, axes, strict=True)}


def wording(clip: Clip, template: str, classes: Sequence[str]) -> Wording:
    """Return the captions of a template, in which `{slant}` and `{stroke}` may stand, for all classes."""
    of = words(template, classes)
    sentences = [template.format_map(dict(zip(of, each, strict=True))) for each in product(*of.values())]
    return Wording(clip, of, clip.text_features(sentences))


def words(template: str, classes: Sequence[str]) -> dict[str, list[str]]:
    """Return what varies in the captions of a template, `class` first -> its words."""
    fields = {field for _, field, _, _ in Formatter().parse(template)}
    return {"class": list(classes), **{kind: [str(w) for w in WORDS[kind]] for kind in WORDS if kind in fields}}

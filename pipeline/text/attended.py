"""What each word of a caption is attended to, at each step: how much, and where (Tang et al. 2023; Park et al. 2024,
section 4.3, whose relevance scores are sums of the same maps)."""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

import numpy as np
import pandas as pd

from pipeline.anatomy import attention
from pipeline.anatomy.sweep import Loop
from pipeline.data.masks import of_image
from pipeline.errors import UserError, short
from pipeline.judges import bootstrap, number
from pipeline.params import Bootstrap
from pipeline.text.prompted import OTHER


@dataclass(frozen=True)
class Attended:
    """The attention of S images to the kinds of words over K steps. maps: kind -> float32 [K, S, H, W], the share of
    each place's attention that goes to the words of this kind; clean: uint8 [K, S, H, W, C], the predicted clean
    images; final: uint8 [S, H, W, C]."""

    maps: dict[str, np.ndarray]
    clean: np.ndarray
    final: np.ndarray


def places(tokenizer: Any, template: str, words: Mapping[str, str]) -> dict[str, list[int]]:
    """Return kind of word -> the places of its tokens in a caption, counted from 0, the token that begins it.

    tokenizer: of transformers; template: of the caption; words: kind -> its word. A tokenizer that parts a caption in
    another way than its pieces is a `UserError`.
    """
    found: dict[str, list[int]] = {}
    tokens: list[int] = []
    for literal, field, _, _ in Formatter().parse(template):
        for kind, piece in ((OTHER, literal), (field, words[field] if field else "")):
            of_piece = tokenizer(piece, add_special_tokens=False).input_ids if piece else []
            if kind and of_piece:
                begin = 1 + len(tokens)
                found.setdefault(kind, []).extend(range(begin, begin + len(of_piece)))
                tokens += of_piece
    caption = template.format_map(dict(words))
    if tokens != tokenizer(caption).input_ids[1:-1]:
        raise UserError(
            f"the words of the caption {short(caption)} cannot be told apart among its tokens; a data.caption with a "
            "space on either side of each field can."
        )
    return found


def follow(
    loop: Loop, seeds: np.ndarray, labels: np.ndarray, tokenizer: Any, template: str, words: pd.DataFrame
) -> Attended:
    """Follow the attention of images through the untouched loop. seeds, labels: int [S], at most a batch; template: of
    the captions; words: a row per image, a column per kind of word."""
    where = [places(tokenizer, template, {str(k): str(v) for k, v in row.items()}) for row in words.to_dict("records")]
    maps: dict[str, list[np.ndarray]] = {kind: [] for kind in where[0]}
    clean = []
    for moment, seen in attention.by_word(loop, seeds, labels):
        by_token = seen.float().cpu().numpy()
        clean.append(loop.subject.images(moment.x0))
        for kind, of in maps.items():
            of.append(np.stack([each[where[i][kind]].sum(axis=0) for i, each in enumerate(by_token)]))
    return Attended(
        {kind: np.stack(of) for kind, of in maps.items()}, np.stack(clean), loop.subject.images(moment.after)
    )


def table(found: Attended, steps: int, resampling: Bootstrap) -> pd.DataFrame:
    """Return a row per step and kind of word, as `Prompted.attended` has them; steps: of the loop."""
    mask = np.stack([of_image(image) for image in found.final])
    count = len(mask)
    draws = bootstrap.draws(np.zeros(count, dtype=int), resampling.resamples, resampling.seed)
    area = np.maximum(mask.sum(axis=(1, 2)), 1)
    rows = []
    for place in range(steps):
        for kind, maps in found.maps.items():
            share = maps[place].mean(axis=(1, 2))
            inside = (maps[place] * mask).sum(axis=(1, 2)) / area
            focus = np.where(mask.any(axis=(1, 2)), inside / share, 1.0)
            row: dict[str, Any] = {"k": steps - place, "done": place / steps, "word": kind}
            for name, values, bounds in (("share", share, "share"), ("focus", focus, "size")):
                of = number.resampled(values.mean(), count, values[draws].mean(axis=1), bounds)  # type: ignore[arg-type]
                row |= number.columns(name, of)
            rows.append({**row, "n": count})
    return pd.DataFrame(rows)

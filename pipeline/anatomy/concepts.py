"""Concepts over the steps: when the clean image that is predicted at a step shows each word of its caption.

It answers the question behind the relevance scores of Park et al. 2024 (Figures 9 and 11), by what the image shows
instead of by attention: the class by a classifier, the words for slant and stroke by the moments of the figure, and
beside these all of them by CLIP.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.anatomy import attention
from pipeline.anatomy.effects import Timesteps
from pipeline.anatomy.sweep import Loop, Moment
from pipeline.anatomy.timed import CLIP, STYLE
from pipeline.anatomy.trajectories import reduced
from pipeline.data import captions, masks, strokes
from pipeline.diffusion.sampling import batches
from pipeline.judges import bootstrap, number, recognition, wording
from pipeline.judges.number import Number
from pipeline.judges.wording import Wording

CLASS = "class"
WORDS = 8  # of a prompt, the first, whose attention is shown


@dataclass(frozen=True)
class Reader:
    """What reads words off images, uint8 [N, H, W, C]. judge: gives the logarithms of the classes' probabilities,
    [N, classes], or None where no judge fits the images; bounds: the stroke widths in pixels between thin, medium and
    bold (`captions.thirds`), or None where captions have no words of style; wording: what CLIP reads, or None where it
    is not there or cannot judge."""

    judge: Callable[[np.ndarray], np.ndarray] | None
    bounds: list[float] | None
    wording: Wording | None = None

    @property
    def style(self) -> tuple[str, ...]:
        """The words of style that it reads."""
        return STYLE if self.bounds is not None else ()

    def words(self, images: np.ndarray) -> pd.DataFrame:
        """Return a row per image with its words of style, such as `leaning left` and `bold`."""
        assert self.bounds is not None, "there are words of style"
        return captions.words(strokes.measure(foreground(images)), self.bounds)


def foreground(images: np.ndarray) -> np.ndarray:
    """Return the foreground of images, bool [N, H, W]; images: uint8 [N, H, W, C]."""
    return np.stack([masks.of_image(image) for image in images])


@dataclass(frozen=True)
class Course:
    """What the predicted clean images of S seeds show at K steps, the first and noisiest step first. agreement:
    word's name -> how far they agree with it, [K, S] in 0..1: the judge's probability of the class, whether the word
    of style is that of the final image, or CLIP's share of either; named: word's name -> whether they show it, bool
    [K, S]; chance: word of style -> how often the final images of two seeds have the same word; seen: the class that
    the judge names, int [K, S], or None where none can say; received: how much attention the final image's foreground
    gets at each step (`attention.Rollout.received`), the mean over it, [K, A] of the first A seeds, or None where the
    network has no self-attention; pictures: `x0` and, where there is attention, `attention`, of the first seeds at
    some steps, [shown, columns, H, W, C]: uint8 images, and float multiples of even attention; final: uint8 [S, H, W,
    C]."""

    agreement: dict[str, np.ndarray]
    named: dict[str, np.ndarray]
    chance: dict[str, float]
    seen: np.ndarray | None
    received: np.ndarray | None
    pictures: dict[str, np.ndarray]
    final: np.ndarray


def follow(
    loop: Loop,
    seeds: np.ndarray,
    labels: np.ndarray,
    told: bool,
    reader: Reader,
    attended: int,
    shown: int,
    columns: np.ndarray,
) -> Course:
    """Follow the words and the attention of images through the untouched loop, `loop.batch_size` images at a time.

    seeds, labels: int [S]; told: whether the network is told the label, else the class of the final image is its word;
    attended: of how many seeds, from the first on, attention is followed; shown: how many seeds' pictures are kept, at
    most a batch; columns: int [P], the places of the steps whose pictures are kept.
    """
    there = bool(attention.sites(loop.subject.model, cross=False))
    said, words, received, finals = (list[np.ndarray]() for _ in range(4))
    by_clip = list[list[dict[str, np.ndarray]]]()
    pictures: dict[str, np.ndarray] = {}
    for batch_seeds, batch_labels, kept in batches(seeds, labels, loop.batch_size):
        clean, maps = [], []
        done = sum(map(len, finals))
        attends = there and done < attended
        for moment, received_by in _moments(loop, batch_seeds, batch_labels, attends):
            clean.append(loop.subject.images(moment.x0[:kept]))
            if received_by is not None:
                maps.append(received_by[:kept])
        final = loop.subject.images(moment.after[:kept])
        finals.append(final)
        if reader.judge:
            said.append(np.stack(list(map(reader.judge, clean))))
        if reader.bounds is not None:
            words.append(np.stack([reader.words(images)[list(STYLE)].to_numpy() for images in [*clean, final]]))
        if reader.wording:
            by_clip.append([reader.wording.shares(images) for images in clean])
        if attends:
            some = slice(attended - done)
            received.append(on_foreground(np.stack(maps)[:, some], foreground(final[some])))
        if not pictures:
            pictures["x0"] = np.stack([reduced(clean[place][:shown]) for place in columns], axis=1)
            if attends:
                pictures["attention"] = np.stack([maps[place][:shown] for place in columns], axis=1)[..., None]
    agreement, named, chance = dict[str, np.ndarray](), dict[str, np.ndarray](), dict[str, float]()
    final = np.concatenate(finals)
    seen, right = None, dict[str, np.ndarray]()
    if reader.judge:
        each, asked = np.concatenate(said, axis=1), asked_for(final, labels, told, reader)
        seen = each.argmax(axis=2)
        agreement[CLASS] = np.exp(each[:, np.arange(len(asked)), asked])
        named[CLASS], right[CLASS] = seen == asked, asked
    if reader.bounds is not None:
        shows = np.concatenate(words, axis=1)
        for i, word in enumerate(STYLE):
            named[word] = shows[:-1, :, i] == shows[-1, :, i]
            agreement[word] = named[word].astype(float)
            chance[word] = same_by_chance(shows[-1, :, i])
            right[word] = np.array([list(wording.WORDS[word]).index(each) for each in shows[-1, :, i]])
    for word, place in right.items() if reader.wording else ():
        if word in by_clip[0][0]:
            shares = np.concatenate([[each[word] for each in batch] for batch in by_clip], axis=1)
            agreement[CLIP + word] = shares[:, np.arange(len(place)), place]
            named[CLIP + word] = shares.argmax(axis=2) == place
    given = np.concatenate(received, axis=1) if received else None
    return Course(agreement, named, chance, seen, given, pictures, final)


def words_attended(
    loop: Loop, seeds: np.ndarray, labels: np.ndarray, tokens: list[list[str]], columns: np.ndarray
) -> dict[str, np.ndarray]:
    """Follow where the words of some prompts are attended to, and return `word_maps`, the share of each place's
    attention, float32 [words, P, H, W], `words`, str [words], and `word_seeds`, the place of the seed that each is of,
    int [words].

    seeds, labels: int [S], at most a batch; tokens: of each seed's prompt, as `attention.tokens` has them, of which the
    first `WORDS` that have a letter or a digit are kept; columns: int [P], the places of the steps.
    """
    kept = [[at for at, token in enumerate(each) if _is_word(token)][:WORDS] for each in tokens]
    maps = [seen.float().cpu().numpy() for _, seen in attention.by_word(loop, seeds, labels)]
    by_step = np.stack([maps[place] for place in columns])  # [P, S, L, H, W]
    of = [(seed, at) for seed, places in enumerate(kept) for at in places]
    return {
        "word_maps": np.stack([by_step[:, seed, at] for seed, at in of]).astype(np.float32),
        "words": np.array([tokens[seed][at] for seed, at in of]),
        "word_seeds": np.array([seed for seed, _ in of]),
    }


def _is_word(token: str) -> bool:
    """Say whether a token is no sign, and none that begins, ends or fills up a prompt, such as <s>."""
    return not token.startswith("<") and any(map(str.isalnum, token))


def asked_for(final: np.ndarray, labels: np.ndarray, told: bool, reader: Reader) -> np.ndarray:
    """Return the class that each image is to show, int64 [S]: the label that its network was told, or the class of the
    finished image where it was told none; final: uint8 [S, H, W, C]; labels: int [S]."""
    return labels if told or not reader.judge else reader.judge(final).argmax(axis=1)


def _moments(
    loop: Loop, seeds: np.ndarray, labels: np.ndarray, attends: bool
) -> Iterator[tuple[Moment, np.ndarray | None]]:
    """Yield every moment of the untouched loop, with the attention that each place gives, or None."""
    if attends:
        for moment, given in attention.rolled(loop, seeds, labels):
            yield moment, given.cpu().numpy()
    else:
        for moment in loop.walk(loop.untouched, seeds, labels):
            yield moment, None


def same_by_chance(words: np.ndarray) -> float:
    """Return how often two different images have the same word; words: str [S], S at least 2."""
    counts = np.unique(words, return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (len(words) * (len(words) - 1)))


def on_foreground(received: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the mean of maps over the foreground, [K, S]; received: [K, S, side, side]; mask: bool [S, H, W]. A place
    of a coarser map counts by the share of it that is foreground; an image without foreground has 1, as even attention
    has."""
    side = received.shape[2]
    line = np.arange(mask.shape[1]) * side // mask.shape[1]
    inside_of = np.arange(side**2) == (line[:, None] * side + line[None, :]).reshape(-1, 1)  # pixel, place of the map
    shares = (mask.reshape(len(mask), -1).astype(float) @ inside_of).reshape(-1, side, side)
    total = shares.sum(axis=(1, 2))
    inside = (received * shares).sum(axis=(2, 3)) / np.maximum(total, 1)
    return np.where(total > 0, inside, 1.0)


def steps(course: Course, snr: dict[int, float], draws: np.ndarray) -> pd.DataFrame:
    """Return a row per step: k, snr_db, done (the share of the process), and for each word the mean agreement with its
    interval, over n seeds; where there is attention, `attention`, what the foreground gets of it, over n_attention
    seeds. snr: step -> dB; draws: int [B, S]."""
    rows, count, n = [], len(snr), draws.shape[1]
    attended = 0 if course.received is None else course.received.shape[1]
    some = bootstrap.draws(np.zeros(attended), len(draws), 0) if attended else draws
    for i, (k, level) in enumerate(snr.items()):
        row: dict[str, float] = {"k": k, "snr_db": level, "done": i / count}
        for word, values in course.agreement.items():
            found = number.resampled(values[i].mean(), n, values[i][draws].mean(axis=1), "share")
            row |= number.columns(word, found)
        if course.received is not None:
            given = course.received[i]
            mean = number.resampled(given.mean(), len(given), given[some].mean(axis=1), "size")
            row |= {**number.columns("attention", mean), "n_attention": len(given)}
        rows.append({**row, "n": n})
    return pd.DataFrame(rows)


def first_settled(course: Course) -> str:
    """Return the word of style that is settled first, on the mean over seeds; empty where there is none."""
    there = [word for word in STYLE if word in course.named]
    return min(there, key=lambda word: recognition.settled(course.named[word]).mean(), default="")


def findings(course: Course, draws: np.ndarray) -> dict[str, Number]:
    """Return `settled.WORD`, the share of the process after which the predicted clean image shows a word for good, the
    mean over seeds; `finished.WORD`, how often CLIP names the right word on the finished image; `chance.WORD`, how
    often two images have the same word; and the effect that decides a claim, where
    a judge can say and there are words of style. draws: int [B, S]."""
    shares = {word: recognition.settled(right) for word, right in course.named.items()}
    n = len(course.final)
    last = {word: right[-1] for word, right in course.named.items() if word.startswith(CLIP)}
    out = {
        f"settled.{word}": number.resampled(each.mean(), n, each[draws].mean(axis=1), "share")
        for word, each in shares.items()
    }
    out |= {f"finished.{word}": number.share(right) for word, right in last.items()}
    out |= {f"chance.{word}": number.counted(share, n) for word, share in course.chance.items()}
    if {CLASS, "stroke"} <= set(shares):
        gap = shares["stroke"] - shares[CLASS]
        found = number.resampled(gap.mean(), n, gap[draws].mean(axis=1))
        out[f"effects.{Timesteps.SEMANTICS_SETTLE_FIRST}"] = found
    return out

"""Spacings of a subject's sampling loop side by side: the same number of steps, spent in other parts of the process."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from pipeline.anatomy import concepts, rivals, spectrum
from pipeline.anatomy.concepts import Reader
from pipeline.anatomy.effects import Timesteps
from pipeline.anatomy.sweep import Loop
from pipeline.anatomy.timed import FULL, UNIFORM, spacing_name
from pipeline.diffusion import spacing
from pipeline.diffusion.sampling import batches
from pipeline.judges import frechet, number, recognition, similarity
from pipeline.judges.number import Kind, Number

QUADRATIC, KARRAS = "quadratic", "karras"
MOST_DB = 40.0  # of the energy of a band over that of another image's, either way
KINDS: dict[str, Kind | None] = {
    "likeness": "likeness",
    "coarse": "correlation",
    "fine": "correlation",
    "detail": None,
    "right": "share",
    "decided": "share",
    "slant": "share",
    "stroke": "share",
}
"""What is measured of every image, and which values it may have: `likeness`, SSIM to the full loop's image from 0, for
unrelated images, to 1; `coarse` and `fine`, how alike the two are in the coarsest and in the finest band (`alike`);
`detail`, the energy of the finest band over that of the full loop's image, dB; `right`, whether the judge names its
class; `decided`, the share of the process after which it does so for good, shown the predicted clean image; `slant` and
`stroke`, whether its word is that of the full loop's image."""


def spacings(alpha_bar: np.ndarray, count: int, strength: float, positions: list[float]) -> dict[str, list[int]]:
    """Return spacing -> timesteps that fall: the uniform one first, then the exponential ones, earliest first, the
    source's own two, and those that people use.

    alpha_bar: float [T]; count, strength, positions: as in `spacing.exponential`. More steps than T, or steps that fall
    together, are a `UserError`.
    """
    total = len(alpha_bar)
    out = {UNIFORM: spacing.exponential(count, total, 0, 0)}
    out |= {spacing_name(place): spacing.exponential(count, total, strength, place) for place in sorted(positions)}
    shift = spacing.shift(count, total, strength)
    out |= {f"source_{end}": spacing.source(count, total, shift, end == "early") for end in ("early", "late")}
    rivals = {known.lower().replace("-", "_"): make for known, make in spacing.RIVALS.items()}
    return out | {known: make(count, alpha_bar) for known, make in rivals.items()}


@dataclass(frozen=True)
class Drawn:
    """What a spacing drew of S seeds. final: uint8 [S, H, W, C]; seen: the class that the judge names in the predicted
    clean image at each of K steps, int [K, S], or None where no judge can say; done: the share of the process at each
    of these steps, and 1 at the end, [K + 1]."""

    final: np.ndarray
    seen: np.ndarray | None
    done: np.ndarray

    def decided(self, asked: np.ndarray) -> np.ndarray:
        """Return the share of the process after which each image shows the class that it is to show for good, [S]; 1
        where it does not at the last step; asked: int [S]."""
        assert self.seen is not None, "a judge can say"
        places = (recognition.settled(self.seen == asked) * len(self.seen)).round().astype(int)
        return self.done[places]


def done(loop: Loop) -> np.ndarray:
    """Return the share of the process at each step of a loop, and 1 at its end, [K + 1]."""
    return np.append(1 - np.array(loop.timesteps) / max(len(loop.subject.alpha_bar) - 1, 1), 1.0)


def draw(loop: Loop, seeds: np.ndarray, labels: np.ndarray, reader: Reader) -> Drawn:
    """Draw images by a loop, `loop.batch_size` at a time; seeds, labels: int [S]."""
    finals, seen = [], []
    for batch_seeds, batch_labels, kept in batches(seeds, labels, loop.batch_size):
        named = []
        for moment in loop.walk(loop.untouched, batch_seeds, batch_labels):
            if reader.judge:
                named.append(reader.judge(loop.subject.images(moment.x0[:kept])).argmax(axis=1))
        finals.append(loop.subject.images(moment.after[:kept]))
        seen.append(np.array(named))
    return Drawn(np.concatenate(finals), np.concatenate(seen, axis=1) if reader.judge else None, done(loop))


def compare(
    loop: Loop,
    full: Drawn,
    all_spacings: dict[str, list[int]],
    seeds: np.ndarray,
    labels: np.ndarray,
    told: bool,
    reader: Reader,
) -> tuple[dict[str, np.ndarray], dict[str, pd.DataFrame]]:
    """Draw the same seeds by every spacing, and return spacing -> images, uint8 [S, H, W, C], and spacing -> what is
    measured of each (`per_seed`); those of the full loop are called `FULL`.

    loop: the full loop; full: what it drew; seeds, labels: int [S]; told: whether the network is told the label.
    """
    drawn = {FULL: full}
    for spaced, timesteps in all_spacings.items():
        drawn[spaced] = draw(rivals.over(loop, timesteps, loop.sampler), seeds, labels, reader)
    asked = concepts.asked_for(full.final, labels, told, reader)
    unrelated = similarity.unrelated(full.final, asked)
    words = reader.words(full.final) if reader.style else None
    tables = {each: per_seed(of, full.final, asked, unrelated, words, reader) for each, of in drawn.items()}
    return {each: of.final for each, of in drawn.items()}, tables


def alike(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how alike two images are in each band of `spectrum`, [N, B]: twice their product over the sum of their
    energies, which is 1 for equal ones, 0 for those that have nothing in common in it, and -1 for opposite ones.
    images, others: uint8 [N, H, W, C]. Where neither has any energy they are equal."""
    own, other, apart = map(spectrum.energies, (images, others, images.astype(float) - others))
    both = own + other
    return np.where(both > 0, 1 - apart / np.where(both > 0, both, 1), 1.0)


def more(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the energy of each band over that of another image's, [N, B] in dB, at most `MOST_DB` either way."""
    own, other = (spectrum.energies(each) for each in (images, others))
    least = 10 ** (-MOST_DB / 10)
    ratio = (own + 1e-12) / (other + 1e-12)
    return np.asarray(10 * np.log10(ratio.clip(least, 1 / least)))


def per_seed(
    drawn: Drawn, full: np.ndarray, asked: np.ndarray, unrelated: np.ndarray, words: pd.DataFrame | None, reader: Reader
) -> pd.DataFrame:
    """Return a row per seed with the columns of `KINDS` that can be measured.

    full: the full loop's images, uint8 [S, H, W, C]; asked: int [S], the classes that count as right; unrelated: [S],
    whose mean is the SSIM at which likeness is 0; words: of the full loop's images, as `Reader.words` has them, or
    None.
    """
    bands = alike(drawn.final, full)
    out = {
        "likeness": similarity.calibrated(similarity.ssim(drawn.final, full), unrelated),
        "coarse": bands[:, 0],
        "fine": bands[:, -1],
        "detail": more(drawn.final, full)[:, -1],
    }
    if reader.judge:
        out |= {"right": reader.judge(drawn.final).argmax(axis=1) == asked, "decided": drawn.decided(asked)}
    if words is not None:
        own = reader.words(drawn.final)
        out |= {word: (own[word] == words[word]).to_numpy() for word in reader.style}
    return pd.DataFrame(out)


@dataclass(frozen=True)
class Distance:
    """The distance of images to the real ones, and its resamples' [B]."""

    value: float
    replicates: np.ndarray


def distance(features: np.ndarray, real: frechet.Gaussian, draws: np.ndarray) -> Distance:
    """Return the distance of features [S, F] to those of the real images; draws: int [B, S]."""
    return Distance(frechet.distance(features, real), frechet.resampled_distances(features, real, draws))


def numbers(tables: dict[str, pd.DataFrame], distances: dict[str, Distance], draws: np.ndarray) -> dict[str, Number]:
    """Return `SPACING.MEASURE`, the mean over seeds, and `SPACING.MEASURE_gap`, that less the uniform spacing's, paired
    by seed; distances are the measure `frechet`. tables: spacing -> as `per_seed` has it; draws: int [B, S]."""
    out: dict[str, Number] = {}
    for spaced, table in tables.items():
        for measure in table:
            values, base = (each[measure].to_numpy() for each in (table, tables[UNIFORM]))
            of = f"{spaced}.{measure}"
            out[of] = number.share(values) if values.dtype == bool else _mean(values, draws, KINDS[str(measure)])
            if spaced not in (UNIFORM, FULL):
                out[f"{of}_gap"] = _mean(values.astype(float) - base, draws)
        if spaced in distances:
            found, base_found = distances[spaced], distances[UNIFORM]
            out[f"{spaced}.frechet"] = number.resampled(found.value, len(table), found.replicates, "size")
            if spaced not in (UNIFORM, FULL):
                out[f"{spaced}.frechet_gap"] = _further(found, base_found, len(table))
    return out


def _mean(values: np.ndarray, draws: np.ndarray, kind: Kind | None = None) -> Number:
    return number.resampled(values.mean(), len(values), values[draws].mean(axis=1), kind)


def _further(one: Distance, other: Distance, n: int) -> Number:
    """Return by how much further one is from the real images than the other."""
    return number.difference(one.value, other.value, one.replicates, other.replicates, n)


def effects(
    tables: dict[str, pd.DataFrame],
    distances: dict[str, Distance],
    positions: list[float],
    first: str,
    draws: np.ndarray,
) -> dict[Timesteps, Number]:
    """Return what the spacings say of the sources' sentences, signed so that a positive effect speaks for them.

    tables, distances: of the sampler `timed.CLAIMED`; positions: of the exponential spacings; first: the word of style
    that is settled first (`concepts.first_settled`), empty where there is none; draws: int [B, S]. An effect that needs
    a judge, or words of style, is missing where there are none.
    """
    early, late = (tables[spacing_name(place)] for place in (min(positions), max(positions)))
    out = {
        Timesteps.SEMANTICS_EARLY: _mean((early["coarse"] - late["coarse"]).to_numpy(), draws),
        Timesteps.DETAIL_LATE: _mean((late["fine"] - early["fine"]).to_numpy(), draws),
    }
    if first:
        out[Timesteps.EARLY_ATTRIBUTE_IS_LOST] = _mean((1.0 * early[first] - late[first]).to_numpy(), draws)
    if distances:
        for effect, rival in ((Timesteps.QUADRATIC_BEATS_UNIFORM, QUADRATIC), (Timesteps.KARRAS_BEATS_UNIFORM, KARRAS)):
            out[effect] = _further(distances[UNIFORM], distances[rival], len(early))
    return out


def table(all_spacings: dict[str, list[int]], snr: np.ndarray) -> pd.DataFrame:
    """Return a row per spacing and step: spacing, t, done (the share of the process), snr_db, and gap, the timesteps to
    the next one, or to the clean image; snr: [T] in dB."""
    rows = []
    for spaced, timesteps in all_spacings.items():
        for t, after in pairwise([*timesteps, -1]):
            done = 1 - t / max(len(snr) - 1, 1)
            rows.append({"spacing": spaced, "t": t, "done": done, "snr_db": snr[t], "gap": t - after})
    return pd.DataFrame(rows)

"""What the judges say of the images that a network drew for captions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline import params
from pipeline.anatomy import drawing, policy
from pipeline.anatomy.sweep import Loop
from pipeline.data.images import in_turn
from pipeline.data.prepared import Dataset, Prepared
from pipeline.diffusion import subject as subjects
from pipeline.diffusion.schedule import descend
from pipeline.diffusion.seeds import seeds_from
from pipeline.diffusion.subject import Subject
from pipeline.judges import metrics, second
from pipeline.judges.clip import Clip
from pipeline.judges.evaluation import Judges
from pipeline.judges.features import extract
from pipeline.judges.metrics import Metrics
from pipeline.judges.recognition import log_probabilities
from pipeline.judges.scores import WEIGHT
from pipeline.params import Params
from pipeline.text import attended, obeyed
from pipeline.text.combinations import CAPTION
from pipeline.text.prompted import KINDS, SCORE
from pipeline.text.training import shown as not_held_out


@dataclass(frozen=True)
class Drawn:
    """What a network drew. subject: the network, with the sentences of all combinations as its prompts; seeds: int [N];
    rows: int [N], the combination that each image was drawn for: first every combination in turn, with guidance, then
    those of held-out real images, without; natural: the classes of these, int [M]; images: uint8 [N, H, W, C]."""

    subject: Subject
    seeds: np.ndarray
    rows: np.ndarray
    natural: np.ndarray
    images: np.ndarray

    @property
    def grid(self) -> int:
        """How many images, from the first on, were drawn for every combination in turn."""
        return len(self.rows) - len(self.natural)


def load(folder: Path, table: pd.DataFrame, values: Params) -> Subject:
    """Load the network in a folder that `network.save` wrote, with every combination's sentence as a prompt."""
    asked = params.Subject(model=str(folder), prompts=table[CAPTION].tolist(), guidance=values.text.guidance)
    return subjects.load(asked, values.diffusion)


def asked_for(table: pd.DataFrame, dataset: Dataset, values: Params) -> tuple[np.ndarray, np.ndarray]:
    """Return the combinations that images are to be drawn for, and the classes of those that real images have, as
    `Drawn` has them."""
    chosen = values.text
    real, classes = not_held_out(dataset, "test", table)
    some = in_turn(classes, values.bootstrap.seed)[: chosen.natural]
    return np.concatenate([np.tile(np.arange(len(table)), chosen.seeds), real.labels[some]]), classes[some]


def draw(
    subject: Subject,
    table: pd.DataFrame,
    dataset: Dataset,
    values: Params,
    replica: int,
    called: Callable[[int], object],
) -> Drawn:
    """Draw the images of every combination, and those for the captions of held-out real images.

    called: is told how many images each call of the network was of.
    """
    rows, natural = asked_for(table, dataset, values)
    seeds = seeds_from(values.sampler.first_seed, len(rows), replica)
    plain = policy.plain(timesteps(subject, values), values.sampler.name, values.sampler.clip)
    grid, size = len(rows) - len(natural), values.text.batch_size
    images = drawing.draw(subject, plain, seeds[:grid], rows[:grid], size, called)
    unguided = drawing.draw(replace(subject, guidance=1.0), plain, seeds[grid:], rows[grid:], size, called)
    return Drawn(subject, seeds, rows, natural, np.concatenate([images, unguided]))


def timesteps(subject: Subject, values: Params) -> list[int]:
    """Return the timesteps of the loop that these networks draw by."""
    return descend(values.text.steps, len(subject.alpha_bar))


def judge(
    drawn: Drawn, table: pd.DataFrame, dataset: Prepared, values: Params, judges: Judges, clip: Clip
) -> tuple[Metrics, pd.DataFrame]:
    """Return what the judges say (`Prompted.numbers`), and the combinations with what was found of each."""
    grid, own = drawn.images[: drawn.grid], drawn.rows[: drawn.grid]
    seen = obeyed.read(grid, judges.trained, dataset.classes, dataset.stroke_thirds)
    obeys = obeyed.judged(seen, table, own, values.bootstrap)
    images, rows = drawn.images[drawn.grid :], drawn.rows[drawn.grid :]
    sentences = clip.text_features(table[CAPTION].tolist())
    cosines = (clip.image_features(images) * sentences[rows]).sum(axis=1)
    true = metrics.trade(
        extract(judges.judge, images, judges.device),
        drawn.natural,
        log_probabilities(judges.trained, images),
        second.predict(judges.second, images),
        judges.real,
        judges.judge,
        values.evaluate.neighbours,
        values.bootstrap,
        {SCORE: WEIGHT * cosines.clip(0)},
    )
    together = Metrics(obeys.numbers | true.numbers, pd.concat([obeys.replicates, true.replicates], axis=1))
    return together, obeyed.summed(table, seen, own)


def attention(
    drawn: Drawn, table: pd.DataFrame, values: Params, tokenizer: Any
) -> tuple[pd.DataFrame, dict[str, np.ndarray], list[list[str]]]:
    """Return what the words of some images are attended to (`Prompted.attended`), and their pictures and words."""
    chosen = values.text
    loop = Loop(
        drawn.subject,
        timesteps(drawn.subject, values),
        values.sampler.name,
        values.sampler.clip,
        chosen.batch_size,
    )
    some = np.unique(np.linspace(0, len(table) - 1, chosen.attended).round().astype(int))
    kinds = [kind for kind in KINDS if kind in table]
    found = attended.follow(loop, drawn.seeds[some], some, tokenizer, values.data.caption, table.iloc[some][kinds])
    columns = np.unique(np.linspace(0, loop.steps - 1, chosen.columns).round().astype(int))
    pictured = np.unique(np.linspace(0, len(some) - 1, chosen.shown).round().astype(int))
    maps = np.stack([found.maps[kind] for kind in kinds])[:, columns][:, :, pictured]  # [kinds, columns, shown, H, W]
    pictures = {
        "final": found.final[pictured],
        "clean": found.clean[columns][:, pictured].swapaxes(0, 1),
        "attention": maps.transpose(2, 0, 1, 3, 4).astype(np.float32),
        "columns": loop.steps - columns,
    }
    words = table.iloc[some[pictured]][kinds].to_numpy().tolist()
    return attended.table(found, loop.steps, values.bootstrap), pictures, words

"""Drawing the same seeds under many settings of classifier-free guidance (Ho and Salimans 2022), and judging them.

Guidance may be on in a part of the loop alone (Kynkaanniemi et al. 2024), and so may be the class.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

import numpy as np
import pandas as pd

from pipeline.anatomy.guided import Setting
from pipeline.anatomy.interventions import Plan
from pipeline.anatomy.sweep import Loop, calls
from pipeline.diffusion.guidance import passes
from pipeline.judges import metrics, second
from pipeline.judges.evaluation import Judges
from pipeline.judges.features import extract
from pipeline.judges.metrics import Metrics
from pipeline.judges.recognition import log_probabilities
from pipeline.params import Bootstrap


def plans(loop: Loop, settings: Sequence[Setting]) -> dict[Plan, Setting]:
    """Return what is done at every step under each setting."""
    return {
        tuple(replace(action, guidance=each.scale(place)) for place, action in enumerate(loop.untouched)): each
        for each in settings
    }


def calls_per_seed(loop: Loop, settings: Sequence[Setting]) -> int:
    """Return how often the network is called for a seed: settings that begin alike share their first steps."""
    planned = list(plans(loop, settings))
    return sum(calls(planned, planned[0]).values())


def draw(loop: Loop, settings: Sequence[Setting], seeds: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Return the images uint8 [S, H, W, C] of each setting, by its name; seeds, labels: int [S]."""
    planned = plans(loop, settings)
    drawn = {
        planned[branch.done].name: loop.subject.images(branch.x)
        for branch in loop.tree(list(planned), seeds, labels, set())
        if branch.done[-1].after == 0
    }
    return {each.name: drawn[each.name] for each in settings}


def costs(loop: Loop, settings: Sequence[Setting]) -> pd.DataFrame:
    """Return a row per setting: its fields, and what an image of its own takes: `rows` of the network's batches over
    all steps, and `multiply_adds`."""
    return pd.DataFrame(
        {
            **asdict(each),
            "rows": sum(passes(each.scale(place)) for place in range(len(steps))),
            "multiply_adds": sum(map(loop.multiply_adds, steps)),
        }
        for steps, each in plans(loop, settings).items()
    )


def judged(
    judges: Judges,
    images: np.ndarray,
    labels: np.ndarray,
    neighbours: int,
    resampling: Bootstrap,
    scores: Mapping[str, np.ndarray],
) -> Metrics:
    """Return how true and how various images are (`metrics.trade`); images: uint8 [S, H, W, C]; labels: int [S], the
    classes asked for; neighbours: k of precision, recall, density and coverage; scores: others' scores of each
    image."""
    return metrics.trade(
        extract(judges.judge, images, judges.device),
        labels,
        log_probabilities(judges.trained, images),
        second.predict(judges.second, images),
        judges.real,
        judges.judge,
        neighbours,
        resampling,
        scores,
    )

"""Made-up findings of a subject: sweeps, and ways to save time."""

import numpy as np
import pandas as pd
import pytest

from pipeline.anatomy import cells
from pipeline.anatomy.compared import Compared
from pipeline.anatomy.curves import Curves
from pipeline.anatomy.findings import findings
from pipeline.anatomy.intervened import Intervened
from pipeline.anatomy.interventions import parse
from pipeline.anatomy.policy import Policy
from pipeline.judges import bootstrap
from pipeline.params import Params
from tests.reporting.unrendered import defaults

STEPS, BLOCKS, SEEDS = 24, 4, 12
CHANGES = {"starts": 5, "phase_starts": 12, "jumps": [1, 2, 3], "length": 3, "skips": 1, "blocks": [1, 3]}
CHANGES |= {"durations": [1, 2], "relaxations": [0, 2], "fills": ["zeros"], "shown": 3}
METHODS = ["untouched", "untouched, again", "source, zeros", "source, cache", "found, ssim-0.795", "DDIM, 3 steps"]


@pytest.fixture
def values() -> Params:
    loaded = defaults()
    changed = {
        "intervene": loaded.intervene.model_copy(update=CHANGES),
        "sampler": loaded.sampler.model_copy(update={"timesteps": STEPS}),
    }
    return loaded.model_copy(update=changed)


@pytest.fixture
def swept(values) -> Intervened:
    rng, chosen = np.random.default_rng(0), values.intervene
    own = {1: 8, 3: 6}
    wanted = [
        *cells.first(chosen, STEPS, BLOCKS),
        *cells.durations(chosen, own),
        *cells.relaxations(chosen, own, dict.fromkeys(own, 2), STEPS),
    ]
    found = {}
    for cell in wanted:
        level = 1.0 if cell.sweep == "jump" and cell.n == 1 else 0.98 - 0.02 * cell.start + 0.01 * cell.r
        ssim = np.clip(level + 0.02 * rng.standard_normal(SEEDS), 0, 1)
        images = rng.integers(0, 255, (3, 8, 8, 1), dtype=np.uint8)
        found[cell] = {"ssim": ssim, "psnr": 40 * ssim, "kept": ssim > 0.7, "images": images}
    labels = np.arange(SEEDS) % 3
    unrelated = np.linspace(0.25, 0.35, SEEDS)
    curves = Curves(found, unrelated, bootstrap.draws(labels, 100, 0), values.likeness.threshold)
    at = {k: float(12 - 3 * k) for k in range(STEPS, 0, -1)}
    parts = pd.DataFrame(
        [
            {"name": f"{kind}_{i:02d}", "kind": kind, "number": i, "address": "conv_in", "resolution": 8}
            | {"channels": 8, "multiply_adds": 1000 * i}
            for kind in ("skip", "block")
            for i in range(1, BLOCKS + 1)
        ]
    )
    images = {"untouched": np.zeros((3, 8, 8, 1), np.uint8), **{cell.name: of["images"] for cell, of in found.items()}}
    per_seed = curves.per_seed(np.arange(SEEDS))
    return Intervened(parts, per_seed, curves.table(at), findings(curves, chosen, at), images, np.arange(3))


@pytest.fixture
def compared() -> Compared:
    rng = np.random.default_rng(0)
    methods = pd.DataFrame(
        {
            "method": METHODS,
            "family": ["untouched", "untouched", "source", "source", "found", "DDIM"],
            "calls": [10, 10, 8, 8, 4, 3],
            "cost": [1, 1, 0.7, 0.7, 0.3, 0.3],
            "time": [1, 1.02, 0.75, 0.76, 0.35, 0.3],
            "time_low": [1, 0.95, 0.74, 0.75, 0.34, 0.29],
            "time_high": [1, 1.05, 0.77, 0.77, 0.36, 0.31],
            "n_times": 6,
            "ssim": [1, 1, 0.77777, 0.9, 0.8, None],
            "ssim_low": [1, 1, 0.75, 0.88, 0.79, None],
            "ssim_high": [1, 1, 0.79, 0.92, 0.81, None],
            "ssim_spread": [0.1] * 5 + [None],
            "ssim_mad": [0.05] * 5 + [None],
            "unrelated": [0.7] * 5 + [None],
            "likeness": [1, 1, 0.26, 0.67, 0.33, None],
            "likeness_low": [1, 1, 0.2, 0.6, 0.3, None],
            "likeness_high": [1, 1, 0.3, 0.7, 0.35, None],
            "under": [0.25] * 5 + [None],
            "kept": [1, 1, 0.8, 0.9, 0.7, None],
            "kept_low": [0.9, 0.9, 0.7, 0.8, 0.6, None],
            "kept_high": [1, 1, 0.9, 1, 0.8, None],
            "frechet": [1.0, 1.0, 2.0, 1.5, 3.0, 4.0],
            "frechet_low": [0.9, 0.9, 1.9, 1.4, 2.9, 3.9],
            "frechet_high": [1.1, 1.1, 2.1, 1.6, 3.1, 4.1],
            "n": SEEDS,
        }
    )
    effects = {"strategy_keeps_likeness": {"value": -0.2, "n": SEEDS, "ci95": [-0.4, -0.1]}}
    likeness = pd.DataFrame({"seed": np.arange(SEEDS), **{name: rng.random(SEEDS) for name in METHODS}})
    plans = {
        "untouched": [],
        "source, zeros": [{"remove": "rest", "start": 2}],
        "source, cache": [{"remove": "rest", "start": 2}],
        "found, ssim-0.795": [{"remove": "steps", "start": 10, "count": 5}, {"remove": "rest", "start": 2}],
    }
    images = {name: rng.integers(0, 255, (SEEDS, 8, 8, 1), dtype=np.uint8) for name in plans}
    found = Policy(
        timesteps=list(range(900, -1, -100)),
        sampler="ddpm",
        clip=True,
        blocks=BLOCKS,
        intervention=parse(plans["found, ssim-0.795"]),
        learnt={},
    )
    return Compared(
        methods=methods,
        times=pd.DataFrame(),
        effects=effects,
        real={"value": 0.8, "n": SEEDS, "ci95": [0.7, 0.9]},
        likeness=likeness,
        front=pd.DataFrame({"cost": [0.1, 0.3], "ssim": [0.5, 0.8]}),
        plans=plans,
        policies={"ssim-0.795": found},
        drawn=images,
        steps=10,
        blocks=BLOCKS,
    )

"""What the report says of a subject is what its stages found."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import params
from pipeline.anatomy import cells
from pipeline.anatomy.curves import Curves
from pipeline.anatomy.findings import findings
from pipeline.judges import bootstrap
from pipeline.reporting import microscope
from pipeline.reporting.dynamics import DYNAMICS
from pipeline.reporting.ledger import ledger
from pipeline.reporting.markdown import limit
from pipeline.reporting.results import Swept

ROOT = Path(__file__).parents[2]
STEPS, BLOCKS, SEEDS = 10, 4, 12
CHANGES = {"starts": 5, "jumps": [1, 2, 3], "length": 3, "skips": 1, "blocks": [1, 3]}
CHANGES |= {"durations": [1, 2], "relaxations": [0, 2], "fills": ["zeros"], "shown": 3}
METHODS = ["untouched", "source, zeros", "source, cache", "found, ssim-0.795", "DDIM, 3 steps"]


@pytest.fixture
def values() -> params.Params:
    loaded = params.load(ROOT / "params.yaml")
    return loaded.model_copy(
        update={
            "intervene": loaded.intervene.model_copy(update=CHANGES),
            "sampler": loaded.sampler.model_copy(update={"timesteps": STEPS}),
        }
    )


@pytest.fixture
def swept(values) -> Swept:
    rng, chosen = np.random.default_rng(0), values.intervene
    own = {1: 8, 3: 6}
    wanted = [
        *cells.first(chosen, STEPS, BLOCKS),
        *cells.durations(chosen, own),
        *cells.relaxations(chosen, own, dict.fromkeys(own, 2), STEPS),
    ]
    found = {}
    for cell in wanted:
        level = 1.0 if cell.sweep == "jump" and cell.n == 1 else 0.95 - 0.03 * cell.start + 0.01 * cell.r
        ssim = np.clip(level + 0.02 * rng.standard_normal(SEEDS), 0, 1)
        images = rng.integers(0, 255, (3, 8, 8, 1), dtype=np.uint8)
        found[cell] = {"ssim": ssim, "psnr": 40 * ssim, "kept": ssim > 0.7, "images": images}
    labels = np.arange(SEEDS) % 3
    curves = Curves(found, bootstrap.draws(labels, 100, 0), values.likeness.threshold)
    at = {k: float(12 - 3 * k) for k in range(STEPS, 0, -1)}
    methods = pd.DataFrame(
        {
            "method": METHODS,
            "family": ["untouched", "source", "source", "found", "DDIM"],
            "like": ["untouched"] * 4 + ["DDIM, 3 steps"],
            "calls": [10, 8, 8, 4, 3],
            "cost": [1, 0.7, 0.7, 0.3, 0.3],
            "time": [1, 0.75, 0.76, 0.35, 0.3],
            "time_low": [1, 0.74, 0.75, 0.34, 0.29],
            "time_high": [1, 0.77, 0.77, 0.36, 0.31],
            "n_times": 6,
            "ssim": [1, 0.77777, 0.9, 0.8, 1],
            "ssim_low": [1, 0.75, 0.88, 0.79, 1],
            "ssim_high": [1, 0.79, 0.92, 0.81, 1],
            "ssim_spread": 0.1,
            "ssim_mad": 0.05,
            "under": 0.25,
            "frechet": [1.0, 2.0, 1.5, 3.0, 4.0],
            "frechet_low": [0.9, 1.9, 1.4, 2.9, 3.9],
            "frechet_high": [1.1, 2.1, 1.6, 3.1, 4.1],
            "n": SEEDS,
        }
    )
    effects = {"strategy_saves": {"value": -0.02, "n": 6, "ci95": [-0.04, -0.01]}}
    effects["found_saves_more"] = {"value": 0.4, "n": 3}
    likeness = pd.DataFrame({"seed": np.arange(SEEDS), **{name: rng.random(SEEDS) for name in METHODS}})
    plans = {
        "untouched": [],
        "source, zeros": [{"remove": "rest", "start": 2}],
        "source, cache": [{"remove": "rest", "start": 2}],
        "found, ssim-0.795": [{"remove": "steps", "start": 10, "count": 5}, {"remove": "rest", "start": 2}],
    }
    images = {name: rng.integers(0, 255, (SEEDS, 8, 8, 1), dtype=np.uint8) for name in plans}
    parts = pd.DataFrame(
        [
            {"name": f"{kind}_{i:02d}", "kind": kind, "number": i, "address": "conv_in", "resolution": 8}
            | {"channels": 8, "multiply_adds": 1000 * i}
            for kind in ("skip", "block")
            for i in range(1, BLOCKS + 1)
        ]
    )
    return Swept(
        parts,
        curves.per_seed(np.arange(SEEDS)),
        curves.table(at),
        findings(curves, chosen, at),
        {"untouched": images["untouched"][:3], **{cell.name: of["images"] for cell, of in found.items()}},
        methods,
        effects,
        likeness,
        pd.DataFrame({"cost": [0.1, 0.3], "ssim": [0.5, 0.8]}),
        plans,
        images,
    )


def test_every_number_has_its_n_and_its_interval_holds_it(swept) -> None:
    found = microscope.entries("baseline", swept)
    assert len(found) > 100
    for name, entry in found.items():
        assert entry["n"] >= 1, name
        if "ci95" in entry:
            low, high = entry["ci95"]
            assert low <= entry["value"] <= high, name


def test_the_section_says_what_the_entries_say(swept, values, tmp_path) -> None:
    found = microscope.entries("baseline", swept)
    page = microscope.section("baseline", swept, found, values, tmp_path, "FD (classifier)")
    assert "0.778 [0.750, 0.790]" in page, "the source's strategy"
    assert "| source, zeros | 8 | 30 % | 25 % [23, 26] |" in page
    first = found["intervene.baseline.phases.composition_ends"]
    assert f"Composition ends at step {first['value']:g}" in page
    linked = {link.split(")")[0] for link in page.split("](figures/")[1:]}
    assert linked == {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png")}
    for block in re.findall(r"(?:^\|.*\n)+", page, re.M):
        assert len({row.count("|") for row in block.splitlines()}) == 1, block


def of_cache(entries: dict[str, dict]) -> dict[str, dict]:
    """The limits as if something else had stood in."""
    return {name.replace(".zeros.", ".cache."): entry for name, entry in entries.items() if ".limits." in name}


@pytest.mark.parametrize("fills", [["cache"], ["cache", "zeros"]])
def test_what_stands_in_first_is_drawn_whatever_it_is(swept, values, tmp_path, fills: list[str]) -> None:
    entries = microscope.entries("baseline", swept)
    microscope.section("baseline", swept, entries, values, tmp_path, "FD")
    drawn = {path.name for path in tmp_path.rglob("*.png")}
    usual = swept.curves.assign(fill="cache")
    usual.loc[usual["sweep"].isin(["jump", "end"]), "fill"] = "zeros"
    both = pd.concat([usual, swept.curves[swept.curves["sweep"] == "blocks"]]) if len(fills) > 1 else usual
    asked = values.model_copy(update={"intervene": values.intervene.model_copy(update={"fills": fills})})
    cached = Swept(**{**vars(swept), "curves": both})
    (tmp_path / "cached").mkdir()
    page = microscope.section(
        "baseline", cached, microscope.entries("baseline", swept), asked, tmp_path / "cached", "FD"
    )
    assert {path.name for path in (tmp_path / "cached").rglob("*.png")} == drawn
    assert ("dashed: zeros in place of their last output" in page) == (len(fills) > 1)


def test_limits_are_told_in_words_where_none_was_found() -> None:
    def entry(value: float, low: float, high: float, **more: float) -> dict:
        return {"value": value, "n": 9, "ci95": [low, high], **more}

    assert limit(None) == "-"
    assert limit(entry(33.5, 22, 33.5)) == "33.5 [22, 33.5]"
    assert limit(entry(0, 0, 5), 0, "never") == "never [never, 5]"
    assert limit(entry(25, 25, 25, tried=25), 0, "none") == "at least 25"
    assert limit(entry(12, 12, 25, tried=25), 0, "none") == "12 [12, 25]"
    assert limit(entry(21, 10, 21, tried=20)) == "more than 20 [10, more than 20]"
    assert limit(entry(10, 0, 21, tried=20)) == "10 [0, more than 20]"


def test_distances_are_claimed_where_the_judge_can_judge(swept) -> None:
    found = microscope.entries("baseline", swept)
    found["shortcut.baseline.effects.likeness_beats_fewer_steps"] = {"value": -2, "n": 9, "ci95": [-3, -1]}
    judge = {"value": 0.9, "n": 100, "ci95": [0.8, 0.95], "required": 0.95}
    assert ledger({"judges.accuracy": judge, **found})["likeness_beats_fewer_steps"]["verdict"] == "no data"
    able = ledger({"judges.accuracy": {**judge, "required": 0.8}, **found})
    assert able["likeness_beats_fewer_steps"]["verdict"] == "contradicted"


def test_without_a_judge_no_distance_is_named(swept, values, tmp_path) -> None:
    columns = [name for name in swept.methods if not name.startswith("frechet")]
    bare = Swept(**{**vars(swept), "methods": swept.methods[columns]})
    found = microscope.entries("cat", bare)
    page = microscope.section("cat", bare, found, values, tmp_path, "FD (classifier)")
    assert "FD (classifier) |" not in page
    assert not any(name.endswith(".frechet") for name in found)


def test_claims_of_the_sampling_loop_are_the_subject_s_effects(swept) -> None:
    found = microscope.entries("baseline", swept)
    decided = ledger({"evaluate.baseline.fid": {"value": 1, "n": 1}, **found})
    assert decided["strategy_saves"]["verdict"] == "contradicted"
    assert decided["strategy_saves"]["ci95"] == [-4, -1], "in percent points"
    assert "six timed runs" in decided["found_saves_more"]["needs"]
    assert "a schedule that was found" in decided["beats_fewer_steps_in_likeness"]["needs"]
    assert decided["first_steps_compose"]["verdict"] == "supported", "SSIM falls with the start in this toy"
    other = ledger({"evaluate.baseline.fid": {"value": 1, "n": 1}, **microscope.entries("cat", swept)})
    assert other["strategy_saves"] == decided["strategy_saves"], "the only subject is taken"
    assert {claim.name for claim in DYNAMICS} <= set(decided)


def test_methods_have_dotted_names_of_their_own() -> None:
    slugs = {microscope.slug(name) for name in METHODS}
    assert len(slugs) == len(METHODS)
    assert all(re.fullmatch(r"\w+", slug) for slug in slugs)

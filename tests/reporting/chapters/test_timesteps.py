"""What the chapter says of spacings and of words over the steps is what was found, for every subject."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.anatomy import concepts, overall, spaced, timed
from pipeline.anatomy.concepts import Course
from pipeline.anatomy.effects import Timesteps
from pipeline.anatomy.spaced import Distance
from pipeline.anatomy.timed import Timed
from pipeline.diffusion.schedule import alpha_bar
from pipeline.judges import bootstrap
from pipeline.reporting.chapters.timesteps import chapter
from pipeline.reporting.chapters.timesteps.chapter import Found
from pipeline.reporting.chapters.timesteps.claims import CLAIMS
from pipeline.reporting.claims import decide
from tests.reporting.unrendered import unrendered

STEPS, SEEDS, SHOWN = 12, 12, 2


@pytest.fixture(scope="module")
def timing() -> Timed:
    """Twelve seeds of three classes; early keeps more of the coarse band and of the slant than late does."""
    rng, places = np.random.default_rng(0), np.arange(STEPS)[:, None]
    draws, labels = bootstrap.draws(np.arange(SEEDS) % 3, 100, 0), np.arange(SEEDS) % 3
    named = {word: np.broadcast_to(places >= at, (STEPS, SEEDS)) for word, at in (("class", 2), ("slant", 4))}
    named["stroke"] = places >= 6 + labels
    pictures = {
        "x0": rng.integers(0, 255, (SHOWN, 3, 8, 8, 1), dtype=np.uint8),
        "attention": rng.random((SHOWN, 3, 4, 4, 1)),
    }
    agreement = {word: 1.0 * right for word, right in named.items()}
    final = np.zeros((SEEDS, 8, 8, 1), np.uint8)
    chance = {"slant": 0.5, "stroke": 0.4}
    course = Course(agreement, named, chance, None, rng.random((STEPS, 5)), pictures, final)
    levels = alpha_bar("cosine", 1000)
    every = spaced.spacings(levels.numpy(), 4, 2.2, [0.0, 0.5, 1.0])
    found, tables = concepts.findings(course, draws), []
    for sampler in ("ddim", "ddpm"):
        measured = {name: _measured(i, rng) for i, name in enumerate(("full", *every))}
        distances = {name: Distance(1.0 + i, 1.0 + i + rng.random(100)) for i, name in enumerate(measured)}
        found |= {f"{sampler}.{of}": number for of, number in spaced.numbers(measured, distances, draws).items()}
        tables += [each.assign(sampler=sampler, spacing=name) for name, each in measured.items()]
        pictures |= {f"{sampler}.{name}": pictures["x0"][:, 0] for name in measured}
        if sampler == timed.CLAIMED:
            effects = spaced.effects(measured, distances, [0.0, 0.5, 1.0], "slant", draws)
            found |= {f"effects.{effect}": number for effect, number in effects.items()}
    return Timed(
        spaced.table(every, np.linspace(40, -80, 1000)),
        pd.concat(tables, ignore_index=True),
        concepts.steps(course, {STEPS - i: float(i) for i in range(STEPS)}, draws),
        found,
        pictures,
        labels[:SHOWN],
        np.array([0, 5, 11]),
    )


def _measured(place: int, rng: np.random.Generator) -> pd.DataFrame:
    level = 1 - 0.08 * place
    near = {name: level - 0.05 * rng.random(SEEDS) for name in ("likeness", "coarse", "fine")}
    words = {name: np.arange(SEEDS) < SEEDS * level for name in ("right", "slant", "stroke")}
    return pd.DataFrame({**near, "detail": -place + rng.random(SEEDS), "decided": 0.05 * place, **words})


@pytest.fixture
def found(timing: Timed, study, results) -> Found:
    return Found(study(results), {"baseline": timing, "cat": timing}, {})


def test_what_was_found_comes_back_from_the_disk(timing: Timed, tmp_path: Path) -> None:
    timing.save(tmp_path / "baseline")
    again = timed.load(tmp_path / "baseline")
    for name in ("spacings", "images", "steps"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(timing, name), rtol=1e-5, check_dtype=False)
    assert again.findings == timing.findings
    assert set(again.pictures) == set(timing.pictures)
    np.testing.assert_array_equal(again.columns, timing.columns)


def test_every_number_has_its_n_and_its_interval_holds_it(found: Found) -> None:
    numbers = chapter.numbers(found)
    assert len(numbers) > 300
    for name, number in numbers.items():
        assert number["n"] >= 1, name
        if ".chance." not in name:
            low, high = number["ci95"]
            assert low - 1e-9 <= number["value"] <= high + 1e-9, name
    assert numbers["timesteps.cat.steps.12.attention"]["n"] == 5
    assert numbers["timesteps.cat.steps.12.slant"]["n"] == SEEDS


def test_the_page_shows_every_picture_and_the_numbers_of_every_subject(found: Found, tmp_path: Path) -> None:
    summary = chapter.numbers(found)
    with unrendered():
        pictures = chapter.draw(found, summary, tmp_path / "figures/timesteps")
    page = chapter.page(found, summary, pictures)
    assert re.findall(r"^## `(\w+)`$", page, re.M) == ["baseline", "cat"]
    linked = {link.split(")")[0] for link in page.split("](figures/")[1:]}
    files = {path.relative_to(tmp_path / "figures").as_posix() for path in (tmp_path / "figures").rglob("*.*")}
    assert linked == files - {"timesteps/cat/spacings.png"}, "the spacings are the same for all"
    for block in re.findall(r"(?:^\|.*\n)+", page, re.M):
        assert len({row.count("|") for row in block.splitlines()}) == 1, block
    lines = [line for line in page.splitlines() if line.startswith(("| full loop |", "| uniform |"))]
    assert len(lines) == 2 * 2 * 4, "two tables of each sampler and subject"
    gap = summary["timesteps.baseline.ddim.early.coarse_gap"]
    early = [line for line in page.splitlines() if line.startswith("| early |")]
    assert any(f"| {gap['value']:+.3f} [" in line for line in early)
    assert "Half of an image is decided" not in page
    says = chapter.finding(found, summary).says
    assert re.search(r"for good its class after 17 \[.*its slant after 33 \[.*and its stroke after 58 \[", says)
    assert "the share of images that keep the full loop's slant changes by" in says


def test_a_subject_without_judge_or_attention_says_what_is_left_out(found: Found, timing: Timed, tmp_path) -> None:
    left = ("frechet", "right", "decided", "slant", "stroke", "class", "effects")
    bare = replace(
        timing,
        steps=timing.steps[["k", "snr_db", "done", "n"]],
        findings={name: n for name, n in timing.findings.items() if not any(each in name for each in left)},
        pictures={name: of for name, of in timing.pictures.items() if name != "attention"},
    )
    alone = Found(found.study, {"baseline": bare}, {})
    summary = chapter.numbers(alone)
    with unrendered():
        pictures = chapter.draw(alone, summary, tmp_path)
    page = chapter.page(alone, summary, pictures)
    assert "No judge fits the images of this subject, so nothing is said of classes" in page
    assert "This network has no self-attention" in page
    assert not {"baseline/distances.png", "baseline/concepts.png", "baseline/attention.png"} & set(pictures)
    assert chapter.finding(alone, summary) is None


def test_a_subject_that_is_told_a_text_shows_where_its_words_are_attended_to(found, timing: Timed, tmp_path) -> None:
    rng = np.random.default_rng(0)
    told = {"word_maps": rng.random((3, 3, 4, 4)), "words": np.array(["big", "cat", "dog"])}
    told["word_seeds"] = np.array([0, 0, 1])
    replace(timing, pictures={**timing.pictures, **told}).save(tmp_path / "made")
    alone = Found(found.study, {"baseline": timed.load(tmp_path / "made")}, {})
    summary = chapter.numbers(alone)
    pictures = chapter.draw(alone, summary, tmp_path)
    assert (tmp_path / "baseline/words.png").is_file()
    assert "### Where each word is attended to" in chapter.page(alone, summary, pictures)


def test_captions_without_style_are_said(found: Found, timing: Timed, tmp_path) -> None:
    plain = replace(
        timing,
        steps=timing.steps.drop(columns=[name for name in timing.steps if name.startswith(("slant", "stroke"))]),
        findings={name: n for name, n in timing.findings.items() if "slant" not in name and "stroke" not in name},
    )
    alone = Found(found.study, {"baseline": plain}, {})
    summary = chapter.numbers(alone)
    with unrendered():
        page = chapter.page(alone, summary, chapter.draw(alone, summary, tmp_path))
    assert "have no words for slant and stroke, so nothing is said of style" in page
    assert "slant kept" not in page


def test_every_effect_decides_a_claim_of_every_subject(found: Found, deciding) -> None:
    summary = {**chapter.numbers(found), "judges.accuracy": {"value": 1.0, "n": 9, "required": 0.95}}
    assert {claim.name for claim in CLAIMS} == {str(effect) for effect in Timesteps}
    decided = {each.name: each for each in decide(CLAIMS, summary, ["baseline", "dog"], deciding)}
    assert len(decided) == 2 * len(CLAIMS)
    assert decided["baseline.semantics_settle_first"].verdict == "supported"
    assert decided["baseline.karras_beats_uniform"].verdict == "contradicted"
    assert decided["baseline.early_attribute_is_lost"].number["n"] == SEEDS
    assert decided["dog.semantics_early"].verdict == "no data"
    assert decided["dog.early_attribute_is_lost"].needs.startswith("ddim among timesteps.samplers")


def test_several_networks_are_one_subject(found: Found, timing: Timed, tmp_path: Path) -> None:
    both = Found(found.study, {"baseline": overall.timed([timing, timing])}, {})
    assert (both.subjects["baseline"].steps["n"] == 2 * timing.steps["n"]).all()
    summary = chapter.numbers(both)
    with unrendered():
        page = chapter.page(both, summary, chapter.draw(both, summary, tmp_path / "figures/timesteps"))
    assert "over 2 networks" in page
    ones = chapter.numbers(found)
    effects = [name for name in summary if ".baseline.effects." in name]
    assert effects
    for name in effects:
        assert summary[name]["value"] == pytest.approx(ones[name]["value"])

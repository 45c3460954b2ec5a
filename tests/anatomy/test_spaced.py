"""Spacings are compared on the same seeds, band by band, and an effect has the sign that its sentence says."""

import numpy as np
import pandas as pd
import pytest

from pipeline.anatomy import spaced, timed
from pipeline.anatomy.concepts import Reader
from pipeline.anatomy.effects import Timesteps
from pipeline.anatomy.spaced import Distance, Drawn
from pipeline.anatomy.sweep import Loop
from pipeline.diffusion.schedule import alpha_bar
from pipeline.errors import UserError
from pipeline.judges import bootstrap
from tests.anatomy.test_concepts import BOUNDS, judge

LEVELS = alpha_bar("cosine", 1000).numpy()
SEEDS = 12


def wave(cycles: int, amplitude: float, phase: float = 0.0) -> np.ndarray:
    x = np.arange(16)
    row = 128 + amplitude * np.cos(2 * np.pi * (cycles * x / 16 + phase))
    return np.broadcast_to(row.round().astype(np.uint8)[None, :, None], (16, 16, 1))


def test_every_spacing_has_its_name() -> None:
    found = spaced.spacings(LEVELS, 8, 2.2, [1.0, 0.25, 0.0])
    assert list(found) == [
        *("uniform", "early", "at_25", "late", "source_early", "source_late"),
        *("quadratic", "karras", "log_snr"),
    ]
    assert all(len(timesteps) == 8 for timesteps in found.values())
    assert timed.spacing_name(0.5) == "middle"
    early, late = (np.mean(found[name]) for name in ("early", "late"))
    assert late < np.mean(found["uniform"]) < early
    with pytest.raises(UserError, match="fall together"):
        spaced.spacings(LEVELS, 8, 20.0, [0.0, 1.0])


def test_bands_are_alike_as_far_as_they_have_something_in_common() -> None:
    one = np.stack([wave(1, 50), wave(1, 50), wave(1, 50), wave(6, 20)])
    other = np.stack([wave(1, 50), wave(1, 50, 0.5), wave(1, 50, 0.25), wave(6, 40)])
    found = spaced.alike(one, other)
    np.testing.assert_allclose(found[:3, 0], [1, -1, 0], atol=0.02)
    assert found[3, 2] == pytest.approx(2 * 20 * 40 / (20**2 + 40**2), abs=0.02)
    by_hand = spaced.spectrum.energies(np.stack([wave(6, 20)])), spaced.spectrum.energies(np.stack([wave(6, 40)]))
    assert spaced.more(one, other)[3, 2] == pytest.approx(10 * np.log10(by_hand[0][0, 2] / by_hand[1][0, 2]))
    assert spaced.more(one, other)[3, 2] == pytest.approx(-6.02, abs=0.2)
    assert spaced.more(one[:1], np.zeros_like(one[:1])).max() == spaced.MOST_DB


def test_the_class_is_decided_at_the_share_of_the_process_of_its_step() -> None:
    seen = np.array([[0, 1, 2], [0, 1, 1], [0, 0, 1]])
    drawn = Drawn(np.zeros((3, 4, 4, 1), np.uint8), seen, np.array([0.0, 0.7, 0.9, 1.0]))
    assert drawn.decided(np.array([0, 0, 1])).tolist() == [0.0, 0.9, 0.7]
    assert drawn.decided(np.array([2, 2, 2])).tolist() == [1.0, 1.0, 1.0]


def test_the_loop_s_own_steps_give_its_own_images(plain: Loop, seeds: np.ndarray) -> None:
    reader, labels = Reader(judge, BOUNDS), seeds % 3
    full = spaced.draw(plain, seeds, labels, reader)
    assert full.done.tolist() == [*(1 - np.array(plain.timesteps) / 999), 1.0]
    every = {"uniform": plain.timesteps, "early": [999, 700, 0]}
    images, tables = spaced.compare(plain, full, every, seeds, labels, True, reader)
    assert list(tables) == ["full", "uniform", "early"]
    np.testing.assert_array_equal(images["uniform"], full.final)
    assert not np.array_equal(images["early"], full.final)
    for same in ("full", "uniform"):
        assert (tables[same][["likeness", "coarse", "fine"]] == 1).all(axis=None)
        assert (tables[same]["detail"] == 0).all()
        assert tables[same][["slant", "stroke"]].all(axis=None)
    assert tables["early"]["right"].tolist() == (judge(images["early"]).argmax(axis=1) == labels).tolist()
    unjudged = spaced.compare(plain, full, every, seeds, labels, True, Reader(None, None))[1]
    assert list(unjudged["early"]) == ["likeness", "coarse", "fine", "detail"]


def made() -> dict[str, pd.DataFrame]:
    """Measures of which early keeps more of the coarse band and less of the fine one than late does."""
    levels = {"full": (1.0, 0.0), "uniform": (0.8, -1.0), "early": (0.9, -3.0), "late": (0.5, 0.5)}
    levels |= {"quadratic": (0.6, 0.0), "karras": (0.7, 0.0)}
    spread = np.linspace(-0.05, 0.05, SEEDS)
    return {
        name: pd.DataFrame(
            {
                "likeness": coarse + spread,
                "coarse": coarse + spread,
                "fine": 1 - coarse + spread,
                "detail": detail + spread,
            }
            | {"slant": np.arange(SEEDS) < 10 * coarse, "right": np.arange(SEEDS) > 0}
        )
        for name, (coarse, detail) in levels.items()
    }


def test_numbers_are_paired_with_the_uniform_spacing() -> None:
    tables, draws = made(), bootstrap.draws(np.zeros(SEEDS), 200, 0)
    distances = {name: Distance(float(i), i + np.linspace(-1, 1, 200)) for i, name in enumerate(tables)}
    found = spaced.numbers(tables, distances, draws)
    gap = found["early.coarse_gap"]
    assert gap["value"] == pytest.approx(0.1)
    np.testing.assert_allclose(gap["ci95"], 0.1, atol=1e-9)
    assert found["early.coarse"]["ci95"][1] > found["early.coarse"]["ci95"][0], "alone it varies over seeds"
    assert found["late.frechet_gap"]["value"] == 2
    assert found["early.slant_gap"]["value"] == pytest.approx(1 / 12)
    assert {"uniform.coarse_gap", "full.coarse_gap"}.isdisjoint(found)
    for name, number in found.items():
        low, high = number["ci95"]
        assert low - 1e-9 <= number["value"] <= high + 1e-9, name
        assert number["n"] == SEEDS


def test_effects_speak_for_the_claims_where_they_hold() -> None:
    tables, draws = made(), bootstrap.draws(np.zeros(SEEDS), 200, 0)
    worse = {"uniform": 1.0, "quadratic": 0.5, "karras": 2.0}
    distances = {name: Distance(value, value + np.linspace(-0.1, 0.1, 200)) for name, value in worse.items()}
    found = spaced.effects(tables, distances, [0.0, 1.0], "slant", draws)
    assert {effect: number["value"] for effect, number in found.items()} == pytest.approx(
        {
            Timesteps.SEMANTICS_EARLY: 0.4,
            Timesteps.DETAIL_LATE: 0.4,
            Timesteps.EARLY_ATTRIBUTE_IS_LOST: 4 / 12,
            Timesteps.QUADRATIC_BEATS_UNIFORM: 0.5,
            Timesteps.KARRAS_BEATS_UNIFORM: -1.0,
        }
    )
    assert set(spaced.effects(tables, {}, [0.0, 1.0], "", draws)) == {
        Timesteps.SEMANTICS_EARLY,
        Timesteps.DETAIL_LATE,
    }


def test_the_table_says_where_steps_lie_and_how_far_the_next_is() -> None:
    found = spaced.table({"uniform": [9, 5, 0]}, np.arange(10.0))
    assert found.to_dict("list") == {
        "spacing": ["uniform"] * 3,
        "t": [9, 5, 0],
        "done": [0.0, pytest.approx(4 / 9), 1.0],
        "snr_db": [9.0, 5.0, 0.0],
        "gap": [4, 5, 1],
    }

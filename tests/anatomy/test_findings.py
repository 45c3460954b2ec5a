"""What speaks for the source is positive, what speaks against it negative, each the number that is meant."""

from collections.abc import Callable

import numpy as np
import pytest

from pipeline.anatomy.cells import Cell
from pipeline.anatomy.curves import Curves
from pipeline.anatomy.findings import findings
from pipeline.judges import bootstrap
from pipeline.judges.number import Number

SEEDS, STEPS = 20, 20
STARTS = [20, 17, 14, 11, 8, 5]
SNR = {k: -float(k) for k in range(1, STEPS + 1)}
AS_THE_SOURCE_SAYS: dict[str, dict[Cell, float]] = {
    "jumps of two": {Cell("jump", k, 2): s for k, s in zip(STARTS, [0.85, 0.9, 0.9, 0.9, 0.9, 0.95], strict=True)},
    "jumps": {Cell("jump", k, 5): s for k, s in zip(STARTS, [0.2, 0.2, 0.5, 0.5, 0.9, 0.9], strict=True)},
    "few blocks": {Cell("blocks", k, 5, 2): s for k, s in zip(STARTS, [0.3, 0.85, 0.9, 0.9, 0.95, 0.95], strict=True)},
    "many blocks": {Cell("blocks", k, 5, 6): s for k, s in zip(STARTS, [0.1, 0.2, 0.4, 0.6, 0.85, 0.9], strict=True)},
    "skips": {Cell("skips", k, 5, 2): s for k, s in zip(STARTS, [0.95, 0.7, 0.7, 0.7, 0.7, 0.7], strict=True)},
    "cuts": {
        Cell("duration", 17, 1, 2): 0.9,
        Cell("duration", 17, 12, 2): 0.7,
        Cell("duration", 8, 1, 6): 0.85,
        Cell("duration", 8, 8, 6): 0.6,
    },
    "rests": {
        Cell("relax", 17, 2, 2, 0): 0.5,
        Cell("relax", 17, 2, 2, 4): 0.83,
        Cell("relax", 17, 2, 2, 9): 0.9,
        Cell("relax", 8, 1, 6, 0): 0.6,
        Cell("relax", 8, 1, 6, 3): 0.82,
    },
    "ends": {Cell("end", 20): 0.1, Cell("end", 4): 0.9, Cell("end", 8): 0.85},
}
VALUES = {
    "one_step_is_little": 0.05,
    "first_steps_compose": 0.7,
    "deep_blocks_compose": 0.95 - 0.8,
    "skips_denoise": 10 * (0.925 - 0.7),
    "bottom_up": 17 - 8,
    "cuts_are_limited": 0.1,
    "rest_restores": 0.02,
    "rest_helps": 0.86 - 0.55,
    "last_steps_are_spare": 0.1,
}


def told(sections: dict[str, dict[Cell, float]], chosen: Callable, **difference: object) -> dict[str, Number]:
    """Findings of cells whose images all have the cell's SSIM, and ten times it as PSNR in dB."""
    cells = {cell: ssim for section in sections.values() for cell, ssim in section.items()}
    found = {cell: {"ssim": np.full(SEEDS, ssim), "psnr": np.full(SEEDS, 10 * ssim)} for cell, ssim in cells.items()}
    curves = Curves(found, bootstrap.draws(np.arange(SEEDS) % 2, 100, 0), 0.8)
    return findings(curves, chosen(**{"jumps": [1, 2, 5], "length": 5, "fills": ["zeros"], **difference}), SNR)


def test_every_effect_is_the_number_that_is_meant(chosen) -> None:
    found = told(AS_THE_SOURCE_SAYS, chosen)
    effects = {name.removeprefix("effects."): number["value"] for name, number in found.items() if "effects." in name}
    assert effects == pytest.approx(VALUES)
    assert all(value > 0 for value in effects.values())
    assert all(number["n"] == SEEDS and len(number["ci95"]) == 2 for number in found.values())


AGAINST = {
    "one_step_is_little": {"jumps of two": {Cell("jump", 14, 2): 0.75}},
    "first_steps_compose": {"jumps": dict.fromkeys([Cell("jump", k, 5) for k in STARTS[:2]], 0.99)},
    "deep_blocks_compose": {"few blocks": {Cell("blocks", 5, 5, 2): 0.1, Cell("blocks", 8, 5, 2): 0.3}},
    "skips_denoise": {"skips": dict.fromkeys([Cell("skips", k, 5, 2) for k in STARTS[2:]], 0.99)},
    "bottom_up": {"few blocks": {Cell("blocks", 8, 5, 2): 0.5}},
    "cuts_are_limited": {"cuts": {Cell("duration", 8, 8, 6): 0.82}},
    "rest_restores": {"rests": {Cell("relax", 17, 2, 2, 4): 0.7}},
    "rest_helps": {"rests": {Cell("relax", 17, 2, 2, 0): 0.95, Cell("relax", 8, 1, 6, 0): 0.9}},
    "last_steps_are_spare": {"ends": {Cell("end", 4): 0.7}},
}


def test_deep_blocks_that_never_matter_do_not_compose(chosen) -> None:
    few = {cell: max(ssim, 0.9) for cell, ssim in AS_THE_SOURCE_SAYS["few blocks"].items()}
    found = told({**AS_THE_SOURCE_SAYS, "few blocks": few}, chosen)
    assert found["effects.deep_blocks_compose"]["value"] == pytest.approx(0.8 - 0.9)


@pytest.mark.parametrize("effect", VALUES)
def test_what_speaks_against_the_source_turns_the_sign(chosen, effect: str) -> None:
    ((section, cells),) = AGAINST[effect].items()
    sections = {**AS_THE_SOURCE_SAYS, section: {**AS_THE_SOURCE_SAYS[section], **cells}}
    assert told(sections, chosen)[f"effects.{effect}"]["value"] < 0


NEEDED = {
    "jumps of two": {"one_step_is_little"},
    "jumps": {"first_steps_compose"},
    "few blocks": {"bottom_up"},
    "many blocks": {"bottom_up"},
    "cuts": {"cuts_are_limited"},
    "rests": {"rest_restores", "rest_helps"},
    "ends": {"last_steps_are_spare"},
}


@pytest.mark.parametrize("section", NEEDED)
def test_what_a_sweep_that_was_not_done_would_say_is_left_out(chosen, section: str) -> None:
    sections = {name: cells for name, cells in AS_THE_SOURCE_SAYS.items() if name != section}
    found = {name.removeprefix("effects.") for name in told(sections, chosen) if "effects." in name}
    assert found == set(VALUES) - NEEDED[section]


def test_what_was_tried_far_from_where_the_source_did_says_nothing(chosen) -> None:
    sections = {
        **AS_THE_SOURCE_SAYS,
        "jumps of two": {Cell("jump", 14, 3): 0.9},
        "cuts": {Cell("duration", 17, 1, 2): 0.95},
        "rests": {Cell("relax", 17, 2, 2, 0): 0.5, Cell("relax", 17, 2, 2, 9): 0.9},
        "ends": {Cell("end", 5): 0.9, Cell("end", 3): 0.9},
    }
    missing = {"one_step_is_little", "cuts_are_limited", "rest_restores", "last_steps_are_spare"}
    found = {name.removeprefix("effects.") for name in told(sections, chosen) if "effects." in name}
    assert found == set(VALUES) - missing


def test_a_rest_that_had_no_other_beside_it_says_nothing_of_rests(chosen) -> None:
    sections = {**AS_THE_SOURCE_SAYS, "rests": {Cell("relax", 17, 2, 2, 0): 0.9}}
    found = told(sections, chosen)
    assert not {"effects.rest_helps", "effects.rest_restores"} & set(found)


def test_phases_and_limits_say_their_step_and_the_noise_there(chosen) -> None:
    found = told(AS_THE_SOURCE_SAYS, chosen)
    assert found["phases.composition_ends"]["value"] == 15.5
    assert found["phases.composition_ends"]["snr_db"] == pytest.approx(-15.5)
    assert found["phases.denoising_begins"]["value"] == 9.5
    assert found["limits.2.zeros.redundant_from"]["value"] == 17
    assert found["limits.2.zeros.redundant_from"]["snr_db"] == -17
    assert found["limits.6.zeros.redundant_from"]["value"] == 8
    assert found["limits.2.zeros.longest_cut"]["value"] == 1
    assert found["limits.2.zeros.longest_cut"]["tried"] == 12
    assert found["limits.6.zeros.shortest_rest"]["value"] == 3
    assert "snr_db" not in found["limits.6.zeros.shortest_rest"]
    assert len([name for name in found if name.startswith("limits.")]) == 6


def test_blocks_that_are_never_redundant_have_no_noise_level(chosen) -> None:
    never = {Cell("blocks", k, 5, 2): 0.1 for k in STARTS}
    found = told({**AS_THE_SOURCE_SAYS, "few blocks": never}, chosen)
    never = found["limits.2.zeros.redundant_from"]
    assert never == {"value": 0, "n": SEEDS, "ci95": [0, 0], "nb": 2, "fill": "zeros"}


def test_effects_are_of_the_first_fill_and_limits_of_every(chosen) -> None:
    cached = {Cell("blocks", k, 5, nb, fill="cache"): 0.99 for k in STARTS[1:] for nb in (2, 6)}
    found = told({**AS_THE_SOURCE_SAYS, "cached": cached}, chosen, fills=["zeros", "cache"])
    assert found["effects.deep_blocks_compose"]["value"] == pytest.approx(VALUES["deep_blocks_compose"])
    assert found["limits.2.cache.redundant_from"]["value"] == 17
    assert found["limits.2.zeros.redundant_from"]["value"] == 17
    skips = {Cell("skips", k, 5, 2, fill="cache"): 0.5 for k in STARTS[1:]}
    sections = {**AS_THE_SOURCE_SAYS, "cached": {**cached, **skips}, "cuts": {}, "rests": {}}
    turned = told(sections, chosen, fills=["cache", "zeros"])
    assert turned["effects.deep_blocks_compose"]["value"] == pytest.approx(0.8 - 0.99)
    assert turned["effects.skips_denoise"]["value"] == pytest.approx(4.9)

"""What speaks for the source is positive, what speaks against it negative, each the number that is meant."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from pipeline.anatomy.cells import Cell
from pipeline.anatomy.curves import Curves
from pipeline.anatomy.findings import findings
from pipeline.judges import bootstrap
from pipeline.judges.number import Number

SEEDS, STEPS = 20, 50
JUMPS = list(range(50, 2, -4))  # twelve starts; the levels part at steps 36 and 16
STARTS = [50, 34, 19, 3]
SNR = {k: -float(k) for k in range(1, STEPS + 1)}
LEVELS = dict(zip(JUMPS, [0.2] * 4 + [0.5] * 5 + [0.9] * 3, strict=True))
Told = Mapping[Cell, Any]  # mean SSIM, or that and the share that keeps its class


def at_starts(values: list[Any], **cell: Any) -> Told:
    return {Cell(start=start, n=3, **cell): value for start, value in zip(STARTS, values, strict=True)}


AS_THE_SOURCE_SAYS: dict[str, Told] = {
    "jumps of two": {Cell("jump", k, 2): s for k, s in zip(STARTS, [0.85, 0.9, 0.9, 0.95], strict=True)},
    "jumps": {Cell("jump", k, 3): (s, 0.6 if k > 36 else 1.0) for k, s in LEVELS.items()},
    "few blocks": at_starts([0.3, 0.85, 0.9, 0.95], sweep="blocks", parts=2),
    "many blocks": at_starts([0.1, 0.2, 0.85, 0.9], sweep="blocks", parts=6),
    "skips": at_starts([(0.9, 0.5), (0.7, 0.9), (0.7, 0.9), (0.7, 0.9)], sweep="skips", parts=2),
    "cuts": {
        Cell("duration", 34, 1, 2): 0.9,
        Cell("duration", 34, 4, 2): 0.6,
        Cell("duration", 34, 12, 2): 0.7,
        Cell("duration", 34, 25, 2): 0.1,
        Cell("duration", 19, 1, 6): 0.85,
        Cell("duration", 19, 8, 6): 0.65,
    },
    "rests": {
        Cell("relax", 34, 2, 2, 0): 0.5,
        Cell("relax", 34, 2, 2, 6): 0.78,
        Cell("relax", 34, 2, 2, 10): 0.83,
        Cell("relax", 34, 2, 2, 20): 0.9,
        Cell("relax", 19, 1, 6, 0): 0.6,
        Cell("relax", 19, 1, 6, 5): 0.77,
        Cell("relax", 19, 1, 6, 8): 0.82,
        Cell("relax", 19, 1, 7, 0): 0.9,
        Cell("relax", 19, 1, 7, 8): 0.1,
    },
    "ends": {Cell("end", 50): 0.1, Cell("end", 9): 0.9, Cell("end", 16): 0.85},
}
VALUES = {
    "one_step_is_little": 0.05,
    "three_phases": None,
    "first_steps_compose": 0.4,
    "last_steps_denoise": 0.1,
    "jumps_show": 0.75 - 0.5,
    "skips_compose": 0.4,
    "deep_blocks_compose": 0.9 - 0.8,
    "skips_denoise": 10 * (0.9 - 0.7),
    "bottom_up": 34 - 19,
    "cuts_are_limited": 0.1,
    "rest_restores": 0.02,
    "short_rest_approximates": 0.77 - (0.8 - 0.06),
    "rest_helps": 0.86 - 0.55,
    "last_steps_are_spare": 0.1,
}
BY_PHASES = {
    "three_phases",
    "first_steps_compose",
    "last_steps_denoise",
    "skips_compose",
    "deep_blocks_compose",
    "skips_denoise",
}


def told(
    sections: Mapping[str, Told], chosen: Callable, judged: bool = True, unrelated: float = 0.0, **difference: object
) -> dict[str, Number]:
    """Findings of cells whose images all have the cell's SSIM, and ten times it as PSNR in dB; but jumps of the usual
    length have some noise."""
    cells = {cell: value for section in sections.values() for cell, value in section.items()}
    found, rng = {}, np.random.default_rng(0)
    for cell, value in cells.items():
        ssim, kept = value if isinstance(value, tuple) else (value, 1.0)
        noise = rng.permutation(np.linspace(-0.01, 0.01, SEEDS)) if cell.n == 3 and cell.sweep == "jump" else 0.0
        values = np.full(SEEDS, ssim) + noise
        found[cell] = {"ssim": values, "psnr": 10 * values}
        found[cell] |= {"kept": np.arange(SEEDS) < kept * SEEDS} if judged else {}
    draws = bootstrap.draws(np.arange(SEEDS) % 2, 100, 0)
    curves = Curves(found, np.full(SEEDS, unrelated), draws, 0.8)
    return findings(curves, chosen(**{"jumps": [1, 2, 3], "length": 3, "fills": ["zeros"], **difference}), SNR)


def effects_of(found: dict[str, Number]) -> dict[str, float]:
    return {name.removeprefix("effects."): number["value"] for name, number in found.items() if "effects." in name}


def test_every_effect_is_the_number_that_is_meant(chosen) -> None:
    found = told(AS_THE_SOURCE_SAYS, chosen)
    effects = effects_of(found)
    assert effects.keys() == VALUES.keys()
    assert all(value > 0 for value in effects.values())
    assert effects == pytest.approx({**VALUES, "three_phases": effects["three_phases"]}, abs=1e-6)
    assert all(number["n"] == SEEDS and len(number["ci95"]) == 2 for number in found.values())


AGAINST: dict[str, dict[str, Told]] = {
    "one_step_is_little": {"jumps of two": {Cell("jump", 34, 2): 0.75}},
    "three_phases": {"jumps": {Cell("jump", k, 3): k / 50 for k in JUMPS}},
    "first_steps_compose": {"jumps": {Cell("jump", k, 3): (s, 0.8 if k < 16 else 1.0) for k, s in LEVELS.items()}},
    "last_steps_denoise": {"jumps": {Cell("jump", 6, 3): (0.9, 0.5)}},
    "jumps_show": {"jumps": {Cell("jump", k, 3): 0.9 - s / 100 for k, s in LEVELS.items()}},
    "skips_compose": {"skips": {Cell("skips", 50, 3, 2): (0.9, 1.0)}},
    "deep_blocks_compose": {"few blocks": {Cell("blocks", 3, 3, 2): 0.1, Cell("blocks", 19, 3, 2): 0.3}},
    "skips_denoise": {"skips": dict.fromkeys([Cell("skips", k, 3, 2) for k in STARTS[1:]], 0.99)},
    "bottom_up": {"few blocks": {Cell("blocks", 19, 3, 2): 0.5}},
    "cuts_are_limited": {"cuts": {Cell("duration", 19, 8, 6): 0.82}},
    "rest_restores": {"rests": {Cell("relax", 34, 2, 2, 10): 0.7}},
    "short_rest_approximates": {"rests": {Cell("relax", 34, 2, 2, 6): 0.7}},
    "rest_helps": {"rests": {Cell("relax", 34, 2, 2, 20): 0.4, Cell("relax", 19, 1, 6, 8): 0.4}},
    "last_steps_are_spare": {"ends": {Cell("end", 9): 0.7}},
}


def test_deep_blocks_that_never_matter_do_not_compose(chosen) -> None:
    few = {cell: max(ssim, 0.9) for cell, ssim in AS_THE_SOURCE_SAYS["few blocks"].items()}
    found = told({**AS_THE_SOURCE_SAYS, "few blocks": few}, chosen)
    assert found["effects.deep_blocks_compose"]["value"] == pytest.approx(0.8 - 0.9)


@pytest.mark.parametrize("ssim", [0.1, 0.9])
def test_blocks_that_are_redundant_from_the_start_or_never_have_no_order(chosen, ssim: float) -> None:
    flat = {name: dict.fromkeys(AS_THE_SOURCE_SAYS[name], ssim) for name in ("few blocks", "many blocks")}
    assert "bottom_up" not in effects_of(told({**AS_THE_SOURCE_SAYS, **flat}, chosen))


def test_verdicts_hang_on_likeness_and_not_on_ssim(chosen) -> None:
    found = told(AS_THE_SOURCE_SAYS, chosen, unrelated=0.5)
    effects = effects_of(found)
    assert found["unrelated.ssim"]["value"] == pytest.approx(0.5)
    assert effects["one_step_is_little"] == pytest.approx((0.85 - 0.5) / 0.5 - 0.8)
    assert effects["last_steps_are_spare"] == pytest.approx(0)
    assert effects["cuts_are_limited"] == pytest.approx(0.8 - (0.7 - 0.5) / 0.5)


def test_without_twelve_starts_there_are_no_phases(chosen) -> None:
    fewer = dict(list(AS_THE_SOURCE_SAYS["jumps"].items())[1:])
    found = told({**AS_THE_SOURCE_SAYS, "jumps": fewer}, chosen)
    assert effects_of(found).keys() == VALUES.keys() - BY_PHASES
    assert not any(name.startswith("phases.") for name in found)


def test_without_a_judge_nothing_is_said_of_classes(chosen) -> None:
    of_classes = {"first_steps_compose", "last_steps_denoise", "skips_compose"}
    assert effects_of(told(AS_THE_SOURCE_SAYS, chosen, judged=False)).keys() == VALUES.keys() - of_classes


@pytest.mark.parametrize("effect", VALUES)
def test_what_speaks_against_the_source_turns_the_sign(chosen, effect: str) -> None:
    ((section, cells),) = AGAINST[effect].items()
    sections: dict[str, Told] = {**AS_THE_SOURCE_SAYS, section: {**AS_THE_SOURCE_SAYS[section], **cells}}
    assert told(sections, chosen)[f"effects.{effect}"]["value"] < 0


NEEDED = {
    "jumps of two": {"one_step_is_little"},
    "jumps": {"jumps_show", *BY_PHASES},
    "skips": {"skips_compose", "skips_denoise"},
    "few blocks": {"bottom_up"},
    "many blocks": {"bottom_up"},
    "cuts": {"cuts_are_limited"},
    "rests": {"rest_restores", "short_rest_approximates", "rest_helps"},
    "ends": {"last_steps_are_spare"},
}


@pytest.mark.parametrize("section", NEEDED)
def test_what_a_sweep_that_was_not_done_would_say_is_left_out(chosen, section: str) -> None:
    sections: dict[str, Told] = {name: cells for name, cells in AS_THE_SOURCE_SAYS.items() if name != section}
    assert effects_of(told(sections, chosen)).keys() == VALUES.keys() - NEEDED[section]


def test_what_was_tried_far_from_where_the_source_did_says_nothing(chosen) -> None:
    sections: dict[str, Told] = {
        **AS_THE_SOURCE_SAYS,
        "jumps of two": {Cell("jump", 14, 4): 0.9},
        "cuts": {Cell("duration", 34, 3, 2): 0.5, Cell("duration", 34, 13, 2): 0.5},
        "rests": {Cell("relax", 34, 2, 2, 0): 0.5, Cell("relax", 34, 2, 2, 4): 0.9, Cell("relax", 34, 2, 2, 7): 0.9},
        "ends": {Cell("end", 10): 0.9, Cell("end", 8): 0.9},
    }
    missing = {"one_step_is_little", "cuts_are_limited", "rest_restores", "short_rest_approximates"}
    assert effects_of(told(sections, chosen)).keys() == VALUES.keys() - missing - {"last_steps_are_spare"}


def test_a_rest_that_is_not_needed_says_nothing_of_rests(chosen) -> None:
    sections: dict[str, Told] = {
        **AS_THE_SOURCE_SAYS,
        "rests": {Cell("relax", 34, 2, 2, 0): 0.9, Cell("relax", 34, 2, 2, 9): 0.9},
    }
    assert not {"rest_helps", "rest_restores", "short_rest_approximates"} & effects_of(told(sections, chosen)).keys()


def test_phases_and_limits_say_their_step_and_the_noise_there(chosen) -> None:
    found = told(AS_THE_SOURCE_SAYS, chosen)
    assert found["phases.composition_ends"]["value"] == 36
    assert found["phases.composition_ends"]["snr_db"] == pytest.approx(-36)
    assert found["phases.denoising_begins"]["value"] == 16
    assert found["limits.2.zeros.redundant_from"]["value"] == 34
    assert found["limits.2.zeros.redundant_from"]["snr_db"] == -34
    assert found["limits.6.zeros.redundant_from"]["value"] == 19
    assert found["limits.2.zeros.longest_cut"]["value"] == 1
    assert found["limits.2.zeros.longest_cut"]["tried"] == 25
    assert found["limits.6.zeros.shortest_rest"]["value"] == 8
    assert "snr_db" not in found["limits.6.zeros.shortest_rest"]
    assert len([name for name in found if name.startswith("limits.")]) == 6


def test_blocks_that_are_never_redundant_have_no_noise_level(chosen) -> None:
    never = {Cell("blocks", k, 3, 2): 0.1 for k in STARTS}
    found = told({**AS_THE_SOURCE_SAYS, "few blocks": never}, chosen)
    never = found["limits.2.zeros.redundant_from"]
    assert never == {"value": 0, "n": SEEDS, "ci95": [0, 0], "p": 1, "nb": 2, "fill": "zeros"}


def test_effects_are_of_the_first_fill_and_limits_of_every(chosen) -> None:
    cached = {Cell("blocks", k, 3, nb, fill="cache"): 0.99 for k in STARTS[1:] for nb in (2, 6)}
    found = told({**AS_THE_SOURCE_SAYS, "cached": cached}, chosen, fills=["zeros", "cache"])
    assert found["effects.deep_blocks_compose"]["value"] == pytest.approx(VALUES["deep_blocks_compose"])
    assert found["limits.2.cache.redundant_from"]["value"] == 34
    assert found["limits.2.zeros.redundant_from"]["value"] == 34
    skips = {Cell("skips", k, 3, 2, fill="cache"): 0.5 for k in STARTS[1:]}
    sections: dict[str, Told] = {**AS_THE_SOURCE_SAYS, "cached": {**cached, **skips}, "cuts": {}, "rests": {}}
    turned = told(sections, chosen, fills=["cache", "zeros"])
    assert "effects.deep_blocks_compose" not in turned, "none was tried in the first phase"
    assert turned["effects.skips_denoise"]["value"] == pytest.approx(4.9)

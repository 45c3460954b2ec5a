"""A subject's maps from its own loop: each image alone, the same whatever else is looked at; numbers over seeds."""

import copy

import numpy as np
import pandas as pd
import pytest

from pipeline.anatomy import believed, cam, rise, saliency
from pipeline.anatomy.belief import alike
from pipeline.anatomy.believed import Over
from pipeline.anatomy.feature_maps import Look
from pipeline.anatomy.salient import CAM, MASKS, OTHER, RISE, RIVALS
from pipeline.anatomy.sweep import Loop
from pipeline.params import Saliency
from tests.anatomy.conftest import TIMESTEPS

LOOKS = [Look(0.4, 4, 400), Look(1.0, 6, 999)]
CHOSEN = {
    "run": True,
    "times": [0.4, 1.0],
    "seeds": 3,
    "shown": 2,
    "masks": 32,
    "cells": 4,
    "threshold": 0.0,
    "likeness": "ssim",
    "layers": "all",
    "target": "likeness",
    "points": 2,
    "occlusion": 4,
    "gradient_steps": 2,
    "sanity_seeds": 2,
    "cascade": 2,
    "perturbation": 0.1,
    "perturbation_steps": 1,
    "converged": 0.9,
    "batch_size": 16,
}


def nothing() -> None:
    """Progress that nobody watches."""


def made(loop: Loop, seeds: np.ndarray, **difference: object) -> saliency.Maps:
    way = saliency.approach(loop, seeds, loop.subject.labels(seeds), LOOKS)
    maps = saliency.Maps(way, Saliency(**{**CHOSEN, **difference}), cam.chosen(loop.subject, "all"))
    maps.make(nothing)
    return maps


@pytest.fixture
def few(plain: Loop) -> saliency.Maps:
    return made(plain, np.arange(40, 43))


def test_the_input_of_a_step_is_that_of_the_loop(plain: Loop) -> None:
    seeds = np.arange(40, 45)
    way = saliency.approach(plain, seeds, seeds % 3, LOOKS)
    assert [one.k for one in way.looks] == [6, 4], "the noisiest first"
    for start in (0, 4):
        rows = np.resize(np.arange(start, min(start + 4, 5)), 4)
        for moment in plain.walk(plain.untouched, seeds[rows], seeds[rows] % 3):
            if moment.action.k in way.x:
                assert (way.x[moment.action.k][rows] == moment.x).all()
                assert (way.clean[moment.action.k][rows] == moment.x0).all()
        assert (way.final[rows] == moment.after).all()


def test_a_map_does_not_depend_on_what_else_is_looked_at(plain: Loop, few: saliency.Maps) -> None:
    alone = made(plain, np.array([41]), shown=1)
    for method in (RISE, CAM):
        np.testing.assert_array_equal(alone.of[method][:, 0], few.of[method][:, 1])
    assert not np.array_equal(few.of[RISE][:, 0], few.of[RISE][:, 1])
    assert not np.array_equal(few.of[RISE][0], few.of[RISE][1])


def test_latents_of_a_network_told_a_text_have_maps_too(told) -> None:
    loop = Loop(told(3.0, out_channels=4), TIMESTEPS, "ddpm", False, 2)
    maps = made(loop, np.arange(2), shown=1)
    assert {of.shape for of in maps.of.values()} == {(2, 2, 8, 8)}
    assert all(np.isfinite(of).all() and np.ptp(of) > 0 for of in maps.of.values())


def test_every_map_is_played_and_checked(few: saliency.Maps) -> None:
    rows, curves, rivals = saliency.games(few, nothing)
    games = pd.DataFrame(rows)
    methods = [RISE, CAM, f"{RISE}{OTHER}", f"{CAM}{OTHER}", *RIVALS]
    assert len(games) == 2 * 3 * len(methods)
    assert (curves.shape, list(rivals)) == ((2, 3, len(methods), 2, 3), list(RIVALS))
    np.testing.assert_allclose(games["gain"], games["insertion"] - games["deletion"])
    checks = pd.DataFrame(saliency.checks(few, nothing))
    assert set(checks["check"]) == {MASKS, "weights_44", "weights_100", "random", "adversarial"}
    assert len(checks) == 2 * 2 * (1 + 2 * 4)
    changed = checks.pivot_table("likeness", ["time", "seed"], "check")
    assert (changed["adversarial"] < 1).all()
    assert checks["correlation"].between(-1, 1).all()
    own = rise.weighted(few.masks(few.way.looks[0], 0)[:16], few.found[0, 0, :16], 0.5)
    other = rise.weighted(few.masks(few.way.looks[0], 0)[16:], few.found[0, 0, 16:], 0.5)
    first = checks[(checks["check"] == MASKS) & (checks["seed"] == 40) & (checks["time"] == "t100")]
    assert first["correlation"].item() == pytest.approx(alike(own, other))


def test_the_network_that_was_looked_at_is_as_before(plain: Loop) -> None:
    before = copy.deepcopy(plain.subject.model.state_dict())
    maps = made(plain, np.arange(2), shown=1)
    saliency.games(maps, nothing)
    list(saliency.checks(maps, nothing))
    after = plain.subject.model.state_dict()
    assert all((after[name] == each).all() for name, each in before.items())
    modules = list(plain.subject.model.modules())
    assert not any(each._forward_hooks or each._forward_pre_hooks or each._backward_hooks for each in modules)
    assert not any(each.grad is not None for each in plain.subject.model.parameters())


def test_a_large_image_s_foreground_has_the_size_of_its_latents() -> None:
    image = np.zeros((16, 16, 3), np.uint8)
    image[4:10, 4:12] = 200
    found = saliency.foreground(image, 8)
    expected = np.zeros((8, 8), bool)
    expected[2:5, 2:6] = True
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(saliency.foreground(image, 16), image[..., 0] > 0)


def test_seeds_without_a_value_are_left_out_and_counted() -> None:
    over = Over(np.zeros(5, np.int64), 200, 0)
    found = over.mean(np.array([1.0, np.nan, 2.0, 3.0, np.nan]), "size")
    assert (found["value"], found["n"]) == (2, 3)
    assert 1 <= found["ci95"][0] < 2 < found["ci95"][1] <= 3
    assert over.mean(np.array([1.0, np.nan, np.nan, np.nan, np.nan])) is None
    assert over.mean(np.arange(10.0).reshape(5, 2))["value"] == 4.5


def test_the_order_is_early_minus_late_without_the_middle() -> None:
    values = pd.DataFrame([[5.0, 4.0, 9.0, 2.0, 1.0], [1.0, 1.0, 9.0, 1.0, 3.0]])
    assert believed.hierarchy(values).tolist() == [3.0, -1.0]

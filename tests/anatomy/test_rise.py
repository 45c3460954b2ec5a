"""DF-RISE: masks keep what they say, and the map lights up what the prediction rests on."""

import numpy as np
import pytest
import torch

from pipeline.anatomy import rise
from pipeline.anatomy.explained import explained
from tests.anatomy.made import REGION, SIDE, regional


@pytest.mark.parametrize(("cells", "threshold"), [(4, 0.0), (5, -0.5), (12, 0.8)])
def test_every_pixel_is_kept_as_often_as_the_expectation_says(cells: int, threshold: float) -> None:
    count = 4000
    kept = rise.masks(7, 500, count, SIDE, cells, threshold)
    expected = rise.expectation(threshold)
    assert expected == pytest.approx({0.0: 0.5, -0.5: 0.6915, 0.8: 0.2119}[threshold], abs=1e-4)
    error = np.sqrt(expected * (1 - expected) / count)
    assert abs(kept.mean(axis=0) - expected).max() < 4.5 * error


def test_masks_belong_to_the_image_and_the_time_and_have_cells() -> None:
    one = rise.masks(7, 500, 40, SIDE, 4, 0.0)
    assert np.array_equal(one, rise.masks(7, 500, 40, SIDE, 4, 0.0))
    assert not np.array_equal(one, rise.masks(8, 500, 40, SIDE, 4, 0.0))
    assert not np.array_equal(one, rise.masks(7, 501, 40, SIDE, 4, 0.0))
    changes = (one[:, 1:] != one[:, :-1]).any(axis=2)
    assert (changes.sum(axis=1) <= 4).all(), "a cell is three pixels, so rows change at four borders at most"
    places = {int(each) for each in np.flatnonzero(changes.any(axis=0)) % 3}
    assert places == {0, 1, 2}, "borders fall everywhere"


def test_as_many_cells_as_pixels_mask_every_pixel_alone() -> None:
    kept = rise.masks(0, 0, 3000, 8, 8, 0.0).reshape(3000, -1).astype(float)
    correlations = np.corrcoef(kept.T) - np.eye(64)
    assert abs(correlations).max() < 0.1


def test_the_map_is_that_of_rise_without_the_noise_of_the_mean() -> None:
    rng = np.random.default_rng(0)
    kept, found = rng.random((2000, 3, 3)) < 0.5, rng.random(2000)
    found += kept[:, 1, 1]
    mine = rise.weighted(kept, found, 0.5)
    plain = (found[:, None, None] * kept).sum(axis=0) / (2000 * 0.5)
    np.testing.assert_allclose(mine, plain - found.mean() * (kept.mean(axis=0) / 0.5 - 1), rtol=1e-12)
    assert mine[1, 1] == pytest.approx(1.5, abs=0.05), "the mean score where the pixel is kept"
    others = np.delete(mine.ravel(), 4)
    assert others == pytest.approx(np.full(8, 1.0), abs=0.06)


@pytest.mark.parametrize("kind", ["ssim", "structure"])
def test_a_denoiser_of_one_region_lights_up_that_region(kind: str) -> None:
    what = regional(kind)
    kept = rise.masks(1, what.t, 600, SIDE, 4, 0.0)
    found = rise.weighted(kept, rise.scores(what, kept), 0.5)
    assert REGION[np.unravel_index(found.argmax(), found.shape)]
    highest = found.ravel() >= np.sort(found.ravel())[-REGION.sum()]
    inside = (highest & REGION.ravel()).sum() / REGION.sum()
    assert inside > 0.7
    assert found[REGION].mean() - found[~REGION].mean() > 3 * found[~REGION].std()


def test_maps_become_more_alike_with_more_masks_of_which_none_is_shared() -> None:
    what = regional()
    kept = rise.masks(1, what.t, 1024, SIDE, 4, 0.0)
    found = rise.convergence(kept, rise.scores(what, kept), 0.5)
    assert list(found) == [8, 16, 32, 64, 128, 256, 512]
    assert found[512] > 0.7 > 0.4 > found[8]
    noise = np.random.default_rng(0).random(1024)
    assert abs(rise.convergence(kept, noise, 0.5)[512]) < 0.4, "scores that rest on nothing have no map"


def test_a_map_does_not_depend_on_the_batch_and_leaves_nothing_behind(variant) -> None:
    subject = variant()
    x = torch.randn(1, 8, 8, generator=torch.Generator().manual_seed(0))
    kept = rise.masks(3, 400, 30, 8, 4, 0.0)
    what = explained(subject, x, 400, 1, "ssim", 8)
    found = rise.scores(what, kept)
    assert np.array_equal(found[::-1], rise.scores(what, kept[::-1].copy()))
    larger = rise.scores(explained(subject, x, 400, 1, "ssim", 32), kept)
    np.testing.assert_allclose(found, larger, atol=1e-5)
    assert all(each.grad is None for each in subject.model.parameters())

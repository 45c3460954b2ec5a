"""The games have the areas that they must have on a made-up score, rivals are what they say, and overlap is counted."""

import numpy as np
import pytest
import torch

from pipeline.anatomy import belief
from pipeline.anatomy.explained import explained
from pipeline.anatomy.salient import CENTRE, EDGES, GRADIENTS, OCCLUSION, RANDOM
from tests.anatomy.made import REGION, SIDE, regional


class Counted:
    """A made-up score: the share of the marked pixels that the input still has. It has a gradient."""

    def __init__(self, marked: np.ndarray) -> None:
        self.marked = torch.from_numpy(marked).float()
        self.x, self.batch_size = torch.ones(1, *marked.shape), 7

    def score(self, inputs: torch.Tensor) -> torch.Tensor:
        return (inputs[:, 0] * self.marked).sum(dim=(1, 2)) / self.marked.sum()

    scores = score


def source(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_area_of_a_perfect_map_and_of_its_opposite_is_known() -> None:
    marked = np.zeros((8, 8), dtype=bool)
    marked[:2] = True  # a quarter of the pixels
    maps = {"perfect": marked.astype(float), "opposite": -marked.astype(float)}
    orders = {name: belief.ordered(values, source()) for name, values in maps.items()}
    played = belief.play(Counted(marked), orders, 8)
    inserted, deleted = played["perfect"]
    np.testing.assert_allclose(inserted, [0, 0.5, 1, 1, 1, 1, 1, 1, 1], atol=1e-6)
    np.testing.assert_allclose(deleted, [1, 0.5, 0, 0, 0, 0, 0, 0, 0], atol=1e-6)
    assert belief.area(inserted) == pytest.approx(1 - 0.25 / 2)
    assert belief.area(deleted) == pytest.approx(0.25 / 2)
    worst = played["opposite"]
    assert belief.area(worst[0]) == pytest.approx(0.25 / 2)
    assert belief.area(worst[1]) == pytest.approx(1 - 0.25 / 2)


def test_a_random_order_has_half_of_both_areas() -> None:
    marked = source(5).random((16, 16)) < 0.5
    orders = {str(i): belief.ordered(np.zeros((16, 16)), source(i)) for i in range(40)}
    areas = [[belief.area(game) for game in both] for both in belief.play(Counted(marked), orders, 16).values()]
    np.testing.assert_allclose(np.mean(areas, axis=0), [0.5, 0.5], atol=0.02)


def test_the_area_is_that_of_the_trapezoid_rule() -> None:
    curve = source().random(11)
    assert belief.area(curve) == pytest.approx(np.trapezoid(curve, np.linspace(0, 1, 11)))


def test_equal_pixels_favour_no_place_and_others_are_in_order() -> None:
    values = np.array([[3.0, 1.0], [1.0, 2.0]])
    orders = [belief.ordered(values, source(seed)).tolist() for seed in range(200)]
    assert {tuple(order[:2]) for order in orders} == {(0, 3)}
    assert 60 < sum(order[2] == 1 for order in orders) < 140


@pytest.mark.parametrize("window", [1, 3, 4])
def test_occlusion_is_the_mean_fall_over_the_squares_that_hold_a_pixel(window: int) -> None:
    what = regional()
    found, stride = belief.occluded(what, window), max(window // 2, 1)
    starts = [*range(0, SIDE - window, stride), SIDE - window]
    falls, times = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))
    for top in starts:
        for left in starts:
            square = np.s_[top : top + window, left : left + window]
            without = what.x.clone()
            without[(slice(None), *square)] = 0
            falls[square] += 1 - float(what.scores(without[None]))
            times[square] += 1
    inner = np.s_[:-window, :-window]  # at the far rim, what Captum's last squares hold is its own affair
    np.testing.assert_allclose(found[inner], (falls / times)[inner], atol=2e-5)
    assert found[REGION].mean() > 5 * abs(found[~REGION]).mean()


def test_integrated_gradients_add_up_to_the_rise_of_the_score() -> None:
    what = regional()
    found = belief.integrated(what, 200)
    empty = float(what.scores(torch.zeros_like(what.x)[None]))
    assert found.sum() == pytest.approx(1 - empty, abs=0.02)
    assert abs(found[~REGION]).max() == 0, "nothing outside the region is used"
    assert all(each.grad is None for each in what.network.parameters())


def test_rivals_are_there_by_name_each_a_map(variant) -> None:
    x = torch.randn(1, 8, 8, generator=torch.Generator().manual_seed(0))
    what = explained(variant(), x, 400, 1, "ssim", 16)
    clean = np.zeros((8, 8, 1))
    clean[:, 4:] = 1
    found = belief.rivals(what, clean, source(), 4, 4)
    assert list(found) == [RANDOM, CENTRE, EDGES, OCCLUSION, GRADIENTS]
    assert {each.shape for each in found.values()} == {(8, 8)}
    assert sorted(np.argsort(found[CENTRE].ravel())[-4:]) == [27, 28, 35, 36]
    assert found[EDGES][4, 3:5].min() > 0.5 > found[EDGES][4, [0, 1, 6, 7]].max()
    assert np.array_equal(found[RANDOM], source().random((8, 8)))


def test_overlap_is_counted_at_as_many_pixels_as_the_object_has() -> None:
    mask = np.zeros((4, 4), dtype=bool)
    mask[0] = True
    values = np.arange(16.0, 0, -1).reshape(4, 4)  # the highest pixels are those of the object
    order = belief.ordered(values, source())
    assert belief.overlap(values, order, mask) == {
        "iou": 1,
        "pointing": 1,
        "foreground": pytest.approx(0.751, abs=0.01),
    }
    shifted = np.zeros((4, 4), dtype=bool)
    shifted[0, 2:], shifted[1, :2] = True, True
    assert belief.overlap(values, order, shifted)["iou"] == pytest.approx(2 / 6)
    assert belief.overlap(values, order, shifted)["pointing"] == 0
    for mask in (np.zeros((4, 4), bool), np.ones((4, 4), bool)):
        assert np.isnan([*belief.overlap(values, order, mask).values()]).all()


def test_rank_correlation_of_maps_is_scipy_s_and_0_where_one_is_flat() -> None:
    from scipy.stats import spearmanr

    one, other = source().random((5, 5)), source(1).random((5, 5)).round(1)
    assert belief.alike(one, other) == pytest.approx(spearmanr(one.ravel(), other.ravel()).statistic)
    assert belief.alike(one, np.ones((5, 5))) == 0


def test_the_hand_made_denoiser_is_played_to_its_end() -> None:
    what = regional()
    maps = {"region": REGION.astype(float), "rest": -REGION.astype(float)}
    played = belief.play(what, {name: belief.ordered(each, source()) for name, each in maps.items()}, 6)
    gains = {name: belief.area(both[0]) - belief.area(both[1]) for name, both in played.items()}
    assert gains["region"] > 0.1 > -0.1 > gains["rest"]
    assert played["rest"][0, -1] == played["rest"][1, 0] == 1

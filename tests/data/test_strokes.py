"""Slant and stroke width of figures whose answer is known, and of digits by another way."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from skimage.draw import disk
from skimage.measure import moments_central
from skimage.morphology import skeletonize

from pipeline.data import masks, sources, strokes


def bar(width: int, slope: float, size: int = 41) -> np.ndarray:
    """A bar of `width` pixels from side to side whose top leans right by `slope` columns a row."""
    y, x = np.indices((size, size)) - size // 2
    inside = abs(x + slope * y) <= (width - 1) / 2 + 1e-9
    return inside & (abs(y) <= 15)


@pytest.mark.parametrize("slope", [-1.0, -0.5, 0.0, 0.25, 1.0])
def test_a_sheared_bar_leans_by_its_angle(slope: float) -> None:
    assert strokes.slants(bar(5, slope)[None])[0] == pytest.approx(np.degrees(np.arctan(slope)), abs=0.7)


@pytest.mark.parametrize(("width", "measured"), [(1, 1), (3, 3), (5, 5), (7, 7), (2, 1), (4, 3)])
def test_an_upright_bar_is_as_wide_as_it_is(width: int, measured: int) -> None:
    upright = np.zeros((41, 41), bool)
    upright[4:37, 15 : 15 + width] = True
    assert strokes.skeletons(upright[None])["width"][0] == pytest.approx(measured, abs=0.35)


def test_a_wider_brush_measures_wider() -> None:
    widths = []
    for radius in (1.5, 2.5, 3.5):
        figure = np.zeros((40, 40), bool)
        for angle in np.linspace(0, 1.5 * np.pi, 200):
            figure[disk((20 + 12 * np.sin(angle), 20 + 12 * np.cos(angle)), radius, shape=figure.shape)] = True
        widths.append(strokes.skeletons(figure[None])["width"][0])
    assert np.diff(widths) == pytest.approx([2, 2], abs=0.5)


def test_many_are_measured_as_one_by_one() -> None:
    some = masks.foreground(sources.digits(16).images[:450], np.full(450, 16))
    found = strokes.measure(some)
    for i in range(0, 450, 37):
        alone = np.pad(some[i], 1)
        skeleton = skeletonize(alone)
        assert found["stroke"][i] == pytest.approx(2 * distance_transform_edt(alone)[skeleton].mean() - 1)
        mu = moments_central(some[i].astype(float), order=2)
        assert found["slant"][i] == pytest.approx(np.degrees(np.arctan2(-mu[1, 1], mu[2, 0])))


def test_nothing_and_a_single_row_measure_0_degrees() -> None:
    row = np.zeros((2, 9, 9), bool)
    row[1, 4, 2:7] = True
    assert strokes.slants(row).tolist() == [0, 0]
    assert strokes.skeletons(row)["width"].tolist() == [0, 1]


def test_a_skeleton_is_as_long_as_the_stroke() -> None:
    line = np.zeros((2, 30, 30), bool)
    line[0, 5:25, 12] = True
    line[1, 5:25, 12] = line[1, 15, 4:20] = True
    assert strokes.skeletons(line)["length"].tolist() == pytest.approx([20, 35], abs=2)

"""CLIP's scores by hand, and what they say of a judge that is right, wrong, sure and unsure."""

import numpy as np
import pandas as pd
import pytest

from pipeline.judges import scores

FEATURES = np.array([[1.0, 0, 0], [0, 1, 0], [0.6, 0.8, 0]])
TOLD = {
    "plain": np.array([[1.0, 0, 0], [0, 1, 0]]),
    "good": np.array([[0.8, 0, 0.6], [0, 0.8, 0.6]]),
    "clear": np.array([[0.6, 0, 0.8], [0, 0.6, 0.8]]),
    "blurry": np.array([[0.0, 0, 1], [0, 0, -1]]),
}


def test_scores_are_the_cosines_and_softmaxes_done_by_hand() -> None:
    table = scores.score(FEATURES, np.array([0, 0, 1]), TOLD, 2.0)
    np.testing.assert_allclose(table["clip_score"], [2.5, 0, 2.0])
    e = np.exp(2 * np.array([0.8, 0.6, 0.0]))
    np.testing.assert_allclose(table.loc[0, ["good", "clear", "blurry"]].astype(float), e / e.sum())
    assert table.loc[0, "quality"] == pytest.approx((e[0] + e[1] - e[2]) / e.sum())
    assert table["seen_as"].tolist() == [0, 1, 1]
    assert table.loc[2, "confidence"] == pytest.approx(1 / (1 + np.exp(2 * (0.6 - 0.8))))


def test_an_image_on_the_other_side_has_a_score_of_nothing_and_not_below() -> None:
    assert scores.score(-FEATURES[:1], np.array([0]), TOLD, 2.0)["clip_score"].item() == 0


@pytest.mark.parametrize(
    ("confidence", "right", "expected"),
    [(0.95, 1.0, 0.95), (0.55, 0.55, 1.0), (0.95, 0.0, 0.05), (1.0, 1.0, 1.0)],
)
def test_calibration_is_one_less_the_gap_of_confidence_and_accuracy(confidence, right, expected) -> None:
    n = 200
    hits, draws = np.arange(n) < round(right * n), np.random.default_rng(0).integers(n, size=(100, n))
    found = scores.calibration(hits, np.full(n, confidence), draws)
    assert found["value"] == pytest.approx(expected)
    assert found["ci95"][0] - 1e-9 <= found["value"] <= found["ci95"][1] + 1e-9 <= 1 + 1e-9


def test_gaps_of_several_bins_do_not_cancel() -> None:
    confidence, right = np.repeat([0.95, 0.55], 100), np.repeat([False, True], 100)
    draws = np.arange(200)[None]
    assert scores.calibration(right, confidence, draws)["value"] == pytest.approx(1 - (0.95 + 0.45) / 2)


def table(seen_as: list[int], clear: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"seen_as": seen_as, "confidence": 0.99, "clear": clear, "blurry": 0.3})


def test_clear_and_blurry_weigh_the_same() -> None:
    labels = np.array([0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
    sharp = table([*labels[:9], 0], [0.5] * 10)
    always = scores.reliability(sharp, [table([0] * 10, [0.5] * 10)] * 3, labels, 100, 0)
    assert always["zero_shot"]["value"] == pytest.approx(0.9)
    assert always["clear_blurry"]["value"] == 0.5, "one that calls all images clear knows nothing"
    mixed = [table([0] * 10, [each] * 10) for each in (0.1, 0.1, 0.5)]
    assert scores.reliability(sharp, mixed, labels, 100, 0)["clear_blurry"]["value"] == pytest.approx((1 + 2 / 3) / 2)

"""The nearest training image, against scikit-learn's and on copies."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from pipeline.judges import memorisation

CPU = torch.device("cpu")
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("channels", [1, 3])
def test_it_is_scikit_learn_s(monkeypatch: pytest.MonkeyPatch, channels: int) -> None:
    monkeypatch.setattr(memorisation, "PIECE", 7)
    images = RNG.integers(0, 256, (40, 6, 6, channels), dtype=np.uint8)
    training = RNG.integers(0, 256, (90, 6, 6, channels), dtype=np.uint8)
    position, distance = memorisation.nearest(images, training, CPU)
    flat = [each.reshape(len(each), -1) / 255 for each in (images, training)]
    theirs, index = NearestNeighbors(n_neighbors=1).fit(flat[1]).kneighbors(flat[0])
    np.testing.assert_array_equal(position, index[:, 0])
    np.testing.assert_allclose(distance, theirs[:, 0] / np.sqrt(36 * channels))


def test_a_copy_is_at_distance_0_and_black_against_white_at_1() -> None:
    training = RNG.integers(0, 256, (50, 4, 4, 1), dtype=np.uint8)
    position, distance = memorisation.nearest(training[[17, 3]], training, CPU)
    assert (position.tolist(), distance.tolist()) == ([17, 3], [0, 0])
    black, white = np.zeros((1, 4, 4, 1), np.uint8), np.full((1, 4, 4, 1), 255, np.uint8)
    assert memorisation.nearest(black, white, CPU)[1] == [1]

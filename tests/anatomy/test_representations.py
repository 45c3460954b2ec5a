"""Measures of layers on made-up maps whose answer is known, and against second implementations."""

import itertools

import numpy as np
import pytest

from pipeline.anatomy import representations
from pipeline.anatomy.representations import alike, class_probe, edges, fine, foreground, inside, likenesses, mask_probe

N = 40
LEARN = np.arange(N) % 2 == 0


@pytest.fixture
def masks() -> np.ndarray:
    """A square of a random place in each of 40 images, bool [40, 8, 8]."""
    rng, out = np.random.default_rng(0), np.zeros((N, 8, 8), bool)
    for mask in out:
        top, left = rng.integers(0, 5, 2)
        mask[top : top + 4, left : left + 4] = True
    return out


def channels(*maps: np.ndarray) -> np.ndarray:
    return np.stack(maps, axis=1).astype(np.float32)


def noise(seed: int, size: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(N, size, size))


def test_the_channel_that_is_the_mask_marks_the_foreground(masks: np.ndarray) -> None:
    marked, everywhere, channel = foreground(channels(noise(1), noise(2), 0.01 * noise(3) - 1.0 * masks), masks, LEARN)
    assert (marked, channel) == (1, 2), "a channel that is low on the foreground marks it as well"
    assert everywhere == pytest.approx(2 / 3, abs=0.03), "one of three is perfect, and two are chance"
    by_chance, *_ = foreground(channels(*(noise(seed) for seed in range(20))), masks, LEARN)
    assert by_chance == pytest.approx(0.5, abs=0.05), "the best of many channels is not good by chance"


def test_a_ranking_is_the_share_of_pairs_in_order(masks: np.ndarray) -> None:
    scores, true = noise(1)[:2] + masks[:2], masks[:2]
    inside, outside = scores[true], scores[~true]
    pairs = (inside[:, None] > outside[None]).mean()
    assert representations.ranked(scores, true) == pytest.approx(pairs)
    np.testing.assert_allclose(representations._areas(np.stack([scores, -scores], axis=1), true), [pairs, 1 - pairs])
    assert representations.ranked(scores, np.zeros_like(true)) == 0.5


def test_the_channel_that_is_the_gradient_follows_edges(masks: np.ndarray) -> None:
    gradients = abs(np.gradient(masks.astype(float), axis=2))
    best, everywhere = edges(channels(noise(1), 3 - 2 * gradients), gradients, LEARN)
    assert best == pytest.approx(1)
    assert everywhere == pytest.approx(0.5, abs=0.05)
    mixed = channels(noise(1), gradients + 0.3 * noise(2))
    expected = np.corrcoef(mixed[~LEARN, 1].ravel(), gradients[~LEARN].ravel())[0, 1]
    assert edges(mixed, gradients, LEARN)[0] == pytest.approx(expected, abs=1e-5)
    assert abs(edges(channels(*(noise(seed) for seed in range(20))), gradients, LEARN)[0]) < 0.1
    assert edges(channels(np.zeros((N, 8, 8))), gradients, LEARN) == (0, 0)


def test_maps_of_the_object_keep_to_it_and_even_ones_spread(masks: np.ndarray) -> None:
    assert inside(channels(3 + 2.0 * masks), masks) == pytest.approx(1 - 16 / 64)
    assert inside(channels(noise(1)), masks) == pytest.approx(0, abs=0.02)
    assert inside(channels(1.0 * ~masks * noise(2)), masks) < 0
    assert inside(channels(np.ones((N, 8, 8))), masks) == 0


def test_regions_are_smooth_noise_is_not_and_a_chessboard_is_less_so() -> None:
    ramp = np.broadcast_to(np.arange(32.0), (N, 32, 32))
    board = np.broadcast_to(np.indices((32, 32)).sum(axis=0) % 2, (N, 32, 32))
    assert representations.smoothness(channels(ramp)) > 0.9
    assert representations.smoothness(channels(noise(1, 32))) == pytest.approx(0, abs=0.02)
    assert representations.smoothness(channels(board)) == pytest.approx(-1)
    assert representations.smoothness(channels(np.ones((N, 8, 8)))) == 0
    assert representations.smoothness(channels(np.ones((N, 1, 1)))) == 0


def test_fine_energy_is_that_above_half_of_the_highest_frequency() -> None:
    x = np.arange(16)
    slow, fast = np.cos(2 * np.pi * 2 * x / 16), np.cos(2 * np.pi * 6 * x / 16)
    wave = np.broadcast_to(5 + slow + 2 * fast, (N, 16, 16))
    assert fine(channels(wave)) == pytest.approx(4 / 5)
    assert fine(channels(np.ones((N, 8, 8)))) == 0
    size, power = 8, abs(np.fft.fft2(noise(3))) ** 2
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
    power[:, 0, 0] = 0
    expected = (power[:, radius > 0.25].sum(axis=1) / power.sum(axis=(1, 2))).mean()
    assert fine(channels(noise(3))) == pytest.approx(expected)


def test_a_probe_reads_what_is_there_and_nothing_else(masks: np.ndarray) -> None:
    labels = np.arange(N) // 2 % 4
    shown = np.eye(4)[labels][:, :, None, None] + 0.05 * np.random.default_rng(0).normal(size=(N, 4, 8, 8))
    assert class_probe(shown.astype(np.float32), labels, LEARN) == 1
    assert class_probe(channels(noise(1), noise(2)), labels, LEARN) < 0.6
    split = channels(masks + noise(5), -noise(5))  # the sum of two channels is the mask
    assert mask_probe(split, masks, LEARN) == pytest.approx(1, abs=1e-6)
    assert foreground(split, masks, LEARN)[0] < 0.9
    assert mask_probe(channels(noise(1)), masks, LEARN) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("size", [2, 7, 8, 14])
def test_the_class_is_read_off_maps_of_any_size(size: int) -> None:
    labels, rng = np.arange(N) // 2 % 4, np.random.default_rng(0)
    shown = np.eye(4)[labels][:, :, None, None] + 0.05 * rng.normal(size=(N, 4, size, size))
    assert class_probe(shown.astype(np.float32), labels, LEARN) == 1


def test_a_layer_is_like_itself_turned_and_scaled_and_unlike_noise() -> None:
    rng = np.random.default_rng(0)
    layer = rng.normal(size=(N, 6))
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    assert alike(likenesses(layer), likenesses(3 * layer @ turn + 7)) == pytest.approx(1)
    unrelated = [alike(likenesses(rng.normal(size=(N, 500))), likenesses(rng.normal(size=(N, 500)))) for _ in range(20)]
    assert np.mean(unrelated) == pytest.approx(0, abs=0.03), "many more values than images do not make layers alike"


def test_the_likeness_is_the_unbiased_one_counted_over_all_fours() -> None:
    rng = np.random.default_rng(1)
    one, other = (likenesses(rng.normal(size=(7, 3))) for _ in range(2))

    def counted(k: np.ndarray, m: np.ndarray) -> float:
        """Song et al. 2012, eq. 4, over all ordered fours of different images."""
        fours = itertools.permutations(range(7), 4)
        return float(np.mean([k[i, j] * (m[i, j] + m[q, r] - 2 * m[i, q]) for i, j, q, r in fours]))

    expected = counted(one, other) / np.sqrt(counted(one, one) * counted(other, other))
    assert alike(one, other) == pytest.approx(expected)


def test_maps_are_reduced_to_means_of_squares() -> None:
    maps = np.arange(16.0).reshape(1, 4, 4)
    np.testing.assert_allclose(representations.reduced(maps, 2), [[[2.5, 4.5], [10.5, 12.5]]])


def test_moments_are_those_of_every_channel() -> None:
    maps = channels(noise(1), 3 + 2 * noise(2))
    found = representations.moments(maps)
    assert found.shape == (N, 4)
    expected = [maps[5, 0].mean(), maps[5, 1].mean(), maps[5, 0].std(), maps[5, 1].std()]
    np.testing.assert_allclose(found[5], expected, rtol=1e-5)


def test_a_level_is_read_as_far_as_it_is_there() -> None:
    rng = np.random.default_rng(0)
    levels, learn = rng.normal(size=4000), np.arange(4000) % 2 == 0
    clear = np.stack([3 * levels + 7, rng.normal(size=4000)], axis=1)
    assert representations.level_probe(clear, levels, learn) == pytest.approx((1, 1), abs=1e-4)
    blurred = np.stack([levels + rng.normal(size=4000), rng.normal(size=4000)], axis=1)  # half of the variance
    assert representations.level_probe(blurred, levels, learn) == pytest.approx((0.5, 0.5), abs=0.04)
    unrelated = rng.normal(size=(4000, 5))
    assert representations.level_probe(unrelated, levels, learn) == pytest.approx((0, 0), abs=0.01)


def test_a_level_that_was_learnt_by_heart_is_not_read() -> None:
    rng = np.random.default_rng(0)
    levels, learn = rng.normal(size=100), np.arange(100) % 2 == 0
    r2, learnt = representations.level_probe(rng.normal(size=(100, 40)), levels, learn)
    assert r2 < 0.2
    assert learnt < 0.2, "each row is left out when it is read"

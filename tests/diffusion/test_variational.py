"""The variational bound against its definition, written out with distributions and integrals."""

import math

import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm
from torch.distributions import Normal, kl_divergence

from pipeline.diffusion.schedule import add_noise, alpha_bar
from pipeline.diffusion.variational import bound


def toy(count: int, size: int = 4) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Grey levels with black and white among them, noise and an error of the prediction, float64."""
    generator = torch.Generator().manual_seed(0)
    grey = torch.randint(256, (count, 1, size, size), generator=generator)
    grey[:, :, 0, 0], grey[:, :, 0, 1] = 0, 255
    eps, error = torch.randn(2, count, 1, size, size, generator=generator).double()
    return grey.double() / 127.5 - 1, eps, error


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0, 1.2])
def test_after_t_0_it_is_the_divergence_of_two_gaussians(schedule: str, share: float) -> None:
    levels, t = alpha_bar(schedule, 1000), torch.tensor([1, 2, 40, 500, 998, 999])
    x0, eps, error = toy(len(t))
    predicted = eps + 0.2 * error
    x = add_noise(x0, eps, levels[t])
    found = bound(x0, x, t, predicted, torch.full_like(x, share), levels)
    assert found.shape == (6,)
    for i, step in enumerate(t.tolist()):
        a, before = float(levels[step]), float(levels[step - 1])
        alpha, beta = a / before, 1 - a / before
        smallest = (1 - before) / (1 - a) * beta
        mean = before**0.5 * beta / (1 - a) * x0[i] + alpha**0.5 * (1 - before) / (1 - a) * x[i]
        learned = (x[i] - beta / (1 - a) ** 0.5 * predicted[i]) / alpha**0.5
        spread = (beta**share * smallest ** (1 - share)) ** 0.5
        nats = kl_divergence(Normal(mean, smallest**0.5), Normal(learned, spread)).mean()
        assert float(found[i]) == pytest.approx(float(nats) / math.log(2), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_at_t_0_it_is_the_integral_over_each_grey_level_with_the_edges_open(share: float) -> None:
    levels, t = alpha_bar("cosine", 1000), torch.zeros(1, dtype=torch.long)
    x0, eps, error = toy(1)
    predicted = eps + 0.2 * error
    x = add_noise(x0, eps, levels[t])
    a, after = levels[0], levels[1]
    smallest = (1 - a) / (1 - after) * (1 - after / a)
    spread = float((1 - a) ** share * smallest ** (1 - share)) ** 0.5
    centres = (x - (1 - a) ** 0.5 * predicted) / a**0.5
    bits = []
    for grey, centre in zip(x0.flatten().tolist(), centres.flatten().tolist(), strict=True):
        lower = centre - 12 * spread if grey == -1 else grey - 1 / 255
        upper = centre + 12 * spread if grey == 1 else grey + 1 / 255
        weight, _ = quad(norm(centre, spread).pdf, lower, upper, points=[centre])
        bits.append(-math.log2(weight))
    found = bound(x0, x, t, predicted, torch.full_like(x, share), levels)
    assert float(found) == pytest.approx(sum(bits) / len(bits), rel=1e-5)


@pytest.mark.parametrize("place", [-1.3, -1.0, 0.1234, 0.99])
def test_at_t_0_the_grey_levels_share_out_a_weight_of_one(place: float) -> None:
    x0 = (torch.arange(256.0).double() / 127.5 - 1).view(256, 1, 1, 1)
    x, zero = torch.full_like(x0, place), torch.zeros_like(x0)
    bits = bound(x0, x, torch.zeros(256).long(), zero, zero + 0.5, alpha_bar("cosine", 1000))
    assert float((2**-bits).sum()) == pytest.approx(1, abs=1e-6)


def test_a_grey_level_out_of_reach_costs_much_and_not_everything() -> None:
    ones = torch.ones(1, 1, 1, 1)
    for x0 in (-ones, 0 * ones):
        worst = bound(x0, ones, torch.zeros(1).long(), 0 * ones, 0 * ones, alpha_bar("cosine", 1000).float())
        assert float(worst) == pytest.approx(-math.log2(1e-12), rel=1e-4)


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
@pytest.mark.parametrize("total", [50, 1000])
def test_the_perfect_prediction_diverges_by_the_variance_alone(schedule: str, total: int) -> None:
    levels, t = alpha_bar(schedule, total), torch.arange(1, total)
    x0, eps, _ = toy(len(t))
    x = add_noise(x0, eps, levels[t])
    smallest = bound(x0, x, t, eps, torch.zeros_like(x), levels)
    torch.testing.assert_close(smallest, torch.zeros_like(smallest), atol=1e-12, rtol=0)
    largest = bound(x0, x, t, eps, torch.ones_like(x), levels)
    assert (largest > 0).all()
    ratio = (1 - levels[1:]) / (1 - levels[:-1])  # of the largest variance to the smallest
    torch.testing.assert_close(largest, (ratio.log() - 1 + 1 / ratio) / (2 * math.log(2)), atol=1e-12, rtol=1e-6)


@pytest.mark.parametrize("t", [1, 4, 7, 10])
def test_on_average_it_is_lowest_at_the_step_s_true_variance(t: int) -> None:
    """Pixels of N(0, 0.04): the step's true variance is the posterior's, widened by what x_t leaves open about x_0."""
    levels, generator = alpha_bar("cosine", 50), torch.Generator().manual_seed(0)
    clean, eps = torch.randn(2, 1, 1, 1000, 1000, generator=generator, dtype=torch.float64)
    a, before = float(levels[t]), float(levels[t - 1])
    beta, seen = 1 - a / before, a * 0.04 + 1 - a
    smallest = (1 - before) / (1 - a) * beta
    best = smallest + before * (beta / (1 - a)) ** 2 * 0.04 * (1 - a) / seen
    share = math.log(best / smallest) / math.log(beta / smallest)
    assert 0.05 < share < 0.95
    x0 = 0.2 * clean
    x = a**0.5 * x0 + (1 - a) ** 0.5 * eps
    expected = (1 - a) ** 0.5 * x / seen
    less, right, more = (
        float(bound(x0, x, torch.tensor([t]), expected, torch.full_like(x, s), levels))
        for s in (share - 0.1, share, share + 0.1)
    )
    assert right < min(less, more)
    lowest = share + 0.05 * (less - more) / (less + more - 2 * right)  # of the parabola through the three
    assert lowest == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
@pytest.mark.parametrize("total", [1000, 4000])
def test_in_float32_it_and_its_gradients_are_numbers_at_every_timestep(schedule: str, total: int) -> None:
    levels, t = alpha_bar(schedule, total).float(), torch.arange(total)
    x0, eps, error = (each.float() for each in toy(total))
    x = add_noise(x0, eps, levels[t])
    for predicted in (eps, eps + 0.1 * error, torch.zeros_like(eps), 20 * error):
        for share in (-0.5, 0.0, 0.5, 1.0, 1.5):
            given, shares = predicted.clone().requires_grad_(), torch.full_like(x, share).requires_grad_()
            found = bound(x0, x, t, given, shares, levels)
            assert found.shape == (total,)
            assert found.dtype == torch.float32
            assert found.isfinite().all()
            assert (found > -1e-5).all()
            found.sum().backward()
            assert given.grad.isfinite().all()
            assert shares.grad.isfinite().all()


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
@pytest.mark.parametrize("total", [1000, 4000])
def test_float32_is_precise_enough_at_every_timestep(schedule: str, total: int) -> None:
    levels, t = alpha_bar(schedule, total), torch.arange(total)
    x0, eps, error = toy(total)

    def found(prediction: torch.Tensor, share: float, kind: torch.dtype) -> torch.Tensor:
        given, clean, own = prediction.to(kind), x0.to(kind), levels.to(kind)
        x = add_noise(clean, eps.to(kind), own[t])
        return bound(clean, x, t, given, torch.full_like(x, share), own).double()

    for predicted in (eps, eps + 0.1 * error, torch.zeros_like(eps)):
        for share in (0.0, 0.5, 1.0):
            exact = found(predicted, share, torch.float64)
            torch.testing.assert_close(found(predicted, share, torch.float32), exact, rtol=0.01, atol=1e-5)


def test_a_batch_s_images_do_not_touch_each_other() -> None:
    levels, t = alpha_bar("cosine", 1000), torch.tensor([0, 7, 0, 999])
    x0, eps, error = toy(4)
    x, share = add_noise(x0, eps, levels[t]), torch.sigmoid(error)
    together = bound(x0, x, t, eps + error, share, levels)
    for i in range(4):
        one = slice(i, i + 1)
        alone = bound(x0[one], x[one], t[one], (eps + error)[one], share[one], levels)
        torch.testing.assert_close(together[one], alone)

"""What the embedding holds and what a wrong level costs, on networks whose answers are known."""

import numpy as np
import pytest
import torch

from pipeline.anatomy import embedding
from pipeline.anatomy.embedded import PIXELS
from pipeline.anatomy.held_out import FIRST_SEED, noisy
from pipeline.diffusion import unet
from pipeline.diffusion.noise import noise
from pipeline.diffusion.schedule import add_noise, alpha_bar, as_noise

LEVELS = alpha_bar("cosine", 1000)
TIMES = embedding.levels(4, 1000)
COUNT = 6


class Scaled(torch.nn.Module):
    """A network that gives the noisy image times a factor that depends on the timestep alone: 1 + t / 1000."""

    config = type("Config", (), {"num_class_embeds": None})

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor, t: torch.Tensor, **_: object) -> tuple[torch.Tensor]:
        return (x * (1 + t / 1000)[:, None, None, None],)


@pytest.fixture
def x0() -> torch.Tensor:
    return torch.randn(COUNT, 1, 8, 8, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)


@pytest.fixture
def labels() -> np.ndarray:
    return np.arange(COUNT) % 3


def test_levels_are_the_middles_of_equal_parts() -> None:
    assert embedding.levels(4, 1000) == [125, 375, 625, 875]
    assert embedding.levels(8, 8) == list(range(8))


@pytest.mark.parametrize("prediction", ["epsilon", "v"])
def test_held_out_images_have_the_noise_of_their_own_seeds_and_its_target(x0: torch.Tensor, prediction: str) -> None:
    x, target = noisy(x0, 300, LEVELS, prediction)
    eps = noise(FIRST_SEED + np.arange(COUNT), 301, (1, 8, 8))
    torch.testing.assert_close(x, add_noise(x0, eps, LEVELS[300].expand(COUNT)))
    torch.testing.assert_close(as_noise(target, x, LEVELS[300].expand(COUNT), prediction), eps, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(noisy(x0[:2], 300, LEVELS, prediction)[0], x[:2])


def test_similarity_is_torchs_cosine_of_what_the_blocks_get(tiny) -> None:
    model, timesteps = tiny().eval(), np.array([0, 10, 500, 999])
    given = []
    hook = model.time_embedding.register_forward_hook(lambda _module, _inputs, output: given.append(output))
    with torch.inference_mode():
        for t in timesteps:
            unet.output(model, torch.zeros(1, 1, 8, 8), torch.tensor([t]), torch.zeros(1, dtype=torch.long))
    hook.remove()
    vectors = torch.cat(given)
    expected = torch.nn.functional.cosine_similarity(vectors[:, None], vectors[None], dim=2)
    np.testing.assert_allclose(embedding.similarity(model, timesteps), expected.numpy(), atol=1e-5)
    assert embedding.similarity(model, timesteps).min() < 0.99


@pytest.mark.parametrize("prediction", ["epsilon", "v"])
def test_the_loss_under_a_wrong_level_is_what_a_known_network_has(
    x0: torch.Tensor, labels: np.ndarray, prediction: str
) -> None:
    seen: list[int] = []
    rows = list(embedding.mismatch(Scaled(), x0, labels, TIMES, LEVELS, prediction, 4, seen.append))
    assert [(row["true"], row["told"]) for row in rows] == [(true, told) for true in TIMES for told in TIMES]
    assert seen == [COUNT] * 16
    for row in rows:
        true, level = row["true"], LEVELS[row["true"]]
        x = noisy(x0, true, LEVELS, prediction)[0].double()
        eps = noise(FIRST_SEED + np.arange(COUNT), true + 1, (1, 8, 8)).double()
        out = x * (1 + row["told"] / 1000)
        read = out if prediction == "epsilon" else level.sqrt() * out + (1 - level).sqrt() * x
        assert row["loss"] == pytest.approx(float((read - eps).square().mean()), rel=1e-4)
        factor = float((x * eps).sum() / (x * x).sum())
        assert row["reread"] == pytest.approx(float((factor * x - eps).square().mean()), rel=1e-4)
        assert row["n"] == COUNT


def test_the_best_reading_is_that_of_another_least_squares() -> None:
    rng = np.random.default_rng(0)
    one, other, target = (torch.from_numpy(rng.normal(size=(5, 1, 4, 4))) for _ in range(3))
    target = 2 * one - 3 * other + 0.1 * target
    columns = np.stack([one.numpy().ravel(), other.numpy().ravel()], axis=1)
    _, residual, *_ = np.linalg.lstsq(columns, target.numpy().ravel(), rcond=None)
    assert embedding.unexplained(target, one, other) == pytest.approx(float(residual[0]) / 80)


def test_a_network_that_is_never_told_the_level_loses_nothing_and_finds_all_timesteps_alike(
    tiny, x0: torch.Tensor, labels: np.ndarray
) -> None:
    untold = tiny(time_embedding=False).eval()
    rows = list(embedding.mismatch(untold, x0, labels, TIMES, LEVELS, "v", 4))
    for true in TIMES:
        assert len({(row["loss"], row["reread"]) for row in rows if row["true"] == true}) == 1
    np.testing.assert_allclose(embedding.similarity(untold, np.array([0, 400, 999])), 1)
    told = list(embedding.mismatch(tiny().eval(), x0, labels, TIMES, LEVELS, "v", 4))
    assert len({row["loss"] for row in told if row["true"] == TIMES[0]}) == 4


def test_a_learned_variance_does_not_count(tiny, x0: torch.Tensor, labels: np.ndarray) -> None:
    model = tiny(learned_variance=True).eval()
    (row,) = embedding.mismatch(model, x0, labels, [500], LEVELS, "epsilon", 4)
    x, eps = noisy(x0, 500, LEVELS, "epsilon")
    with torch.inference_mode():
        out = unet.output(model, x, torch.full((COUNT,), 500), torch.from_numpy(labels))[:, :1]
    assert row["loss"] == pytest.approx(float((out - eps).square().mean()), rel=1e-4)


def test_the_level_is_read_off_every_layer_of_a_network_that_is_told_one_timestep(tiny) -> None:
    generator = torch.Generator().manual_seed(0)
    x0, labels = torch.randn(12, 1, 8, 8, generator=generator).clamp(-1, 1), np.arange(12) % 3
    learn = np.arange(12) // 3 % 2 == 0
    model = tiny().eval()
    told: list[torch.Tensor] = []
    hook = model.time_proj.register_forward_pre_hook(lambda _module, inputs: told.append(inputs[0]))
    times = embedding.levels(8, 1000)
    rows = list(embedding.reading(model, x0, labels, learn, times, LEVELS, 12))
    hook.remove()
    assert torch.cat(told).unique().tolist() == [500]
    assert [row["layer"] for row in rows] == [
        PIXELS,
        *(f"skip_0{i}" for i in range(1, 5)),
        "middle_01",
        *(f"block_0{i}" for i in range(1, 5)),
    ]
    assert [row["place"] for row in rows] == list(range(-1, 9))
    assert {row["n"] for row in rows} == {6}
    assert all(row["r2"] <= 1 for row in rows)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    bright = x0 + 3 * torch.randn(12, 1, 1, 1, generator=generator)  # brightness hides the level, spread does not
    assert next(embedding.reading(model, bright, labels, learn, times, LEVELS, 12))["r2"] != rows[0]["r2"]

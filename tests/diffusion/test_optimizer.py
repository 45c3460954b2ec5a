"""Muon changes the matrices inside the network by semi-orthogonal steps, and AdamW all other weights."""

import copy

import pytest
import torch

from pipeline.diffusion.optimizer import Muon, Optimizer
from pipeline.params import Train
from tests.diffusion.runs import LAST, PARAMS

MUON = Train(**{**PARAMS, "optimizer": "muon", "weight_decay": 0.0})
OUTER = ("conv_in.", "conv_out.", "class_embedding.")


def stepped(model: torch.nn.Module, params: Train, gradients: dict[str, torch.Tensor], lr: float) -> dict:
    """Return by how much each weight changes when it has these gradients."""
    before = copy.deepcopy(model.state_dict())
    optimizer = Optimizer(model, params)
    for name, weight in model.named_parameters():
        weight.grad = torch.empty_like(weight).copy_(gradients[name])  # in the memory layout of the weight
    optimizer.step(lr)
    assert all(weight.grad is None for weight in model.parameters())
    return {name: after - before[name] for name, after in model.state_dict().items()}


@pytest.fixture
def gradients(tiny) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {n: torch.randn(w.shape, generator=generator) for n, w in tiny().named_parameters()}


def test_a_step_of_muon_is_the_nearest_semi_orthogonal_matrix_and_of_the_size_of_adamw_s(tiny, gradients) -> None:
    changes = stepped(tiny(), MUON, gradients, 0.01)
    inner = [n for n, g in gradients.items() if g.dim() > 1 and not n.startswith(OUTER)]
    assert len(inner) > 20
    for name in inner:
        gradient, change = gradients[name].flatten(1), changes[name].flatten(1)
        left, _, right = torch.linalg.svd(gradient.double(), full_matrices=False)
        size = 0.2 * 0.01 * max(gradient.shape) ** 0.5
        along = torch.diagonal(left.mT @ -change.double() @ right.mT) / size
        values = torch.linalg.svdvals(change.double()) / size
        assert values.max() < 1.4, name
        assert 0.7 < values.mean() < 1.2, f"{name}: five Newton-Schulz steps come so near to 1"
        assert float((along / values.mean()).mean()) == pytest.approx(1, abs=0.1), f"{name}: the directions are kept"


def test_its_steps_are_those_of_torch() -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = [(8, 72), (8, 72), (32, 8), (12, 12)]
    ours = [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]
    theirs = [torch.nn.Parameter(weight.detach().clone()) for weight in ours]
    before = [weight.detach().clone() for weight in ours]
    muon = Muon(ours, weight_decay=0.1)
    reference = torch.optim.Muon(theirs, lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    for _ in range(5):
        for weight, twin in zip(ours, theirs, strict=True):
            weight.grad = torch.randn(weight.shape, generator=generator)
            twin.grad = weight.grad.clone()
        muon.step(0.02)
        reference.step()
    for start, weight, twin in zip(before, ours, theirs, strict=True):
        distance = (weight - twin).norm() / (twin - start).norm()
        assert distance < 0.02, "torch's works in bfloat16"


def test_adamw_changes_what_is_no_matrix_inside_the_network(tiny, gradients) -> None:
    changes = stepped(tiny(), MUON, gradients, 0.01)
    by_adamw = stepped(tiny(), MUON.model_copy(update={"optimizer": "adamw"}), gradients, 0.01)
    outer = [n for n, g in gradients.items() if g.dim() == 1 or n.startswith(OUTER)]
    assert {"conv_in.weight", "conv_out.weight", "class_embedding.weight"} < set(outer)
    for name in outer:
        assert torch.equal(changes[name], by_adamw[name]), name


def test_the_order_of_a_weight_s_columns_in_memory_makes_no_difference(tiny, gradients) -> None:
    usual = stepped(tiny(), MUON, gradients, 0.01)
    last = stepped(tiny().to(memory_format=LAST), MUON, gradients, 0.01)
    for name, change in usual.items():
        torch.testing.assert_close(last[name], change, atol=1e-6, rtol=1e-3, msg=name)


def test_muon_learns(begin) -> None:
    rows = list(begin(optimizer="muon", images=480, log_every=480, ema=0.9))
    assert rows[-1].validation_loss < 0.5 * rows[0].validation_loss


def test_weight_decay_reaches_every_weight(tiny, gradients) -> None:
    plain = stepped(tiny(), MUON, gradients, 0.01)
    model = tiny()
    before = copy.deepcopy(model.state_dict())
    decayed = stepped(model, MUON.model_copy(update={"weight_decay": 0.5}), gradients, 0.01)
    for name, change in plain.items():
        torch.testing.assert_close(decayed[name] - change, -0.005 * before[name], atol=1e-6, rtol=1e-3, msg=name)

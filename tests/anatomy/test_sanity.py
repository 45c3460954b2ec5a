"""Fresh weights go in from the output on and nowhere else; a perturbation is small and changes the prediction."""

import numpy as np
import pytest
import torch

from pipeline.anatomy import sanity
from pipeline.anatomy.explained import explained, likeness
from pipeline.anatomy.layers import layers


def test_depths_end_with_the_whole_network(variant) -> None:
    model = variant().model
    total = len(layers(model))
    assert sanity.depths(model, 1) == [total]
    assert sanity.depths(model, 3) == [3, 6, 9]
    assert sanity.depths(model, 100) == list(range(1, total + 1))


def changed(model: torch.nn.Module, other: torch.nn.Module) -> set[str]:
    """The names of weights that differ."""
    pairs = zip(model.named_parameters(), other.parameters(), strict=True)
    return {name for (name, mine), theirs in pairs if not torch.equal(mine, theirs)}


def test_weights_become_fresh_layer_by_layer_from_the_output_on(variant) -> None:
    model = variant().model
    before = {name: each.clone() for name, each in model.state_dict().items()}
    few, whole = (changed(model, sanity.randomised(model, depth, 1)) for depth in (2, len(layers(model))))
    last = [unit.addresses for unit in layers(model)[::-1][:2]]
    places = ("conv_out", *(address for addresses in last for address in addresses))
    assert few
    assert all(name.startswith(places) for name in few)
    assert {name.rsplit(".", 1)[0] for name in few if "conv" in name} >= {"conv_out"}
    assert {"conv_in.weight", "time_embedding.linear_1.weight", "class_embedding.weight", "conv_out.weight"} <= whole
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items()), "the network is untouched"


def test_fresh_weights_belong_to_a_seed_and_leave_the_random_state(variant) -> None:
    model = variant().model
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one, again, other = (sanity.randomised(model, 9, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert not changed(one, again)
    assert changed(one, other)


@pytest.mark.parametrize("kind", ["ssim", "structure"])
def test_the_found_change_is_small_and_worse_than_a_random_one(variant, kind: str) -> None:
    subject = variant()
    x = torch.randn(1, 8, 8, generator=torch.Generator().manual_seed(0))
    what = explained(subject, x, 400, 1, kind, 4)
    randomly, found = sanity.perturbed(what, 0.2, 6, 3)
    most = 0.2 * float(x.std())
    for each in (randomly, found):
        assert float((each - x).abs().max()) <= most + 1e-6
        assert not each.requires_grad
    np.testing.assert_allclose((randomly - x).abs().numpy(), most, atol=1e-6)
    noises = [explained(subject, each, 400, 1, kind, 4).noise for each in (randomly, found)]
    scores = [float(likeness(noise, what.noise, kind)) for noise in noises]
    assert scores[1] < scores[0] < 1
    assert all(each.grad is None for each in subject.model.parameters())
    assert torch.equal(sanity.perturbed(what, 0.2, 6, 3)[1], found)

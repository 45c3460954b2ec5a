"""Costs are counted right, and counting leaves nothing behind."""

import pytest
import torch

from pipeline.diffusion import costs, unet

ARMS = [
    {},
    {"attention": [], "middle_attention": False},
    {"res_blocks": 0},
    {"channels": [8, 16], "res_blocks": 0, "projections": True},
    {"skips": False, "time_embedding": False},
    {"class_embedding": False, "learned_variance": True},
]


def hooks(model: torch.nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


@pytest.mark.parametrize("difference", ARMS)
def test_multiply_adds_are_those_of_every_convolution_linear_layer_and_attention(tiny, difference: dict) -> None:
    model, by_hand = tiny(**difference), [0]

    def count(module: torch.nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        if isinstance(module, torch.nn.Conv2d):
            by_hand[0] += output.numel() * module.in_channels * module.kernel_size[0] * module.kernel_size[1]
        elif isinstance(module, torch.nn.Linear):
            by_hand[0] += output.numel() * module.in_features
        elif type(module).__name__ == "Attention":
            _, channels, height, width = output.shape
            by_hand[0] += 2 * channels * (height * width) ** 2  # queries with keys, weights with values

    handles = [m.register_forward_hook(count) for m in model.modules()]
    unet.output(model, torch.zeros(1, 1, 8, 8), torch.zeros(1).long(), torch.zeros(1).long())
    for handle in handles:
        handle.remove()
    hooked = hooks(model)
    found = costs.measure(model)
    assert found.multiply_adds == by_hand[0]
    assert found.parameters == sum(p.numel() for p in model.parameters())
    assert found.weight_bytes == 4 * found.parameters
    assert hooks(model) == hooked


def test_channels_and_memory_follow_the_architecture(tiny) -> None:
    narrow, wide = costs.measure(tiny()), costs.measure(tiny(channels=[8, 16]))
    assert (narrow.channels_per_level, wide.channels_per_level) == ([8, 8], [8, 16])
    assert costs.measure(tiny(channels=[8, 16], res_blocks=0)).channels_per_level == [8, 8]
    assert costs.measure(tiny(channels=[8, 16], res_blocks=0, projections=True)).channels_per_level == [8, 16]
    assert narrow.training_bytes_per_image < wide.training_bytes_per_image
    assert narrow.training_bytes_per_image > 4 * 8 * 8 * 8, "at least the first activation is kept"
    assert set(narrow.as_dict()) == {
        "parameters",
        "channels_per_level",
        "multiply_adds",
        "weight_bytes",
        "training_bytes_per_image",
    }


@pytest.mark.parametrize("difference", ARMS)
def test_training_bytes_are_those_of_every_storage_kept_but_the_weights(tiny, difference: dict) -> None:
    model, kept = tiny(**difference), dict[int, int]()
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        zero = torch.zeros(1, dtype=torch.long)
        predicted = unet.output(model, torch.zeros(1, 1, 8, 8), zero, zero)
    assert predicted.requires_grad
    assert costs.measure(model).training_bytes_per_image == sum(kept.values())

"""DF-CAM: Captum's Grad-CAM at every layer from one backward pass, and nothing is left behind."""

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam

from pipeline.anatomy import cam
from pipeline.anatomy.explained import explained, likeness
from pipeline.anatomy.layers import layers
from pipeline.anatomy.parts import watching
from pipeline.diffusion.addresses import part_resolution
from pipeline.errors import UserError
from tests.anatomy.made import REGION, UNIT, regional


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def hooks(model: torch.nn.Module) -> int:
    return sum(len(each._forward_hooks) + len(each._forward_pre_hooks) for each in model.modules())


@pytest.mark.parametrize("target", ["likeness", "sum"])
def test_every_layer_s_map_is_captum_s(variant, target: str) -> None:
    subject = variant("v")
    what, estimate = explained(subject, noise(1, 8, 8), 400, 1, "ssim", 4), noise(1, 8, 8, seed=1)
    found = cam.maps(what, cam.chosen(subject, "all"), estimate, target)
    assert list(found) == [unit.name for unit in layers(subject.model)]
    assert (hooks(subject.model), [p.grad for p in subject.model.parameters() if p.grad is not None]) == (0, [])

    def y(x: torch.Tensor) -> torch.Tensor:
        out = what.predicted(x)
        return likeness(out, estimate[None], "ssim") if target == "likeness" else out.sum(dim=(1, 2, 3))

    for unit in layers(subject.model):
        theirs = LayerGradCam(y, subject.model.get_submodule(unit.address)).attribute(
            what.x[None].clone(), relu_attributions=True
        )
        enlarged = LayerGradCam.interpolate(theirs, (8, 8), "bilinear")[0, 0]
        np.testing.assert_allclose(found[unit.name], enlarged.detach().numpy(), rtol=1e-3, atol=1e-6)
    assert max(each.max() for each in found.values()) > 0


def test_some_layers_are_the_same_as_among_all(variant) -> None:
    subject = variant()
    what, estimate = explained(subject, noise(1, 8, 8), 400, 1, "ssim", 4), noise(1, 8, 8, seed=1)
    whole = cam.maps(what, cam.chosen(subject, "all"), estimate, "likeness")
    some = cam.maps(what, cam.chosen(subject, ["block_02", "skip_01"]), estimate, "likeness")
    assert set(some) == {"skip_01", "block_02"}
    for name, each in some.items():
        np.testing.assert_allclose(each, whole[name], rtol=1e-5)


def test_a_denoiser_of_one_region_lights_up_that_region() -> None:
    what = regional()
    for target, estimate in (("sum", what.x), ("likeness", 2 * what.noise[0])):
        found = cam.maps(what, [UNIT], estimate, target)["skip_01"]
        assert REGION[np.unravel_index(found.argmax(), found.shape)], target
        assert found[REGION].mean() > 4 * found[~REGION].mean(), target
        assert found.min() >= 0


def test_with_guidance_it_is_the_map_for_the_prompt(told) -> None:
    subject, x, estimate = told(3.0), noise(2, 8, 8), noise(2, 8, 8, seed=1)
    what = explained(subject, x, 400, 1, "ssim", 4)
    found = cam.maps(what, cam.chosen(subject, "all"), estimate, "sum")["skip_01"]
    prompted = subject.model.conv_in(x[None])
    assert found.shape == (8, 8)
    assert prompted.shape[0] == 1
    empty = cam.maps(explained(told(1.0), x, 400, 1, "ssim", 4), cam.chosen(subject, ["skip_01"]), estimate, "sum")
    assert not np.allclose(found, empty["skip_01"])


def test_a_layer_without_pixels_and_one_that_is_not_there_are_refused(variant) -> None:
    subject = variant(channels=[8, 8, 8, 8], attention=[])
    flat = [unit.name for unit in layers(subject.model)]
    there = [unit.name for unit in cam.chosen(subject, "all")]
    assert set(flat) - set(there) >= {"middle_01", "skip_07", "skip_08", "block_01"}
    assert there
    with pytest.raises(UserError, match=r"saliency\.layers has middle_01, whose output is one pixel"):
        cam.chosen(subject, ["skip_01", "middle_01"])
    with pytest.raises(UserError, match=r"no part skip_99"):
        cam.chosen(subject, ["skip_99"])
    assert hooks(subject.model) == 0


def test_the_final_estimate_is_the_noise_that_makes_the_input_of_the_final_image() -> None:
    final, eps = noise(1, 8, 8), noise(1, 8, 8, seed=1)
    x = 0.3**0.5 * final + 0.7**0.5 * eps
    torch.testing.assert_close(cam.final_noise(x, final, 0.3), eps)


def test_a_flat_layer_has_no_say_in_the_mean() -> None:
    ramp = np.arange(16.0).reshape(4, 4)
    together = cam.together({"a": 3 + 5 * ramp, "b": np.full((4, 4), 7.0)})
    np.testing.assert_allclose(together, ramp / 15 / 2)


@pytest.mark.parametrize(("levels", "res_blocks"), [(2, 1), (3, 2), (2, 0), (4, 1)])
def test_the_size_of_every_part_is_that_of_its_output(variant, levels: int, res_blocks: int) -> None:
    subject = variant(channels=[8] * levels, res_blocks=res_blocks, attention=[])
    sizes: dict[str, int] = {}
    with watching(subject.model, layers(subject.model), lambda name, output: sizes.update({name: output.shape[-1]})):
        subject.once()
    assert sizes == {name: part_resolution(name, levels, res_blocks, 8) for name in sizes}
    for name in (f"skip_{levels * (res_blocks + 1) + 1:02d}", "block_00", "middle_02", "time_embedding", "skip_1"):
        assert part_resolution(name, levels, res_blocks, 8) is None

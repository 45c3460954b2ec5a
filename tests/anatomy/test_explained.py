"""Two predicted noises are as alike as scikit-image says, with a gradient; scores do not depend on the batch."""

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from pipeline.anatomy.explained import explained, likeness
from tests.anatomy.made import REGION, regional


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("channels", [1, 3])
def test_all_three_terms_are_those_of_scikit_image(channels: int) -> None:
    one, other = noise(3, channels, 16, 16).double(), noise(3, channels, 16, 16, seed=1).double()
    other = 0.7 * one + 0.5 * other + 0.2
    found = likeness(one, other, "ssim")
    for a, b, mine in zip(one.numpy(), other.numpy(), found, strict=True):
        theirs = structural_similarity((a + 3) / 6, (b + 3) / 6, channel_axis=0, data_range=1)
        assert float(mine) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("kind", ["ssim", "structure"])
def test_what_is_equal_has_a_likeness_of_1_and_a_change_lowers_it(kind: str) -> None:
    one = noise(2, 1, 12, 12)
    assert likeness(one, one, kind).tolist() == pytest.approx([1, 1], abs=1e-4)
    assert (likeness(one + 0.5 * noise(2, 1, 12, 12, seed=1), one, kind) < 0.99).all()
    assert likeness(-one, one[:1], kind)[0] < -0.8


def test_structure_does_not_see_brightness_and_contrast() -> None:
    one = noise(1, 1, 12, 12).double()
    assert float(likeness(3 * one + 2, one, "structure")) == pytest.approx(1, abs=0.02)
    assert float(likeness(3 * one + 2, one, "ssim")) < 0.8


@pytest.mark.parametrize("kind", ["ssim", "structure"])
def test_where_nothing_varies_the_gradient_is_finite(kind: str) -> None:
    flat = torch.zeros(1, 1, 8, 8, requires_grad=True)
    likeness(flat, noise(1, 1, 8, 8), kind).sum().backward()
    assert torch.isfinite(flat.grad).all()


def test_a_score_is_that_of_the_prediction_alone_whatever_shares_the_batch(variant) -> None:
    subject = variant("v")
    what = explained(subject, noise(1, 8, 8), 400, 1, "ssim", 4)
    inputs = noise(6, 1, 8, 8, seed=2)
    together, reversed_ = what.scores(inputs), what.scores(inputs.flip(0)).flip(0)
    assert torch.equal(together, reversed_)
    alone = torch.cat([what.scores(each[None]) for each in inputs])
    assert torch.equal(together, alone)
    with torch.no_grad():
        torch.testing.assert_close(together, what.score(inputs))
    assert float(what.scores(what.x[None])) == pytest.approx(1, abs=1e-5)
    assert not together.requires_grad


def test_another_class_or_time_is_another_prediction(variant) -> None:
    subject, x = variant(), noise(1, 8, 8)
    found = [explained(subject, x, *asked, "ssim", 4).noise for asked in ((400, 1), (400, 2), (50, 1))]
    assert not torch.allclose(found[0], found[1], atol=1e-5)
    assert not torch.allclose(found[0], found[2], atol=1e-5)


def test_the_denoiser_made_by_hand_sees_its_region_alone() -> None:
    what = regional()
    outside = what.x * torch.from_numpy(REGION)
    assert float(what.scores(outside[None])) == pytest.approx(1, abs=1e-6)
    assert float(what.scores((what.x - outside)[None])) < 0.9
    assert np.isfinite(what.noise.numpy()).all()

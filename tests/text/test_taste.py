"""CLIP's term of the loss sees what the judge sees, and teaches the image and not the judge."""

import numpy as np
import pytest
import torch
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor

from pipeline.data.tensors import scaled
from pipeline.judges.clip import Clip
from pipeline.text.taste import Taste, pixels, taste

SENTENCES = ["the digit 3, upright, in a bold stroke", "the digit 7, leaning left, in a thin stroke"]
IMAGES = np.random.default_rng(0).integers(256, size=(5, 8, 8, 1), dtype=np.uint8)


def as_x(images: np.ndarray) -> torch.Tensor:
    """Images, uint8 [N, H, W, C], as the network has them."""
    return scaled(torch.from_numpy(images).permute(0, 3, 1, 2))


@pytest.fixture(scope="module")
def taught(clip: Clip) -> Taste:
    return taste(clip, SENTENCES, weight=0.3, since=32)


@pytest.fixture(scope="module")
def larger(clip: Clip) -> Clip:
    """A CLIP of the hub's form, for images of 32x32 pixels, of which the sizes of others are brought to it."""
    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1}
    torch.manual_seed(0)
    config = CLIPConfig(
        text_config=clip.model.config.text_config.to_dict(),
        vision_config={**vision, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    eye = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    model = CLIPModel(config).eval().requires_grad_(False)
    return Clip(model, CLIPProcessor(eye, clip.processor.tokenizer), "a larger one")


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_are_those_of_the_judge(clip: Clip, channels: int) -> None:
    images = np.random.default_rng(1).integers(256, size=(4, 8, 8, channels), dtype=np.uint8)
    torch.testing.assert_close(pixels(clip, as_x(images)), clip.pixels(images), atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [8, 16, 48])
def test_pixels_of_another_size_are_nearly_those_of_the_judge(larger: Clip, size: int) -> None:
    ramp = np.linspace(0, 255, size)
    smooth = (0.5 * ramp[:, None] + 0.5 * ramp).round().astype(np.uint8)
    images = np.stack([smooth, np.random.default_rng(2).integers(256, size=(size, size), dtype=np.uint8)])[..., None]
    found, judged = pixels(larger, as_x(images)), larger.pixels(images)
    assert found.shape == judged.shape == (2, 3, 32, 32)
    level = 1 / 255 / min(larger.processor.image_processor.image_std)
    off = (found - judged).abs()
    assert off[0].max() < 1.5 * level, "the judge rounds to whole levels"
    assert off[1].mean() < level, "and, where an image jumps, cuts off once more between rows and columns"
    assert judged.std() > 20 * level


def test_an_enlarged_image_stays_within_black_and_white(larger: Clip) -> None:
    edge = torch.full((1, 1, 16, 16), -1.0)
    edge[..., 8:] = 1
    processor = larger.processor.image_processor
    mean, std = (torch.tensor(each)[:, None, None] for each in (processor.image_mean, processor.image_std))
    levels = pixels(larger, edge) * std + mean
    assert levels.min() >= -1e-6
    assert levels.max() <= 1 + 1e-6


def test_cosines_are_the_similarities_of_the_judge(clip: Clip, larger: Clip, taught: Taste) -> None:
    labels = torch.tensor([0, 1, 1, 0, 1])
    found = taught.cosines(as_x(IMAGES), labels)
    judged = clip.similarities(IMAGES, SENTENCES)
    np.testing.assert_allclose(found, judged[np.arange(5), labels], atol=1e-5)
    assert abs(judged[:, 0] - judged[:, 1]).max() > 0.01, "the sentences differ"
    of_larger = taste(larger, SENTENCES, 1.0, 0).cosines(as_x(IMAGES), labels)
    np.testing.assert_allclose(of_larger, larger.similarities(IMAGES, SENTENCES)[np.arange(5), labels], atol=0.01)


def test_the_term_is_the_mean_by_hand_and_images_without_a_sentence_do_not_count(clip: Clip, taught: Taste) -> None:
    x0, alpha_bar_t = as_x(IMAGES), torch.tensor([0.9, 0.5, 0.01, 0.7, 0.3])
    cosines = clip.similarities(IMAGES, SENTENCES)
    found = taught.term(x0, alpha_bar_t, torch.tensor([0, 2, 1, 2, 1]))
    by_hand = 0.9 * (1 - cosines[0, 0]) + 0.01 * (1 - cosines[2, 1]) + 0.3 * (1 - cosines[4, 1])
    assert found.shape == ()
    assert float(found) == pytest.approx(0.3 * by_hand / 5, rel=1e-4)
    assert taught.term(x0, alpha_bar_t, torch.full((5,), 2)) == 0
    beyond, zeros = 3 * x0, torch.zeros(5, dtype=torch.long)
    expected = taught.term(beyond.clamp(-1, 1), alpha_bar_t, zeros)
    torch.testing.assert_close(taught.term(beyond, alpha_bar_t, zeros), expected)


def test_a_gradient_reaches_the_images_that_have_a_sentence_and_never_the_judge(clip: Clip, taught: Taste) -> None:
    x0 = (0.9 * as_x(IMAGES)).requires_grad_()
    taught.term(x0, torch.full((5,), 0.5), torch.tensor([0, 2, 1, 2, 1])).backward()
    sizes = x0.grad.abs().sum(dim=(1, 2, 3))
    assert (sizes[[0, 2, 4]] > 0).all()
    assert (sizes[[1, 3]] == 0).all()
    assert all(weight.grad is None for weight in clip.model.parameters())
    assert not taught.sentences.requires_grad


def test_following_the_gradient_brings_an_image_nearer_to_its_sentence(taught: Taste) -> None:
    x0, label = torch.zeros(1, 1, 8, 8, requires_grad=True), torch.tensor([1])
    before = taught.cosines(x0, label).item()
    for _ in range(5):
        taught.term(x0, torch.ones(1), label).backward()
        with torch.no_grad():
            x0 -= 0.05 * x0.grad.sign()
        x0.grad = None
    assert taught.cosines(x0, label).item() > before + 0.01

"""CLIP as a judge: what it says is what transformers says, and what it cannot judge is refused in a sentence."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.errors import UserError
from pipeline.judges import clip
from pipeline.judges.clip import Clip

CPU = torch.device("cpu")
IMAGES = np.random.default_rng(0).integers(256, size=(5, 8, 8, 1), dtype=np.uint8)
SENTENCES = ["good a", "blurry b", "a"]


@pytest.fixture(scope="module")
def folder(fresh_clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("clip") / "model"
    fresh_clip.save(place)
    return place


@pytest.fixture
def copied(folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(folder, tmp_path / "model")


def test_similarities_are_transformers_own_and_cosines_done_by_hand(fresh_clip: Clip) -> None:
    found = fresh_clip.similarities(IMAGES, SENTENCES)
    assert found.shape == (5, 3)
    tokens = fresh_clip.processor.tokenizer(SENTENCES, padding=True, return_tensors="pt")
    with torch.inference_mode():
        theirs = fresh_clip.model(
            input_ids=tokens.input_ids, attention_mask=tokens.attention_mask, pixel_values=fresh_clip.pixels(IMAGES)
        )
    np.testing.assert_allclose(found * fresh_clip.scale, theirs.logits_per_image.numpy(), rtol=1e-4, atol=1e-5)
    images, texts = theirs.image_embeds.numpy(), theirs.text_embeds.numpy()
    by_hand = images @ texts.T / np.linalg.norm(images, axis=1)[:, None] / np.linalg.norm(texts, axis=1)
    np.testing.assert_allclose(found, by_hand, rtol=1e-4, atol=1e-6)


def test_features_have_length_one_and_do_not_depend_on_the_batch(fresh_clip: Clip) -> None:
    features = fresh_clip.image_features(IMAGES)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(fresh_clip.image_features(IMAGES, batch_size=2), features, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(fresh_clip.image_features(IMAGES.repeat(3, axis=3)), features)
    alone = fresh_clip.text_features(SENTENCES[2:])
    np.testing.assert_allclose(fresh_clip.text_features(SENTENCES)[2:], alone, rtol=1e-5, atol=1e-6)


def test_a_saved_one_comes_back_the_same(fresh_clip: Clip, folder: Path) -> None:
    again = clip.load(folder, CPU)
    np.testing.assert_array_equal(again.similarities(IMAGES, SENTENCES), fresh_clip.similarities(IMAGES, SENTENCES))
    assert again.identity == fresh_clip.identity
    assert not any(path.suffix in (".bin", ".pt", ".pkl") for path in folder.iterdir())
    other = clip.load(folder, CPU)
    other.model.logit_scale += 1
    assert other.identity != again.identity


def test_a_long_sentence_and_an_unknown_word_are_refused(fresh_clip: Clip) -> None:
    with pytest.raises(UserError, match=r"has 21 tokens, but .* takes at most 16"):
        fresh_clip.tokens(["a " * 19])
    with pytest.raises(UserError, match=r"'good cat' has a word that .* has never been told"):
        fresh_clip.tokens(["good cat"])
    assert fresh_clip.tokens(["GOOD  a"])["input_ids"].tolist() == fresh_clip.tokens(["good a"])["input_ids"].tolist()


def test_images_that_it_cannot_take_are_refused(fresh_clip: Clip, folder: Path, copied: Path) -> None:
    with pytest.raises(UserError, match="these have 2"):
        fresh_clip.pixels(IMAGES.repeat(2, axis=3))
    assert fresh_clip.pixels(np.zeros((1, 20, 20, 1), np.uint8)).shape == (1, 3, 8, 8)
    settings = json.loads((copied / "processor_config.json").read_text())
    settings["image_processor"]["do_resize"] = False
    (copied / "processor_config.json").write_text(json.dumps(settings))
    with pytest.raises(UserError, match="of 20x20 pixels into 20x20, but its model takes 8x8"):
        clip.load(copied, CPU).pixels(np.zeros((1, 20, 20, 1), np.uint8))


def test_what_is_no_clip_is_refused(copied: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no CLIP"):
        clip.load(tmp_path, CPU)
    settings = json.loads((copied / "config.json").read_text())
    for change, said in (
        ({"model_type": "clip_vision_model"}, "without its text tower"),
        ({"text_config": None}, "without its text tower"),
        ({"model_type": "bert"}, "type 'bert'"),
    ):
        (copied / "config.json").write_text(json.dumps(settings | change))
        with pytest.raises(UserError, match=said):
            clip.load(copied, CPU)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "processor_config.json"])
def test_a_missing_or_broken_file_is_a_sentence(copied: Path, name: str) -> None:
    (copied / name).write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        clip.load(copied, CPU)
    (copied / name).unlink()
    with pytest.raises(UserError, match="cannot be read"):
        clip.load(copied, CPU)


def test_weights_are_read_from_safetensors_alone(copied: Path) -> None:
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")
    with pytest.raises(UserError, match="cannot be read"):
        clip.load(copied, CPU)


@pytest.mark.slow
def test_one_of_the_hub_s_form_scores_images_of_any_size(tmp_path: Path) -> None:
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

    signs = [*"abcdefghijklmnopqrstuvwxyz0123456789"]
    tokens = ["<|startoftext|>", "<|endoftext|>", *signs, *(f"{sign}</w>" for sign in signs)]
    vocabulary, merges = tmp_path / "vocab.json", tmp_path / "merges.txt"
    vocabulary.write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    merges.write_text("#version: 0.2\n")
    torch.manual_seed(0)
    model = CLIPModel(
        CLIPConfig(  # the size of openai/clip-vit-base-patch32, but for its depth and its vocabulary
            text_config={"num_hidden_layers": 1, "vocab_size": len(tokens), "bos_token_id": 0, "eos_token_id": 1},
            vision_config={"num_hidden_layers": 1},
        )
    )
    hub = tmp_path / "hub"
    model.save_pretrained(hub)
    CLIPImageProcessor().save_pretrained(hub)
    CLIPTokenizer(str(vocabulary), str(merges), model_max_length=77).save_pretrained(hub)
    judge = clip.load(hub, CPU)
    colour = np.random.default_rng(0).integers(256, size=(2, 32, 32, 3), dtype=np.uint8)
    assert judge.similarities(colour, ["a photo of a cat", "the digit 3"]).shape == (2, 2)
    assert judge.image_features(IMAGES[:1]).shape == (1, 512)
    with pytest.raises(UserError, match="takes at most 77"):
        judge.tokens(["x " * 80])
    judge.save(tmp_path / "again")
    again = clip.load(tmp_path / "again", CPU)
    np.testing.assert_array_equal(again.similarities(colour, ["a cat"]), judge.similarities(colour, ["a cat"]))

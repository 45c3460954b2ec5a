"""The data set's classifier learns, repeats, and comes back from the disk as it was."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.data.tensors import to_network
from pipeline.errors import UserError
from pipeline.judges import classifier
from pipeline.params import Classifier

PARAMS = {"channels": [4, 8], "features": 8, "images": 1200, "batch_size": 20, "lr": 0.01, "weight_decay": 0.01}
RNG = np.random.default_rng(0)
LABELS = np.arange(120) % 2


def bars(labels: np.ndarray) -> np.ndarray:
    """Noisy images with a bright half: the left one for class 0, the right one for class 1."""
    images = RNG.integers(0, 60, size=(len(labels), 8, 8, 1))
    for image, label in zip(images, labels, strict=True):
        image[:, 4 * label : 4 * label + 4] += 150
    return images.astype(np.uint8)


def trained(images: np.ndarray, seed: int = 0) -> classifier.Classifier:
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2)
    params = Classifier(**PARAMS, seed=seed, min_accuracy=0.9)
    *_, (seen, last) = classifier.train(pixels, torch.from_numpy(LABELS), 2, params)
    assert seen == 1200
    return last


def test_it_learns_what_can_be_learnt_and_gives_normal_features() -> None:
    images, unseen = bars(LABELS), bars(LABELS)
    made = trained(images)
    np.testing.assert_array_equal(classifier.predict(made, unseen), LABELS)
    in_sevens = classifier.class_logits(made, unseen, batch_size=7)
    torch.testing.assert_close(in_sevens, classifier.class_logits(made, unseen))
    with torch.inference_mode():
        features, logits = made(to_network(images))
    assert (features.shape, logits.shape) == ((120, 8), (120, 2))
    assert float(features.mean()) == pytest.approx(0, abs=0.3)
    assert float(features.square().mean()) == pytest.approx(1, abs=0.4)


def test_a_seed_is_a_classifier() -> None:
    images = bars(LABELS)
    one, again, other = (trained(images, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_what_is_saved_is_what_is_loaded_and_a_part_of_it_is_refused(tmp_path: Path) -> None:
    images = bars(LABELS)
    made = trained(images)
    classifier.save(made, tmp_path / "c")
    loaded = classifier.load(tmp_path / "c")
    assert not loaded.training
    with torch.inference_mode():
        assert torch.equal(made(to_network(images))[1], loaded(to_network(images))[1])
    file = tmp_path / "c" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(UserError, match="holds no whole classifier") as caught:
        classifier.load(tmp_path / "c")
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="is not there"):
        classifier.load(tmp_path / "nothing")

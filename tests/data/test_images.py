"""Sets of images: what is saved is what is loaded, and every grey level survives the network's range."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.data import images
from pipeline.data.images import ImageSet, evenly, in_turn
from pipeline.data.tensors import from_network, resident, scaled, to_network
from pipeline.errors import UserError


@pytest.fixture
def some() -> ImageSet:
    rng = np.random.default_rng(0)
    return ImageSet(rng.integers(256, size=(12, 8, 6, 3), dtype=np.uint8), np.arange(12) % 3, np.arange(100, 112))


def test_all_256_levels_survive_exactly_and_fill_the_range() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(2, 8, 16, 1)
    x = to_network(levels)
    assert x.shape == (2, 1, 8, 16)
    assert x.dtype == torch.float32
    assert (x.min().item(), x.max().item()) == (-1.0, 1.0)
    np.testing.assert_array_equal(from_network(x), levels)


def test_channels_stay_with_their_pixels(some: ImageSet) -> None:
    x = to_network(some.images)
    assert x.shape == (12, 3, 8, 6)
    assert x[5, 2, 7, 1].item() == pytest.approx(some.images[5, 7, 1, 2] / 127.5 - 1)
    np.testing.assert_array_equal(from_network(x), some.images)


def test_values_outside_are_clamped() -> None:
    assert from_network(torch.tensor([-7.0, 7.0]).view(1, 1, 1, 2)).ravel().tolist() == [0, 255]


def test_saved_and_loaded_are_equal_and_mapped_into_memory(some: ImageSet, tmp_path: Path) -> None:
    some.save(tmp_path / "set")
    loaded = images.load(tmp_path / "set")
    for name in ("images", "labels", "ids"):
        array = getattr(loaded, name)
        assert isinstance(array, np.memmap)
        assert array.dtype == getattr(some, name).dtype
        np.testing.assert_array_equal(array, getattr(some, name))
    assert loaded.sha256() == some.sha256()
    assert len(loaded) == 12
    chosen = loaded[np.array([3, 1])]
    np.testing.assert_array_equal(chosen.ids, [103, 101])
    np.testing.assert_array_equal(chosen.images, some.images[[3, 1]])


@pytest.mark.parametrize("name", ["images", "labels", "ids"])
@pytest.mark.parametrize("keep", [0, 40, -1])
def test_a_truncated_file_is_a_sentence(some: ImageSet, tmp_path: Path, name: str, keep: int) -> None:
    some.save(tmp_path / "set")
    path = tmp_path / "set" / f"{name}.npy"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UserError, match=rf"set/{name}\.npy is not whole \("):
        images.load(tmp_path / "set")


def test_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing/images\.npy is not there"):
        images.load(tmp_path / "nothing")


def test_the_hash_sees_a_pixel_a_label_and_the_shape(some: ImageSet) -> None:
    pixel, label = some.images.copy(), some.labels.copy()
    pixel[3, 2, 1, 0] ^= 1
    label[5] += 1
    different = [
        some,
        ImageSet(pixel, some.labels, some.ids),
        ImageSet(some.images, label, some.ids),
        ImageSet(some.images.reshape(12, 6, 8, 3), some.labels, some.ids),
    ]
    assert len({each.sha256() for each in different}) == len(different)
    assert some.sha256() == ImageSet(some.images.copy(), some.labels.copy(), some.ids).sha256()


def test_fewer_images_have_the_class_shares_of_all() -> None:
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [600, 300, 100]))
    chosen = evenly(labels, 100)
    assert (np.diff(chosen) > 0).all(), "in order, and none twice"
    assert abs(np.bincount(labels[chosen]) - [60, 30, 10]).max() <= 1
    np.testing.assert_array_equal(evenly(labels, 5000), np.arange(1000))
    assert len(evenly(labels, 1)) == 1


def test_pixels_on_the_device_are_the_bytes_on_the_disk(some: ImageSet) -> None:
    pixels, labels = resident(some, torch.device("cpu"))
    assert (pixels.dtype, pixels.shape) == (torch.uint8, (12, 3, 8, 6))
    assert torch.equal(scaled(pixels), to_network(some.images))
    np.testing.assert_array_equal(labels, some.labels)


def test_in_turn_the_classes_alternate_and_no_image_is_lost() -> None:
    labels = np.array([2, 2, 2, 0, 1, 0, 0, 1])
    order = in_turn(labels, 0)
    assert sorted(order) == list(range(8))
    assert labels[order].tolist() == [0, 1, 2, 0, 1, 2, 0, 2]


def test_which_image_of_a_class_comes_first_is_drawn_from_the_seed() -> None:
    labels = np.repeat([0, 1], 50)
    firsts = [in_turn(labels, seed)[:10] for seed in range(40)]
    assert len({tuple(each) for each in firsts}) > 30
    np.testing.assert_array_equal(firsts[3], in_turn(labels, 3)[:10])
    of_first_class = np.concatenate([each[labels[each] == 0] for each in firsts])
    assert 19 < of_first_class.mean() < 30, "from the whole file and not from its beginning"

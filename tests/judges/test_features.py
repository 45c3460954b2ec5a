"""The classifier's features beside torch-fidelity's way to them, and Inception where it can be had."""

from pathlib import Path
from pickle import UnpicklingError
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torch_fidelity
from torch.utils.data import Dataset
from torch_fidelity.utils import create_feature_extractor

from pipeline.errors import UserError
from pipeline.judges import frechet, kernel
from pipeline.judges.classifier import Classifier
from pipeline.judges.features import classifier_judge, extract, inception_judge

CPU = torch.device("cpu")
RNG = np.random.default_rng(0)


def fresh(seed: int, channels: int = 1) -> Classifier:
    torch.manual_seed(seed)
    return Classifier(8, channels, [4], 6, 3).eval()


class Images(Dataset):
    """What torch-fidelity takes: uint8 [3, H, W]."""

    def __init__(self, images: np.ndarray):
        self.images = torch.from_numpy(images).permute(0, 3, 1, 2).expand(-1, 3, -1, -1)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.images[index]


def extractor(made: Classifier) -> type[torch_fidelity.FeatureExtractorBase]:
    """The classifier as torch-fidelity takes a network of one's own."""

    class Extractor(torch_fidelity.FeatureExtractorBase):
        def __init__(self, name: str, features_list: list[str], **_: object):
            super().__init__(name, features_list)

        @staticmethod
        def get_provided_features_list() -> tuple[str, ...]:
            return ("6", "logits")

        @staticmethod
        def get_default_feature_layer_for_metric(metric: str) -> str:
            return "logits" if metric == "isc" else "6"

        @staticmethod
        def can_be_compiled() -> bool:
            return False

        @staticmethod
        def get_dummy_input_for_compile() -> torch.Tensor:
            return torch.zeros((2, 3, 8, 8), dtype=torch.uint8)

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
            both = dict(zip(("6", "logits"), made(x[:, : made.image_shape[0]].float() / 127.5 - 1), strict=True))
            return tuple(both[layer] for layer in self.features_list)

    return Extractor


def test_torch_fidelity_gives_the_same_features_and_distances() -> None:
    made = fresh(0)
    judge = classifier_judge(made)
    torch_fidelity.register_feature_extractor("ours", extractor(made))
    one, other = RNG.integers(0, 256, (2, 60, 8, 8, 1), dtype=np.uint8)
    other //= 2
    theirs = torch_fidelity.calculate_metrics(
        input1=Images(one), input2=Images(other), feature_extractor="ours", fid=True, kid=True,
        kid_subset_size=60, kid_subsets=1, batch_size=20, cuda=False, cache=False, verbose=False,
        save_cpu_ram=True,
    )  # fmt: skip
    ours, reference = extract(judge, one, CPU), extract(judge, other, CPU)
    through = create_feature_extractor("ours", ["6"], cuda=False, verbose=False)
    with torch.inference_mode():
        np.testing.assert_array_equal(ours, through(Images(one).images)[0].double().numpy())
    fd = frechet.distance(ours, frechet.gaussian(reference))
    assert fd == pytest.approx(theirs["frechet_inception_distance"], rel=1e-4)
    kd = kernel.distance(ours, reference)
    assert kd == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-3, abs=1e-6)


def test_other_weights_have_another_identity_and_equal_ones_the_same() -> None:
    names = [classifier_judge(fresh(seed)).identity for seed in (0, 0, 1)]
    assert names[0] == names[1] != names[2]


@pytest.mark.parametrize("channels", [1, 3])
def test_features_are_the_network_s_own_at_any_batch_size(channels: int) -> None:
    made = fresh(0, channels)
    images = RNG.integers(0, 256, (30, 8, 8, channels), dtype=np.uint8)
    found = extract(classifier_judge(made), images, CPU)
    assert (found.shape, found.dtype) == ((30, 6), np.float64)
    with torch.inference_mode():
        plain, _ = made(torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1)
    np.testing.assert_allclose(found, plain.numpy(), atol=1e-6)
    np.testing.assert_allclose(extract(classifier_judge(made), images, CPU, batch_size=4), found, atol=1e-6)


def test_only_inception_s_distances_are_called_fid_and_kid() -> None:
    judge, inception = classifier_judge(fresh(0)), inception_judge(None)
    assert (judge.frechet, judge.kernel) == ("fd_classifier", "kd_classifier")
    assert (inception.frechet, inception.kernel) == ("fid", "kid")


def test_a_local_file_that_is_not_inception_s_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(b"not weights")
    with pytest.raises(
        UserError, match=r"judges\.inception_weights is .*w\.pth, which is not torch-fidelity's"
    ) as caught:
        inception_judge(str(tmp_path / "w.pth"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("error", [URLError("no route"), UnpicklingError("half a download")])
def test_inception_without_a_network_is_one_sentence(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def offline(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("torch_fidelity.utils.create_feature_extractor", offline)
    images = np.zeros((2, 8, 8, 1), np.uint8)
    with pytest.raises(UserError, match=r"Inception-v3 weights could not be loaded .*judges\.judge") as caught:
        extract(inception_judge(None), images, CPU)
    assert "\n" not in str(caught.value)

"""Images to features: the classifier as a torch-fidelity extractor, beside torch-fidelity's own Inception-v3."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from urllib.error import URLError

import numpy as np
import torch
from torch_fidelity import FeatureExtractorBase, register_feature_extractor
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY
from torch_fidelity.utils import create_feature_extractor

from pipeline.errors import UserError
from pipeline.judges.classifier import Classifier
from pipeline.params import Judges

INCEPTION, INCEPTION_SHA256 = "inception-v3-compat", "6726825d"  # the hash's beginning, as its file is named


@dataclass(frozen=True)
class Judge:
    """A registered feature extractor. name: its torch-fidelity name; identity: different for different weights;
    layer: the feature layer; frechet, kernel: what the two distances over its features are called;
    weights: a file that it reads, or None."""

    name: str
    identity: str
    layer: str
    frechet: str
    kernel: str
    weights: str | None


def classifier_judge(classifier: Classifier) -> Judge:
    """Register the classifier with torch-fidelity under a name that holds the hash of its weights."""
    digest = hashlib.sha256()
    for tensor in classifier.state_dict().values():
        digest.update(tensor.cpu().numpy().tobytes())
    name = f"classifier-{digest.hexdigest()[:12]}"
    width = str(classifier.config["features"])

    class ClassifierExtractor(FeatureExtractorBase):
        """uint8 [N, 3 or C, H, W] -> features [N, F]; a grey image repeated to three channels is taken back to one."""

        def __init__(self, name: str, features_list: list[str], **_: object):
            super().__init__(name, features_list)
            self.classifier = classifier

        @staticmethod
        def get_provided_features_list() -> tuple[str, ...]:
            return (width, "logits")

        @staticmethod
        def get_default_feature_layer_for_metric(metric: str) -> str:
            return "logits" if metric == "isc" else width

        @staticmethod
        def can_be_compiled() -> bool:
            return False

        @staticmethod
        def get_dummy_input_for_compile() -> torch.Tensor:
            return torch.zeros((2, 3, *classifier.image_shape[1:]), dtype=torch.uint8)

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
            features, logits = self.classifier(x[:, : classifier.image_shape[0]].float() / 127.5 - 1)
            both = {width: features, "logits": logits}
            return tuple(both[layer] for layer in self.features_list)

    if name not in FEATURE_EXTRACTORS_REGISTRY:
        register_feature_extractor(name, ClassifierExtractor)
    return Judge(name, name, width, "fd_classifier", "kd_classifier", None)


def inception_judge(weights: str | None) -> Judge:
    """torch-fidelity's Inception-v3, whose distances alone are called FID and KID (Heusel et al. 2017).

    A local file of weights must be torch-fidelity's own, byte for byte: it is a pickle, and others are not opened.
    """
    if weights is not None and not hashlib.sha256(Path(weights).read_bytes()).hexdigest().startswith(INCEPTION_SHA256):
        raise UserError(
            f"params.yaml: judges.inception_weights is {weights}, which is not torch-fidelity's "
            f"weights-inception-2015-12-05-{INCEPTION_SHA256}.pth, whole and unchanged."
        )
    return Judge(INCEPTION, f"{INCEPTION}-{INCEPTION_SHA256}", "2048", "fid", "kid", weights)


def choose(params: Judges, classifier: Classifier) -> Judge:
    """The judge that params.yaml names."""
    return inception_judge(params.inception_weights) if params.judge == "inception" else classifier_judge(classifier)


def extract(judge: Judge, images: np.ndarray, device: torch.device, batch_size: int = 250) -> np.ndarray:
    """float64 features [N, F] of images uint8 [N, H, W, C]."""
    try:
        extractor = create_feature_extractor(
            judge.name,
            [judge.layer],
            cuda=device.type == "cuda",
            verbose=False,
            feature_extractor_weights_path=judge.weights,
        )
    except (URLError, OSError, RuntimeError, UnpicklingError) as error:
        if judge.name != INCEPTION:
            raise
        raise UserError(
            f"the Inception-v3 weights could not be loaded ({' '.join(str(error).split())[:200]}); with no network, "
            "name a local copy in judges.inception_weights, or set judges.judge to classifier."
        ) from None
    pieces = []
    with torch.inference_mode():
        for piece in np.array_split(images, -(-len(images) // batch_size)):
            x = torch.from_numpy(np.array(piece)).permute(0, 3, 1, 2).to(device)
            x = x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x
            pieces.append(extractor(x)[0].double().cpu().numpy())
    return np.concatenate(pieces)

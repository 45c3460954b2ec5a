"""The way from images to features, by the data set's own classifier or by torch-fidelity's Inception-v3."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from urllib.error import URLError

import numpy as np
import torch
from torch import nn

from pipeline.data.tensors import scaled
from pipeline.errors import UserError
from pipeline.judges.classifier import Classifier
from pipeline.params import Judges

INCEPTION, INCEPTION_SHA256 = (
    "inception-v3-compat",
    "6726825d",
)  # the beginning of the file's hash, which is in its name


@dataclass(frozen=True)
class Judge:
    """A network that gives features. identity: a name that differs where weights differ; layer: the feature layer;
    frechet, kernel: the names of the two distances over its features; classifier: the network, or None where it is
    Inception; weights: a file that Inception reads, or None."""

    identity: str
    layer: str
    frechet: str
    kernel: str
    classifier: Classifier | None = field(default=None, repr=False)
    weights: str | None = None


def classifier_judge(classifier: Classifier) -> Judge:
    """Return the classifier as a judge, whose identity holds the hash of its weights."""
    digest = hashlib.sha256()
    for tensor in classifier.state_dict().values():
        digest.update(tensor.cpu().numpy().tobytes())
    identity = f"classifier-{digest.hexdigest()[:12]}"
    return Judge(identity, str(classifier.config["features"]), "fd_classifier", "kd_classifier", classifier)


def inception_judge(weights: str | None) -> Judge:
    """Return torch-fidelity's Inception-v3 as a judge; only its distances are called FID and KID (Heusel et al. 2017).

    A local file of weights is a pickle, so it must be torch-fidelity's own, byte for byte; any other is a `UserError`.
    """
    if weights is not None and not hashlib.sha256(Path(weights).read_bytes()).hexdigest().startswith(INCEPTION_SHA256):
        raise UserError(
            f"params.yaml: judges.inception_weights is {weights}, which is not torch-fidelity's "
            f"weights-inception-2015-12-05-{INCEPTION_SHA256}.pth, whole and unchanged."
        )
    return Judge(f"{INCEPTION}-{INCEPTION_SHA256}", "2048", "fid", "kid", weights=weights)


def choose(params: Judges, classifier: Classifier) -> Judge:
    """Return the judge that params.yaml names."""
    return inception_judge(params.inception_weights) if params.judge == "inception" else classifier_judge(classifier)


def extract(judge: Judge, images: np.ndarray, device: torch.device, batch_size: int = 250) -> np.ndarray:
    """Return the features of images, float64 [N, F]; images: uint8 [N, H, W, C]."""
    features = _inception(judge, device) if judge.classifier is None else _classifier(judge.classifier, device)
    pieces = []
    with torch.inference_mode():
        for piece in np.array_split(images, -(-len(images) // batch_size)):
            pieces.append(features(piece).double().cpu().numpy())
    return np.concatenate(pieces)


def _classifier(classifier: Classifier, device: torch.device) -> Callable[[np.ndarray], torch.Tensor]:
    """Return a function from uint8 [N, H, W, C] to the classifier's features [N, F]."""
    classifier.to(device)
    channels = classifier.image_shape[0]
    return lambda images: classifier(scaled(_coloured(images, device)[:, :channels]))[0]


def _inception(judge: Judge, device: torch.device) -> Callable[[np.ndarray], torch.Tensor]:
    """Return a function from uint8 [N, H, W, C] to the features [N, F] of Inception-v3."""
    from torch_fidelity.utils import (
        create_feature_extractor,
    )  # takes seconds to import; the classifier needs none of it

    try:
        extractor: nn.Module = create_feature_extractor(
            INCEPTION,
            [judge.layer],
            cuda=device.type == "cuda",
            verbose=False,
            feature_extractor_weights_path=judge.weights,
        )
    except (URLError, OSError, RuntimeError, UnpicklingError) as error:
        raise UserError(
            f"the Inception-v3 weights could not be loaded ({' '.join(str(error).split())[:200]}); with no network, "
            "name a local copy in judges.inception_weights, or set judges.judge to classifier."
        ) from None
    return lambda images: extractor(_coloured(images, device))[0]


def _coloured(images: np.ndarray, device: torch.device) -> torch.Tensor:
    """Turn uint8 [N, H, W, 1 or 3] into uint8 [N, 3, H, W]; a grey image is repeated, as in torch-fidelity.

    The classifier takes the first channels of the result, because another memory layout would round its features in
    another way.
    """
    x = torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).to(device)
    return x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x

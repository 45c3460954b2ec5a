"""The data set's own classifier, which says what class an image shows, and gives the features to compare images by."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from pipeline.data.tensors import scaled, to_network
from pipeline.errors import UserError
from pipeline.files import read_object, reading, replacing, write_json
from pipeline.params import Classifier as ClassifierParams

STAGE = "judges"
UPDATES_PER_REPORT = 20


class Classifier(nn.Module):
    """A small CNN, which turns images [N, C, H, W] in [-1, 1] into features [N, F] and logits [N, classes].

    The features are taken after batch normalisation and before the ReLU. So they have mean 0 and variance 1 over the
    training images, which is the scale that the cubic kernel expects, and they are nearer to a Gaussian, which the
    Frechet distance takes them for.
    """

    def __init__(self, image_size: int, image_channels: int, channels: list[int], features: int, classes: int):
        super().__init__()
        self.config = {
            "image_size": image_size,
            "image_channels": image_channels,
            "channels": channels,
            "features": features,
            "classes": classes,
        }
        self.image_shape = (image_channels, image_size, image_size)
        layers: list[nn.Module] = []
        for before, width in zip([image_channels, *channels], channels, strict=False):
            layers += [nn.Conv2d(before, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
        self.body = nn.Sequential(*layers, nn.Flatten())
        flat = channels[-1] * (image_size >> len(channels)) ** 2
        self.features = nn.Sequential(
            nn.Dropout(0.25), nn.Linear(flat, features), nn.BatchNorm1d(features, affine=False)
        )
        self.head = nn.Sequential(nn.ReLU(), nn.Linear(features, classes))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.features(self.body(x))
        return features, self.head(features)


def train(
    images: torch.Tensor, labels: torch.Tensor, classes: int, params: ClassifierParams
) -> Iterator[tuple[int, Classifier]]:
    """Train with cross-entropy on images shifted by up to a pixel, and yield (images seen, classifier) now and then.

    images: uint8 [N, C, H, W]; labels: int64 [N]. The classifier is in evaluation mode when it is yielded, and fully
    trained at the last time.
    """
    torch.manual_seed(params.seed)
    classifier = Classifier(images.shape[-1], images.shape[1], params.channels, params.features, classes)
    classifier.to(images.device)
    updates = -(-params.images // params.batch_size)
    per_epoch = max(len(images) // params.batch_size, 1)
    optimizer = torch.optim.AdamW(classifier.parameters(), lr=params.lr, weight_decay=params.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=params.lr, total_steps=updates + 1)
    generator = torch.Generator().manual_seed(params.seed)
    size = images.shape[-1]
    for update in range(updates):
        if update % per_epoch == 0:
            order = torch.randperm(len(images), generator=generator)
        index = order[(update % per_epoch) * params.batch_size :][: params.batch_size]
        down, right = torch.randint(3, (2,), generator=generator).tolist()
        classifier.train()
        padded = nn.functional.pad(scaled(images[index]), (1, 1, 1, 1), mode="replicate")
        _, logits = classifier(padded[..., down : down + size, right : right + size])
        loss = nn.functional.cross_entropy(logits, labels[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if (update + 1) % UPDATES_PER_REPORT == 0 or update + 1 == updates:
            yield (update + 1) * params.batch_size, classifier.eval()


@torch.inference_mode()
def class_logits(classifier: Classifier, images: np.ndarray, batch_size: int = 500) -> torch.Tensor:
    """Return what the classifier says of each class, float32 [N, classes] on the CPU; images: uint8 [N, H, W, C]."""
    device = next(classifier.parameters()).device
    pieces = np.array_split(images, -(-len(images) // batch_size))
    return torch.cat([classifier(to_network(piece).to(device))[1].cpu() for piece in pieces])


def predict(classifier: Classifier, images: np.ndarray) -> np.ndarray:
    """Return the class index that the classifier sees in each image, int64 [N]; images: uint8 [N, H, W, C]."""
    return class_logits(classifier, images).argmax(dim=1).numpy()


def save(classifier: Classifier, folder: Path) -> None:
    """Write the weights as safetensors, with the configuration beside them; the folder is whole or not there."""
    with replacing(folder) as unfinished:
        unfinished.mkdir()
        write_json(unfinished / "config.json", classifier.config)
        save_file(classifier.cpu().state_dict(), unfinished / "model.safetensors")


def load(folder: Path) -> Classifier:
    """Load a saved classifier, in evaluation mode; a missing or damaged one is a `UserError`."""
    path = Path(folder) / "config.json"
    config = read_object(path, STAGE)
    with reading(path, STAGE):
        classifier = Classifier(**config)
    try:
        classifier.load_state_dict(load_file(Path(folder) / "model.safetensors"))
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{folder} holds no whole classifier ({reason}); `uv run dvc repro judges` makes it.") from None
    return classifier.eval()

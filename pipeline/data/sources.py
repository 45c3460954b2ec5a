"""Where images come from: a name or a folder -> images of one size, labels and class names."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from skimage.transform import resize
from sklearn.datasets import load_digits

from pipeline.data.decode import decode
from pipeline.errors import UserError
from pipeline.params import Data

HUB = {  # name: repository and revision on the Hugging Face hub
    "mnist": ("ylecun/mnist", "77f3279092a1c1579b2250db8eafed0ad422088c"),
    "fashion_mnist": ("zalando-datasets/fashion_mnist", "531be5e2ccc9dba0c201ad3ae567a4f3d16ecdd2"),
    "cifar10": ("uoft-cs/cifar10", "0b2714987fa478483af9968de7c934580d0bb9a2"),
}
LOCAL = "ANATOMY_DATA"  # environment variable: a folder of local copies, looked in before the network


@dataclass(frozen=True)
class Source:
    """A data set before its split.

    images: uint8 [N, H, W, C]; labels: int64 [N], index into `classes`; ids: int64 [N], position in the original;
    held_out: bool [N], is it in the original's own test split, or None where it has none; origin: where it came from.
    """

    images: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    classes: list[str]
    held_out: np.ndarray | None
    origin: str


def load(data: Data) -> Source:
    """The data set that params.yaml names, with the classes asked for alone, renumbered from 0.

    Fewer than two classes, or a class that the set does not have, is a `UserError`.
    """
    if data.name == "digits":
        source = digits(data.image_size)
    elif data.name in HUB:
        source = _hub(data)
    else:
        source = _folder(Path(data.name), data.name, data)
    return _keep(source, data)


def digits(image_size: int) -> Source:
    """scikit-learn's 1,797 handwritten digits (8x8, 17 grey levels; Alpaydin and Kaynak 1998), enlarged bilinearly."""
    bunch = load_digits()
    small = bunch.images / 16.0
    large = resize(small, (len(small), image_size, image_size), order=1, mode="edge", anti_aliasing=False)
    images = np.clip(np.rint(large * 255), 0, 255).astype(np.uint8)[..., None]
    labels, classes = bunch.target.astype(np.int64), [str(d) for d in bunch.target_names]
    return Source(images, labels, np.arange(len(images)), classes, None, "scikit-learn")


def _hub(data: Data) -> Source:
    """A data set of the Hugging Face hub at its pinned revision, or its local copy."""
    repository, revision = HUB[data.name]
    local = os.environ.get(LOCAL)
    if local and (Path(local) / data.name).is_dir():
        return _folder(Path(local) / data.name, f"{repository}, a local copy", data)
    import datasets  # a second that a set shipped with scikit-learn need not wait for

    try:
        tables = datasets.load_dataset(repository, revision=revision)
    except Exception as error:  # of the network, the hub and the disk: datasets passes on a dozen kinds
        reason = " ".join(str(error).split())[:160].rstrip(".")
        raise UserError(
            f"data set {data.name} could not be had from the hub's {repository} ({reason}): connect to the network, or "
            f"let {LOCAL} name a folder that holds {data.name}/*.parquet, or name a folder of images in data.name."
        ) from None
    return _tables(tables, f"{repository} at {revision}", data)


def _folder(folder: Path, origin: str, data: Data) -> Source:
    """A folder of Parquet files (those whose name begins with test are its test split), or of images by class."""
    parquet = sorted(folder.rglob("*.parquet"))
    if parquet:
        return _tables(_read(parquet), origin, data)
    visible = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    classes = [path.name for path in visible if path.is_dir()]
    files = [
        (index, path)
        for index, name in enumerate(classes)
        for path in sorted((folder / name).rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    ]
    if not files:
        raise UserError(f"{folder} holds neither Parquet files nor images in one sub-folder per class.")
    stray = [path for path in visible if not path.is_dir()]
    if stray:
        raise UserError(
            f"{folder} has {stray[0].name} beside its classes' sub-folders, so its class is not known; "
            "move it into one of them or away."
        )
    images = decode([(str(path), path) for _, path in files], data.image_size, data.non_square)
    labels = np.array([index for index, _ in files], dtype=np.int64)
    return Source(images, labels, np.arange(len(images)), classes, None, origin)


def _read(files: list[Path]) -> Any:
    """Parquet files as a `datasets.DatasetDict`, those of the test split apart."""
    import datasets

    test = [str(file) for file in files if file.name.startswith("test")]
    rest = [str(file) for file in files if not file.name.startswith("test")]
    try:
        return datasets.load_dataset("parquet", data_files={k: v for k, v in (("train", rest), ("test", test)) if v})
    except Exception as error:  # datasets wraps what Arrow and the disk say
        reason = " ".join(str(error.__cause__ or error).split())[:160].rstrip(".")
        raise UserError(f"{files[0].parent} has a Parquet file that cannot be read ({reason}).") from None


def _tables(tables: Any, origin: str, data: Data) -> Source:
    """The images of a `datasets.DatasetDict` with an image and a label column."""
    import datasets

    features = next(iter(tables.values())).features
    image = _column(features, datasets.Image, ("image", "img"), "image", origin)
    label = _column(features, datasets.ClassLabel, ("label", "labels"), "label", origin)
    values: list[Any] = []
    encoded: list[tuple[str, bytes | Path | None]] = []
    held_out: list[bool] = []
    for split, table in tables.items():
        rows = table.cast_column(image, datasets.Image(decode=False))
        values += rows[label]
        encoded += [(f"{origin}, {split} row {i}", (row or {}).get("bytes")) for i, row in enumerate(rows[image])]
        held_out += [split == "test"] * len(rows)
    labels, classes = _classes(values, getattr(features[label], "names", None), [name for name, _ in encoded])
    images = decode(encoded, data.image_size, data.non_square)
    own = np.array(held_out)
    return Source(images, labels, np.arange(len(images)), classes, own if own.any() else None, origin)


def _classes(values: list[Any], names: list[str] | None, rows: list[str]) -> tuple[np.ndarray, list[str]]:
    """Class indices int64 [N] and class names of a label column; a row without a label is a `UserError`."""
    missing = [row for row, value in zip(rows, values, strict=True) if value is None or value == -1]
    if missing:
        raise UserError(f"{len(missing)} of {len(rows)} images have no label, such as {missing[0]}.")
    if names:
        return np.array(values, dtype=np.int64), [str(name) for name in names]
    kinds, labels = np.unique(np.array(values), return_inverse=True)
    return labels.astype(np.int64), [str(kind) for kind in kinds]


def _column(features: Any, kind: type, names: tuple[str, ...], role: str, origin: str) -> str:
    """The column of this role: by its type, else by its name."""
    fitting = [name for name, feature in features.items() if isinstance(feature, kind)]
    fitting += [name for name in names if name in features]
    if not fitting:
        raise UserError(
            f"{origin} has no {role} column: it has {', '.join(features)}, and {' or '.join(names)} is looked for."
        )
    return fitting[0]


def _keep(source: Source, data: Data) -> Source:
    """The classes of the indices asked for, renumbered from 0."""
    kept = list(range(len(source.classes))) if data.classes == "all" else sorted(set(data.classes))
    unknown = [index for index in kept if index >= len(source.classes)]
    if unknown:
        raise UserError(
            f"params.yaml: data.classes has {unknown[0]}, but {data.name} has classes 0 to {len(source.classes) - 1}."
        )
    present = [index for index in kept if (source.labels == index).any()]
    if len(present) < 2:
        raise UserError(
            f"data set {data.name} has {len(present)} class{'' if len(present) == 1 else 'es'} with images, "
            "but a judge needs at least two to tell apart."
        )
    chosen = np.isin(source.labels, present)
    return Source(
        source.images[chosen],
        np.searchsorted(present, source.labels[chosen]),
        source.ids[chosen],
        [source.classes[i] for i in present],
        None if source.held_out is None else source.held_out[chosen],
        source.origin,
    )

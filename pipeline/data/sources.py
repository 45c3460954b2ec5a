"""The sources of images: from a name or a folder they give images of one size, labels and class names."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from skimage.transform import resize
from sklearn.datasets import load_digits

from pipeline.data import folders
from pipeline.data.decode import decode
from pipeline.errors import UserError
from pipeline.files import is_folder
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
    origin: where it came from; sides: int64 [N], pixels per side that are not border; held_out: bool [N], whether an
    image is in the original's own test split, or None; masks: bool [N, H, W], the original's own, or None.
    """

    images: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    classes: list[str]
    origin: str
    sides: np.ndarray
    held_out: np.ndarray | None = None
    masks: np.ndarray | None = None


def load(data: Data) -> Source:
    """Load the data set that params.yaml names, with only the classes that it asks for, renumbered from 0.

    Fewer than two classes, or a class that the set does not have or has no image of, is a `UserError`.
    """
    if data.name == "digits":
        source = digits(data.image_size)
    elif data.name in HUB:
        source = _hub(data)
    else:
        source = _folder(Path(data.name), data.name, data)
    return _keep(source, data)


def digits(image_size: int) -> Source:
    """Return scikit-learn's 1,797 handwritten digits (8x8, 17 grey levels; Alpaydin and Kaynak 1998), enlarged
    bilinearly to `image_size` pixels per side."""
    bunch = load_digits()
    small = bunch.images / 16.0
    large = resize(small, (len(small), image_size, image_size), order=1, mode="edge", anti_aliasing=False)
    images = np.clip(np.rint(large * 255), 0, 255).astype(np.uint8)[..., None]
    labels, classes = bunch.target.astype(np.int64), [str(d) for d in bunch.target_names]
    return Source(images, labels, np.arange(len(images)), classes, "scikit-learn", np.full(len(images), image_size))


def _hub(data: Data) -> Source:
    """Load a data set of the Hugging Face hub at its pinned revision, or its local copy."""
    repository, revision = HUB[data.name]
    local = os.environ.get(LOCAL)
    if local and is_folder(Path(local) / data.name):
        return _folder(Path(local) / data.name, f"{repository}, a local copy", data)
    import datasets  # takes a second to import, and scikit-learn's digits do not need it

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
    """Load a folder of Parquet files, or of images in one sub-folder per class; both may be divided into splits."""
    parquet = folders.parquet_files(folder)
    if parquet:
        return _tables(_read(folder, parquet), origin, data)
    found = folders.image_files(folder)
    images, sides = decode([(str(path), path) for _, _, path in found.files], data.image_size, data.non_square)
    labels = np.array([index for _, index, _ in found.files], dtype=np.int64)
    own = np.array([test for test, _, _ in found.files])
    origin = f"{origin} ({found.said})" if found.said else origin
    ids = np.arange(len(images))
    return Source(images, labels, ids, found.classes, origin, sides, own if own.any() else None)


def _read(folder: Path, files: list[Path]) -> Any:
    """Read Parquet files as a `datasets.DatasetDict`; those whose name or folder begins with `test` are its test
    split."""
    import datasets

    found: dict[str, list[str]] = {"train": [], "test": []}
    for file in files:
        found["test" if folders.is_test(file, folder) else "train"].append(str(file))
    if not found["train"]:
        raise UserError(
            f"{folder} holds a test split alone, but training needs images too: in Parquet files whose name and folder "
            "do not begin with test."
        )
    try:
        return datasets.load_dataset("parquet", data_files={split: paths for split, paths in found.items() if paths})
    except Exception as error:  # datasets wraps what Arrow and the disk say
        reason = " ".join(str(error.__cause__ or error).split())[:160].rstrip(".")
        raise UserError(f"{folder} has a Parquet file that cannot be read ({reason}).") from None


def _tables(tables: Any, origin: str, data: Data) -> Source:
    """Return the images of a `datasets.DatasetDict` with an image and a label column, and its masks where it has
    some."""
    import datasets

    features = next(iter(tables.values())).features
    image = _column(features, datasets.Image, ("image", "img"), "image", origin)
    label = _column(features, datasets.ClassLabel, ("label", "labels"), "label", origin)
    values = [value for table in tables.values() for value in table[label]]
    encoded = _cells(tables, image, origin)
    names = getattr(features[label], "names", None)
    labels, classes = _classes(values, names, [row for row, _ in encoded], f"{origin}'s column {label}")
    images, sides = decode(encoded, data.image_size, data.non_square)
    masks = None
    if isinstance(features.get("mask"), datasets.Image):
        levels, _ = decode(_cells(tables, "mask", f"{origin}, mask"), data.image_size, data.non_square)
        masks = levels.mean(axis=3) > 127
    own = np.array([split == "test" for split, table in tables.items() for _ in range(len(table))])
    return Source(images, labels, np.arange(len(images)), classes, origin, sides, own if own.any() else None, masks)


def _column(features: Any, kind: type, names: tuple[str, ...], role: str, origin: str) -> str:
    """Return the column of this role: the one with its usual name, else the only one of its type."""
    usual = [name for name in names if name in features]
    fitting = [name for name, feature in features.items() if isinstance(feature, kind)]
    if usual or len(fitting) == 1:
        return (usual or fitting)[0]
    if fitting:
        raise UserError(
            f"{origin} has {len(fitting)} {role} columns, {', '.join(fitting)}; call one of them {names[0]}."
        )
    raise UserError(
        f"{origin} has no {role} column: it has {', '.join(features)}, and {' or '.join(names)} is looked for."
    )


def _cells(tables: Any, column: str, origin: str) -> list[tuple[str, bytes | Path | None]]:
    """Return a name for each image of a column, and its bytes or, where the table holds only a path, its file."""
    import datasets

    found: list[tuple[str, bytes | Path | None]] = []
    for split, table in tables.items():
        try:
            cells = table.cast_column(column, datasets.Image(decode=False))[column]
        except Exception as error:  # Arrow's kinds of error, one for each type that is no image
            reason = " ".join(str(error).split())[:160].rstrip(".")
            raise UserError(f"{origin}'s column {column} does not hold images ({reason}).") from None
        for i, cell in enumerate(cells):
            content = (cell or {}).get("bytes")
            path = (cell or {}).get("path")
            found.append((f"{origin}, {split} row {i}", Path(path) if content is None and path else content))
    return found


def _classes(values: list[Any], names: list[str] | None, rows: list[str], column: str) -> tuple[np.ndarray, list[str]]:
    """Return the class indices, int64 [N], and the class names of a label column. A row without a label, or with a list
    of them, is a `UserError`."""
    missing = [row for row, value in zip(rows, values, strict=True) if value is None or value != value or value == -1]
    if missing:
        raise UserError(f"{len(missing)} of {len(rows)} images have no label, such as {missing[0]}.")
    kinds = {type(value).__name__ for value in values}
    if not kinds <= {"int", "str", "bool"}:
        raise UserError(f"{column} holds {', '.join(sorted(kinds))} values, but a label is a whole number or a text.")
    if names:
        return np.array(values, dtype=np.int64), [str(name) for name in names]
    present, labels = np.unique(np.array(values), return_inverse=True)
    return labels.astype(np.int64), [str(name) for name in present]


def _keep(source: Source, data: Data) -> Source:
    """Return the source with only the classes that `data.classes` asks for, renumbered from 0; each must have
    images."""
    kept = list(range(len(source.classes))) if data.classes == "all" else sorted(set(data.classes))
    unknown = [index for index in kept if index >= len(source.classes)]
    if unknown:
        raise UserError(
            f"params.yaml: data.classes has {unknown[0]}, but {data.name} has classes 0 to {len(source.classes) - 1}."
        )
    empty = [source.classes[index] for index in kept if not (source.labels == index).any()]
    if empty:
        raise UserError(f"data set {data.name} has no image of class {empty[0]}; data.classes can leave it out.")
    if len(kept) < 2:
        raise UserError(f"data set {data.name} has {len(kept)} class, but a judge needs at least two to tell apart.")
    chosen = np.isin(source.labels, kept)
    return Source(
        source.images[chosen],
        np.searchsorted(kept, source.labels[chosen]),
        source.ids[chosen],
        [source.classes[i] for i in kept],
        source.origin,
        source.sides[chosen],
        None if source.held_out is None else source.held_out[chosen],
        None if source.masks is None else source.masks[chosen],
    )

"""A user's folder of Parquet files, or of images in one sub-folder per class, either divided into splits or not.

Every file in it is taken, refused or counted; hidden ones, whose names begin with a dot, are left out.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from pipeline.errors import UserError
from pipeline.files import entries, files_below

TRAIN, TEST = ("train", "val", "valid", "validation"), ("test",)  # sub-folders that are splits and not classes


@dataclass(frozen=True)
class ImageFiles:
    """The image files of a folder. classes: the names of the sub-folders, sorted; files: the file of each image, with
    whether it is in the folder's own test split and the index of its class; said: what the report says of how they
    lie, an empty text where there is nothing to say."""

    classes: list[str]
    files: list[tuple[bool, int, Path]]
    said: str


def parquet_files(folder: Path) -> list[Path]:
    """Return the Parquet files below a folder, sorted; images beside them would not be taken, and are a `UserError`."""
    everything = files_below(folder)
    parquet = [path for path in everything if path.suffix.lower() == ".parquet"]
    Image.init()
    beside = [path for path in everything if path.suffix.lower() in Image.EXTENSION]
    if parquet and beside:
        raise UserError(
            f"{folder} holds Parquet files and {len(beside)} image files, such as {beside[0]}; one of the two is "
            "accepted."
        )
    return parquet


def is_test(file: Path, folder: Path) -> bool:
    """Say whether a Parquet file below a folder is of its test split: its name, or a folder's, begins with `test`."""
    return any(part.lower().startswith("test") for part in file.relative_to(folder).parts)


def image_files(folder: Path) -> ImageFiles:
    """Return the images of a folder with one sub-folder per class, under `train` and `test` or at its top.

    A file that is in no class, classes that one file system would take for one, and a test split alone are a
    `UserError`.
    """
    parts = entries(folder)
    divided = bool(parts) and all(path.name.lower() in (*TRAIN, *TEST) and path.is_dir() for path in parts)
    parts = parts if divided else [folder]
    if divided and all(_is_test(part) for part in parts):
        raise UserError(
            f"{folder} holds a test split alone, but training needs images too: under {folder / 'train'}, or with the "
            f"classes' sub-folders in {folder} itself."
        )
    within = [path for part in parts for path in entries(part)]
    stray = [path for path in within if path.is_file()]
    if stray and len(stray) < len(within):
        raise UserError(
            f"{stray[0].parent} has {stray[0].name} beside its classes' sub-folders, so its class is not known; every "
            "image must be in the sub-folder of its class."
        )
    classes = sorted({path.name for path in within if path.is_dir()})
    _refuse_look_alikes(folder, classes)
    files: list[tuple[bool, int, Path]] = []
    nested = 0
    for part in parts:
        files_below(part)  # refuses what is neither file nor folder beside the classes
        for index, name in enumerate(classes):
            found = files_below(part / name) if (part / name).is_dir() else []
            files += [(divided and _is_test(part), index, path) for path in found]
            nested += sum(path.parent != part / name for path in found)
    if not files:
        raise UserError(f"{folder} holds neither Parquet files nor images in one sub-folder per class.")
    said = [f"{nested:,} of {len(files):,} images in folders inside their class's"] if nested else []
    together = [part.name for part in parts if divided and not _is_test(part)]
    said += [f"{' and '.join(together)} taken as one"] if len(together) > 1 else []
    return ImageFiles(classes, files, "; ".join(said))


def _is_test(part: Path) -> bool:
    return part.name.lower() in TEST


def _refuse_look_alikes(folder: Path, classes: Iterable[str]) -> None:
    """Refuse classes whose names differ in case or in the form of their accents alone, which another file system takes
    for one folder."""
    seen: dict[str, str] = {}
    for name in classes:
        alike = seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if alike != name:
            raise UserError(
                f"{folder} has the classes {alike} and {name}, whose names differ in case alone; put the images of one "
                "class into one sub-folder, and give two classes two names."
            )

"""The writing of files: first beside the target, then one rename, so that half a file is never taken for a whole
one."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from pipeline.errors import UserError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a new path beside `path` to write a file or folder to; on success it takes the place of `path`.

    After an error `path` is as it was, and the unfinished copy is gone.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished, replaced = (path.with_name(f".{path.name}.{role}") for role in ("unfinished", "replaced"))
    remove(unfinished)
    try:
        yield unfinished
        for file in [unfinished] if unfinished.is_file() else sorted(unfinished.rglob("*")):
            if file.is_file():
                with open(file, "rb") as written:
                    os.fsync(written.fileno())
        if path.is_dir():
            path.rename(replaced)
        unfinished.replace(path)
    finally:
        remove(unfinished)
        remove(replaced)


def part(folder: Path, name: str, replica: int | None) -> Path:
    """Return where a part of a variant's results is: that of one replica, or of the only one there is (None)."""
    return folder / name if replica is None else folder / name / str(replica)


def empty_folder(path: Path) -> None:
    """Write an empty folder, which is the whole result of a stage that is switched off."""
    with replacing(path) as folder:
        folder.mkdir()


def remove(path: Path) -> None:
    """Remove a file or a folder, if there is one."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text whole or not at all."""
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write JSON (2 spaces, no NaN) whole or not at all."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_json(path: Path, stage: str = "") -> Any:
    """Read the JSON that a stage wrote; a missing or broken file is a `UserError`."""
    with reading(path, stage):
        return json.loads(Path(path).read_text(encoding="utf-8"))


@contextlib.contextmanager
def reading(path: Path, stage: str = "") -> Iterator[None]:
    """Turn the error of a file that is missing or not whole, within the block, into a `UserError` that says which
    command makes the file.

    stage: the stage that writes the file, or an empty text where no single one does.
    """
    makes = f"the stage `{stage}`, which `uv run dvc repro` runs, makes it" if stage else "`uv run dvc repro` makes it"
    try:
        yield
    except FileNotFoundError:
        raise UserError(f"{path} is not there; {makes}.") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        reason = " ".join(str(error).split())[:160].rstrip(".")
        raise UserError(f"{path} is not whole ({reason}); {makes} again.") from None

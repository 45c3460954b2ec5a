"""The reading and writing of files, for every part of the project.

What is read is read here, so that every missing or broken file is one sentence. What is written is written first beside
its target, then renamed, so that half a file is never taken for a whole one.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import yaml

from pipeline.errors import UserError, short


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


def read_text(path: Path, stage: str = "") -> str:
    """Read a text in UTF-8; anything but a readable file of such text is a `UserError`, as in `reading`."""
    with reading(path, stage):
        if not Path(path).is_file() and Path(path).exists():
            raise ValueError("it is a folder or a device, and no file")
        return Path(path).read_text(encoding="utf-8")


def read_json(path: Path, stage: str = "") -> Any:
    """Read JSON; a missing or broken file, and a number that is not finite, are a `UserError`, as in `reading`."""
    text = read_text(path, stage)
    with reading(path, stage):
        return json.loads(text, parse_constant=_refuse_constant)


def read_object(path: Path, stage: str = "") -> dict[str, Any]:
    """Read JSON that must be an object, such as a configuration; anything else is a `UserError`."""
    value = read_json(path, stage)
    with reading(path, stage):
        if not isinstance(value, dict):
            raise ValueError(f"it holds {short(value)}, but an object is expected")
        return value


def read_yaml(path: Path) -> Any:
    """Read a user's YAML, unchecked; a file that is missing, broken, or has a key twice is a `UserError`."""
    return parse_yaml(read_text(path), str(path))


def parse_yaml(text: str, name: str) -> Any:
    """Return what a YAML text holds, unchecked; name: what the `UserError` calls a text that is not YAML, or has a key
    twice."""
    try:
        reader = _Reader(text)
        reader.name = name
        return reader.get_single_data()
    except RecursionError:
        raise UserError(f"{name} is nested too deeply.") from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:  # of odd tags
        raise UserError(f"{name} is not YAML: {' '.join(str(error).split())[:300]}.") from None


def entries(folder: Path, stage: str = "") -> list[Path]:
    """Return what a folder holds, sorted, without hidden files; anything but a readable folder is a `UserError`."""
    with reading(folder, stage):
        return [path for path in sorted(Path(folder).iterdir()) if not path.name.startswith(".")]


def files_below(folder: Path) -> list[Path]:
    """Return all files below a folder, sorted, without hidden ones; links are followed.

    What cannot be followed or read (a broken link, a folder without permission, a circle of links, a device) is a
    `UserError` that names it, so that no file is left out in silence.
    """
    found: list[Path] = []

    def look(at: Path, inside: tuple[Path, ...]) -> None:
        here = at.resolve()
        if here in inside:
            raise UserError(f"{at} is a link to a folder that holds it; links must not go round in a circle.")
        for path in entries(at):
            if path.is_dir():
                look(path, (*inside, here))
            elif path.is_file():
                found.append(path)
            elif path.is_symlink():
                raise UserError(f"{path} is a broken link: {path.readlink()} is not there.")
            else:
                raise UserError(f"{path} is neither a file nor a folder.")

    look(Path(folder), ())
    return found


def is_folder(path: Path) -> bool:
    """Say whether there is a folder of this name; of a name that no file can have there is none."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """Say whether there is a file of this name, as `is_folder` does of folders."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def reading(path: Path, stage: str = "") -> Iterator[None]:
    """Turn the error of a file that is missing, unreadable or not whole, within the block, into a `UserError`.

    stage: the stage that writes the file, which the sentence then says to run; where it is not given, the one whose
    folder of `outputs` the file lies in. A file elsewhere is the user's own, which nobody is told to make anew.
    """
    stage = stage or stage_of(path)
    makes = f"; the stage `{stage}`, which `uv run dvc repro` runs, makes it" if stage else ""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{path} is not there{makes}.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}).") from None
    except RecursionError:
        raise UserError(f"{path} is not whole (it is nested too deeply){makes and f'{makes} again'}.") from None
    except (ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        reason = " ".join(str(error).split())[:160].rstrip(".")
        raise UserError(f"{path} is not whole ({reason}){makes and f'{makes} again'}.") from None


def stage_of(path: Path) -> str:
    """Return the stage that writes a path, the first folder within `outputs`, or an empty text for any other path."""
    parts = Path(path).parts
    return parts[1] if len(parts) > 2 and parts[0] == "outputs" else ""


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


class _Reader(yaml.SafeLoader):
    """PyYAML's reader of plain values, which refuses a key that is there twice; PyYAML itself takes the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in lines:
                raise UserError(
                    f"{self.name}: {name} is there twice, in lines {lines[name]} and {line}; one is accepted."
                )
            lines[name] = line
        return super().construct_mapping(node, deep)

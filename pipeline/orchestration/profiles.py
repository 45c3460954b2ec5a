"""Profiles, which are files of overrides in profiles/; they are written into params.yaml, and its comments stay."""

import difflib
from collections.abc import Mapping, MutableMapping
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from pipeline import params
from pipeline.errors import UserError, short
from pipeline.files import read_text, read_yaml

FOLDER = Path("profiles")
BASED_ON = "based_on"  # the key by which a profile names another one that it changes
DEFAULT = "digits"  # sets every key that any profile changes, so that no value of an earlier profile stays


def names(folder: Path = FOLDER) -> list[str]:
    """Return the names of the profiles, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def apply(text: str, name: str, folder: Path = FOLDER) -> str:
    """Return the text of a params.yaml with the profile's values; a key that no profile names stays as it is.

    The default is applied first, then the profiles that this one is based on, then the profile itself. An unknown
    profile, or parameters that would not be sound, are a `UserError`.
    """
    if not text:
        raise UserError("params.yaml is not there; run this from the project's folder.")
    layers = _layers(name, folder)
    if not isinstance(params.plain(text), dict):
        raise UserError("params.yaml holds no sections.")
    values = _with_comments(text, "params.yaml")
    for over in layers:
        lay(values, over)
    out = StringIO()
    round_trip().dump(values, out)
    params.parse(out.getvalue())
    return out.getvalue()


def difference(before: str, after: str) -> str:
    """Return the lines that differ as a unified diff without context; it is empty where none does."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def lay(base: MutableMapping[str, Any], over: Mapping[str, Any]) -> None:
    """Put the values of `over` into `base`, section by section; variants are replaced whole, and a subject that is null
    is taken away."""
    for key, value in over.items():
        if isinstance(base.get(key), Mapping) and not isinstance(value, Mapping):
            raise UserError(f"a profile gives {short(value)} for {key}, which is a section with keys of its own.")
        if isinstance(value, Mapping) and not isinstance(base.get(key), MutableMapping):
            base[key] = CommentedMap()
        if isinstance(value, Mapping) and key == "variants":
            if list(base[key].items()) != list(value.items()):
                base[key].clear()
                base[key].update({name: _in_a_line(change) for name, change in value.items()})
        elif isinstance(value, Mapping) and key == "subjects":
            _lay_subjects(base[key], value)
        elif isinstance(value, Mapping):
            lay(base[key], value)
        elif base.get(key) != value:
            base[key] = _in_a_line(value)
            _align(base)


def _lay_subjects(base: MutableMapping[str, Any], over: Mapping[str, Any]) -> None:
    """Put the subjects of `over` into `base`; one that is null is taken away, if it is there, and a new one comes
    before the last, behind which the blank line is that ends the section."""
    for name, subject in over.items():
        if subject is None:
            base.pop(name, None)
        elif name in base:
            lay(base[name], subject)
        else:
            assert isinstance(base, CommentedMap)
            base.insert(max(len(base) - 1, 0), name, _in_a_line(subject))


def _layers(name: str, folder: Path) -> list[CommentedMap]:
    """Read a profile and those that it is based on, the default first and the profile last."""
    chain, read = list[str](), dict[str, CommentedMap]()
    following: str | None = name
    while following is not None:
        if following not in names(folder):
            by = f"profile {chain[-1]} is based on {following!r}, but " if chain else ""
            raise UserError(f"{by}there is no profile {following!r}; profiles/ has {', '.join(names(folder))}.")
        chain.append(following)
        if following in read:
            raise UserError(f"profiles/ goes round in a circle: {', which is based on '.join(chain)}.")
        read[following] = _read(folder / f"{following}.yaml")
        following = read[following].pop(BASED_ON, None if following == DEFAULT else DEFAULT)
    return list(reversed(read.values()))


def _read(path: Path) -> CommentedMap:
    """Read a profile with its comments; one that is not YAML, or holds no sections, is a `UserError`."""
    if not isinstance(read_yaml(path), dict):
        raise UserError(f"{path} holds no sections; a profile has sections of params.yaml, with the keys that differ.")
    return _with_comments(read_text(path), str(path))


def _with_comments(text: str, name: str) -> CommentedMap:
    """Return what a YAML text holds, with its comments; what ruamel.yaml cannot keep is a `UserError`."""
    try:
        values: CommentedMap = round_trip().load(text)
    except YAMLError as error:
        raise UserError(f"{name} cannot be read ({' '.join(str(error).split())[:300]}).") from None
    return values


def _align(section: MutableMapping[str, Any]) -> None:
    """Put the comments of a section into one column again, which a longer value may have pushed them out of."""
    tokens = [token for _, _, token, _ in getattr(section, "ca", CommentedMap().ca).items.values() if token]
    comments = [token for token in tokens if token.value.startswith("#")]
    for comment in comments:
        comment.column = min(each.column for each in comments)


def _in_a_line(value: Any) -> Any:
    """Mark a list or mapping to be written on one line, and return it; return anything else as it is."""
    if isinstance(value, CommentedMap | CommentedSeq):
        value.fa.set_flow_style()
    return value


def round_trip() -> YAML:
    """Return a reader and writer of YAML that keeps comments and order, and writes null as null."""
    yaml = YAML()
    yaml.width = 4096
    yaml.preserve_quotes = True
    yaml.representer.add_representer(type(None), lambda r, _: r.represent_scalar("tag:yaml.org,2002:null", "null"))
    return yaml

"""The reading of params.yaml, which is checked as a whole before anything runs."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.errors import UserError
from pipeline.files import parse_yaml, read_text
from pipeline.params import together
from pipeline.params.sentences import sentences
from pipeline.params.whole import Params


def load(path: Path) -> Params:
    """Read and check params.yaml; anything unsound is a `UserError` that names the key and what is accepted."""
    if not Path(path).exists():
        raise UserError(f"{path} is not there; run this from the project's folder.")
    return parse(read_text(path))


def parse(text: str) -> Params:
    """Check the text of a params.yaml, and return its values; anything unsound is a `UserError` as in `load`."""
    try:
        values = Params.model_validate(plain(text))
    except ValidationError as error:
        raise UserError(sentences(error, Params, "")) from None
    values.check()
    together.check(values)
    return values


def plain(text: str) -> Any:
    """Return what the text of a params.yaml holds, unchecked; a text that is not YAML, or has a key twice, is a
    `UserError`."""
    return parse_yaml(text, "params.yaml")

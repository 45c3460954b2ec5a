"""The reading of params.yaml, which is checked as a whole before anything runs."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipeline.errors import UserError
from pipeline.params import together
from pipeline.params.sentences import sentences
from pipeline.params.whole import Params


def load(path: Path) -> Params:
    """Read and check params.yaml; anything unsound is a `UserError` that names the key and what is accepted."""
    try:
        return parse(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is not there; run this from the project's folder.") from None


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
    """Return what a YAML text holds, unchecked. A text that is not YAML, or has a key twice, is a `UserError`."""
    try:
        return yaml.load(text, Loader=_Reader)
    except yaml.YAMLError as error:
        raise UserError(f"params.yaml is not YAML: {' '.join(str(error).split())}.") from None


class _Reader(yaml.SafeLoader):
    """PyYAML's reader of plain values, which refuses a key that is there twice; PyYAML itself takes the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in lines:
                raise UserError(
                    f"params.yaml: {name} is there twice, in lines {lines[name]} and {line}; one is accepted."
                )
            lines[name] = line
        return super().construct_mapping(node, deep)

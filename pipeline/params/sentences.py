"""The errors of pydantic, turned into sentences for the person who wrote params.yaml."""

import difflib
from typing import Any, get_args, get_origin

from pydantic import ValidationError

from pipeline.errors import short
from pipeline.params.section import Section

MOST = 20  # of pydantic's errors are said at most
PYDANTIC_S_OWN = ("constrained-int", "int", "constrained-float", "float", "[key]")  # parts of a place that are no keys


def sentences(error: ValidationError, model: type[Section], prefix: str) -> str:
    """Return one sentence that says for each of pydantic's errors the key, what it holds and what is accepted.

    model: the class that was validated; prefix: the key of what was validated, empty for the whole file.
    """
    found: dict[str, str] = {}
    errors = error.errors(include_url=False)
    for item in errors[:MOST]:
        names = [part for part in item["loc"] if isinstance(part, int) or not part.startswith(("list[", "literal["))]
        names = [part for part in names if part not in PYDANTIC_S_OWN]
        key = ".".join([prefix, *map(str, names)] if prefix else list(map(str, names)))
        if item["type"] == "extra_forbidden":
            accepted = _accepted_keys(model, names[:-1])
            near = difflib.get_close_matches(str(names[-1]), accepted, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            found.setdefault(key, f"{key} is not a known key; {hint}accepted are {', '.join(accepted)}")
        elif item["type"] == "missing":
            found.setdefault(key, f"{key} is missing")
        elif item["type"] == "value_error":  # one of our own, which is a sentence already
            found.setdefault(key, str(item["ctx"]["error"]))
        elif key in found:
            found[key] += f", or: {_lower(item['msg'])}"
        else:
            found[key] = f"{key or 'the file'} is {short(item['input'])}, but {_lower(item['msg'])}"
    more = [f"and {len(errors) - MOST} more"] if len(errors) > MOST else []
    return "params.yaml: " + "; ".join([*found.values(), *more]) + "."


def _lower(message: str) -> str:
    return (message[:1].lower() + message[1:]).replace("input should", "it should")


def _accepted_keys(model: type[Section], path: list[Any]) -> list[str]:
    """Return the keys of the section that `path` leads to."""
    names = iter(path)
    for name in names:
        annotation = model.model_fields[name].annotation
        if get_origin(annotation) is dict:
            next(
                names, None
            )  # a name that the user made up: what it holds is a section of the same class as the others
        options = [annotation, *get_args(annotation)]
        model = next(o for o in options if isinstance(o, type) and issubclass(o, Section))
    return list(model.model_fields)

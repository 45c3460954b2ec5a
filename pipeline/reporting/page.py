"""Pages of the report: a template of prose with places for what Python has made, pictures with captions, and folds."""

from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from pipeline.errors import UserError


class Picture(NamedTuple):
    """A figure of the report. file: its place under figures/; caption: sentences, of which the first two say what it
    shows and what to see in it; of: the variant or subject that it is of, None where it is of several."""

    file: str
    caption: str
    of: str | None = None

    @property
    def brief(self) -> "Picture":
        """The picture with the first two sentences of its caption: what it shows, and what to see in it."""
        sentences = self.caption.split(". ")
        return self._replace(caption=". ".join(sentences[:2]).rstrip(".") + ".")

    def __str__(self) -> str:
        return f"![{self.caption.split('. ')[0].rstrip('.')}](figures/{self.file})\n\n*{self.caption}*"


Drawn = list[tuple[str, str]]  # files of pictures, with their captions
Pictures = dict[str, Picture]  # by the name that the chapter's template has for it


class Finding(NamedTuple):
    """What a chapter has to say on the first page: sentences with numbers in them, and one picture, by its name in the
    chapter; weight: findings with a larger one come first where there is no room for all."""

    says: str
    picture: str
    weight: int


def fold(summary: str, text: str) -> str:
    """Text that a reader opens by a click on its summary."""
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"


def fill(template: Path, **values: Any) -> str:
    """A template filled in; a value that it lacks, or that it has no place for, is a mistake of ours."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    try:
        return environment.from_string(template.read_text(encoding="utf-8")).render(**values)
    except jinja2.TemplateError as error:
        raise UserError(f"{template} cannot be filled in: {error}.") from None

"""The section `data`: the real images."""

from pathlib import Path
from string import Formatter
from typing import Annotated, Literal

from pydantic import Field

from pipeline.errors import UserError, short
from pipeline.files import is_folder
from pipeline.params.section import Fraction, Section, Seed

NAMED = ("digits", "mnist", "fashion_mnist", "cifar10")  # data sets known by name; any other name is a folder
STROKE_FIELDS = ("slant", "stroke")  # the fields of a caption template, beside class


class Data(Section):
    """The real images."""

    name: Annotated[str, Field(min_length=1)]  # one of NAMED, or a folder
    image_size: Annotated[int, Field(ge=8, le=256)]  # pixels per side
    non_square: Literal["refuse", "crop"]  # what happens to images that are not square
    caption: str  # template with {class}, and where wanted {slant} and {stroke}
    classes: Literal["all"] | list[Annotated[int, Field(ge=0)]]  # class indices kept
    validation: Fraction  # share of the images
    test: Fraction | Literal["original"]  # share of the images, or the set's own test split
    seed: Seed

    def check(self, name: str) -> None:
        if self.name not in NAMED and not is_folder(Path(self.name)):
            raise UserError(
                f"params.yaml: {name}.name is {short(self.name)}, but it must be {', '.join(NAMED)} or a folder of "
                "Parquet files or of images in one sub-folder per class."
            )
        if not _can_be_filled_in(self.caption):
            raise UserError(
                f"params.yaml: {name}.caption is {short(self.caption)}, but it must be a text with {{class}} in it, "
                f"and with no other fields than {' and '.join(f'{{{field}}}' for field in STROKE_FIELDS)}."
            )
        if self.name == "digits" and self.test == "original":
            raise UserError(
                f"params.yaml: {name}.test is original, but digits has no test split of its own; a share of the images "
                "is accepted."
            )
        if self.test != "original" and self.validation + self.test >= 0.9:
            raise UserError(
                f"params.yaml: {name}.validation and {name}.test keep {self.validation + self.test:g} of the images "
                "from training; together they must stay below 0.9."
            )
        if self.classes != "all" and len(set(self.classes)) < 2:
            raise UserError(
                f"params.yaml: {name}.classes is {self.classes}, but a judge needs at least two classes to tell apart."
            )


def _can_be_filled_in(template: str) -> bool:
    """Say whether a caption template has the class, and no fields but those that are known."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        return False
    fields = {name for _, name, _, _ in parts if name is not None}
    plain = all(not form and conversion is None for _, _, form, conversion in parts)
    return plain and "class" in fields and fields <= {"class", *STROKE_FIELDS}

"""The section `report`: what the report shows."""

from typing import Annotated

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.section import Fraction, Section


class Report(Section):
    """The place, the title and the figures of the report."""

    folder: Annotated[
        str, Field(pattern=r"^reports(/\w[\w.-]*)*$", max_length=100)
    ]  # where the pages, numbers and figures go
    title: str  # of report.md
    early: Fraction  # the share of training that the figure of the early loss shows
    grid_seeds: Annotated[int, Field(ge=1, le=20)]  # columns of the picture of seeds and variants

    def check(self, name: str) -> None:
        taken = [part for part in self.folder.split("/")[1:] if part == "figures" or part.endswith((".md", ".json"))]
        if taken:
            raise UserError(
                f"params.yaml: {name}.folder is {self.folder}, but {taken[0]} is what a report calls a part of itself; "
                "a folder of another name is accepted, such as reports/mine."
            )

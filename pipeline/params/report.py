"""The section `report`: what the report shows."""

from typing import Annotated

from pydantic import Field

from pipeline.params.section import Fraction, Section


class Report(Section):
    """The place, the title and the figures of the report."""

    folder: Annotated[str, Field(pattern=r"^reports(/\w[\w.-]*)*$")]  # where the pages, numbers and figures go
    title: str  # of report.md
    early: Fraction  # the share of training that the figure of the early loss shows
    grid_seeds: Annotated[int, Field(ge=1, le=20)]  # columns of the picture of seeds and variants

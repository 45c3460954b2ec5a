"""The section `compute`: where the numbers are crunched."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.params.section import Section


class Compute(Section):
    """Where the numbers are crunched."""

    device: Literal["auto", "cpu", "cuda"]
    threads: Annotated[int, Field(ge=1, le=256)]  # CPU threads per stage

"""The section `compute`: the device and the threads that stages compute on."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.params.section import Section


class Compute(Section):
    """The device and the threads that stages compute on."""

    device: Literal["auto", "cpu", "cuda"]
    threads: Annotated[int, Field(ge=1, le=256)]  # CPU threads per stage

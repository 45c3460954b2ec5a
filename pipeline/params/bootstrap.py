"""The section `bootstrap`: the resamples behind every interval."""

from typing import Annotated

from pydantic import Field

from pipeline.params.section import Section, Seed


class Bootstrap(Section):
    """The resamples behind every interval."""

    resamples: Annotated[int, Field(ge=100, le=10**9)]  # how many
    seed: Seed  # what they are drawn from

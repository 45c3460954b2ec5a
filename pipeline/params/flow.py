"""The section `flow`: how `anatomy run` runs the stages."""

from typing import Annotated

from pydantic import Field

from pipeline.params.section import Positive, Section


class Flow(Section):
    """How `anatomy run` runs the stages."""

    workers: Annotated[int, Field(ge=1, le=64)]  # stages at a time
    timeout_minutes: Annotated[Positive, Field(le=1_000_000)]  # of one stage
    retries: Annotated[int, Field(ge=0, le=10)]  # of one stage

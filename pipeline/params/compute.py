"""The section `compute`: the device and the threads that stages compute on."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.section import Section


class Compute(Section):
    """The device and the threads that stages compute on."""

    device: Literal["auto", "cpu", "cuda"]
    threads: Annotated[int, Field(ge=1, le=256)]  # CPU threads per stage
    replica_threads: Annotated[int, Field(ge=1, le=256)]  # CPU threads of one replica, where replicas are side by side

    def check(self, name: str) -> None:
        if self.replica_threads > self.threads:
            raise UserError(
                f"params.yaml: {name}.replica_threads is {self.replica_threads}; it may be at most {name}.threads, "
                f"{self.threads}."
            )

    @property
    def side_by_side(self) -> int:
        """How many replicas of a variant, or networks of a subject, a stage works on at a time."""
        return self.threads // self.replica_threads

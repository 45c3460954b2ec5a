"""The section `sample`: how many images are drawn of every variant."""

from typing import Annotated

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.section import Count, Section


class Sample(Section):
    """How many images are drawn."""

    count: Count  # images per variant
    snapshot_count: Annotated[int, Field(ge=2, le=10**12)]  # images of each snapshot, at least two for a variance
    batch_size: Count

    def check(self, name: str) -> None:
        if self.snapshot_count > self.count:
            raise UserError(
                f"params.yaml: {name}.snapshot_count is {self.snapshot_count}, but it must be at most {name}.count "
                f"({self.count}), because the end of training is compared on the same seeds."
            )

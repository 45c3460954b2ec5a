"""The base class of every section of params.yaml, and the types that several sections share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]  # a key that the user makes up


class Section(BaseModel):
    """A section of params.yaml, which refuses unknown keys and values of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def check(self, name: str) -> None:
        """Refuse values of this section that do not fit together, or that name a file which is not there.

        name: what the `UserError` calls the section. A section whose types are check enough does not override this.
        """

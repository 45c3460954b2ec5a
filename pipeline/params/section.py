"""What every section of params.yaml is made of: its base class, and the types that several sections share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]  # a key that the user makes up


class Section(BaseModel):
    """A section of params.yaml: unknown keys and near-miss types are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def check(self, name: str) -> None:
        """Refuse values of this section that do not go together, or that name a file which is not there.

        It raises a `UserError` that calls the section `name`. A section whose types say it all leaves this as it is.
        """

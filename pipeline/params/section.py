"""The base class of every section of params.yaml, and the types that several sections share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pipeline.errors import UserError

BASELINE = "baseline"  # the variant that the others are compared with
Count = Annotated[int, Field(ge=1, le=10**12)]  # more overflows the numbers that time and memory are counted in
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Positive = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
NonNegative = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Shares = Annotated[list[Annotated[float, Field(gt=0, le=1)]], Field(min_length=1, max_length=9)]  # of T, several
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]  # a key that the user makes up, and a folder


class Section(BaseModel):
    """A section of params.yaml, which refuses unknown keys and values of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def check(self, name: str) -> None:
        """Refuse values of this section that do not fit together, or that name a file which is not there.

        name: what the `UserError` calls the section. A section whose types are check enough does not override this.
        """


def check_shares(name: str, shares: list[float]) -> None:
    """Refuse shares of T that the names made of them, whole percents, would not tell apart; name: of the key."""
    percents = [round(100 * share) for share in shares]
    if len(set(percents)) < len(percents) or 0 in percents:
        raise UserError(f"params.yaml: {name} must be different whole percents of T, from 0.01 to 1.")


class Following(Section):
    """How images are followed on their way from noise, for the sections of the stages that do so."""

    run: bool  # whether the stage does anything
    seeds: Annotated[int, Field(ge=2, le=10**9)]  # images of each network that are followed
    shown: Annotated[int, Field(ge=1, le=20)]  # seeds in the pictures
    columns: Annotated[int, Field(ge=2, le=20)]  # steps in the pictures
    branch_seeds: Annotated[int, Field(ge=2, le=10**9)]  # images that are continued with fresh noise
    branch_starts: Annotated[int, Field(ge=2, le=10**4)]  # steps from which they are
    continuations: Annotated[int, Field(ge=2, le=9)]  # of each image from each of these steps
    batch_size: Count

    def check(self, name: str) -> None:
        for key in ("shown", "branch_seeds"):
            if getattr(self, key) > self.seeds:
                raise UserError(
                    f"params.yaml: {name}.{key} is {getattr(self, key)}, but must be at most the {self.seeds} seeds of "
                    f"{name}.seeds, which it is the first of."
                )

"""The section `variants`: the name of each variant, and its difference from the baseline."""

from typing import Annotated, Any

from pydantic import AfterValidator

from pipeline.params.section import BASELINE, Name

FLOOR = "floor"  # the name of the real test images' row, which no variant may have


def _with_a_baseline(variants: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    if variants.get(BASELINE) != {}:
        raise ValueError(
            f"variants has {', '.join(variants) or 'no entry'}, but needs `{BASELINE}: {{}}`, the variant that the "
            "others are compared with"
        )
    if FLOOR in variants:
        raise ValueError(f"variants.{FLOOR} has the name of the row of the real test images; any other is accepted")
    return variants


Variants = Annotated[dict[Name, dict[str, Any]], AfterValidator(_with_a_baseline)]
"""The variants are a name -> the keys of `unet` that differ from the baseline."""

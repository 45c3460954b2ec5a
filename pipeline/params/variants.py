"""The section `variants`: by what each variant differs from the baseline."""

from typing import Annotated, Any

from pydantic import AfterValidator

from pipeline.params.section import Name

BASELINE = "baseline"
FLOOR = "floor"  # the real test images' row, which no variant may take


def _with_a_baseline(variants: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    if variants.get(BASELINE) != {}:
        raise ValueError(
            f"variants has {', '.join(variants) or 'no entry'}, but needs `{BASELINE}: {{}}`, the variant that the "
            "others are compared with"
        )
    if FLOOR in variants:
        raise ValueError(f"variants.{FLOOR} has the name of the row that the real test images get; take another")
    return variants


Variants = Annotated[dict[Name, dict[str, Any]], AfterValidator(_with_a_baseline)]
"""Name -> the keys of `unet` that differ."""

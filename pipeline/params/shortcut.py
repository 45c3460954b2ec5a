"""The section `shortcut`: the search for a faster way through the sampling loop, and its rivals."""

from typing import Annotated

from pydantic import Field

from pipeline.params.section import Count, Fraction, Section


class Shortcut(Section):
    """The search for a faster way through the sampling loop, and its rivals."""

    run: bool  # whether the stage does anything
    search: Annotated[int, Field(ge=2, le=10**9)]  # how many seeds all schedules are tried on
    learn: Annotated[int, Field(ge=2, le=10**9)]  # how many seeds, these among them, the best of them are learnt on
    report: Annotated[int, Field(ge=2, le=10**9)]  # how many further seeds the schedules are measured on
    qualities: Annotated[list[Fraction], Field(min_length=1)]  # the least SSIM of each schedule that is sought
    distance: Annotated[
        float, Field(ge=1, le=1e6, allow_inf_nan=False)
    ]  # the growth of the distance that still counts as little
    blocks: list[Count]  # nb of a cut
    cuts: list[Count]  # n: steps of one cut
    rests: list[Annotated[int, Field(ge=0)]]  # r: steps between two cuts
    fewer: Annotated[list[Annotated[int, Field(ge=2)]], Field(min_length=1)]  # steps of the rival samplers
    intervals: Annotated[
        list[Annotated[int, Field(ge=2)]], Field(min_length=1)
    ]  # N of DeepCache, at each number of blocks above
    search_batch_size: Count  # images that the network takes at a time in the search
    batch_size: Count  # images of one timed run

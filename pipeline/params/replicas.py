"""The section `replicas`: the training seeds. Every variant is trained once with each of them."""

from typing import Annotated

from pydantic import AfterValidator, Field

from pipeline.params.section import Seed


def _each_once(seeds: list[int]) -> list[int]:
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"replicas is {seeds}, with a seed twice; each seed may be there once")
    return seeds


Replicas = Annotated[list[Seed], Field(min_length=1), AfterValidator(_each_once)]

"""What the section `saliency` of params.yaml asks for and cannot be done is refused."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import params
from pipeline.errors import UserError

VALUES = yaml.safe_load((Path(__file__).parents[1] / "params.yaml").read_text())
BAD: dict[str, tuple[Callable[[dict[str, Any]], object], list[str]]] = {
    "a grid of masks finer than the image": (
        lambda v: v["saliency"].update(cells=17),
        ["saliency.cells is 17", "at most the 16 pixels per side"],
    ),
    "an occlusion larger than the image": (
        lambda v: v["saliency"].update(occlusion=20),
        ["saliency.occlusion is 20", "at most the 16 pixels per side"],
    ),
    "more times than steps": (
        lambda v: (v["feature_maps"].update(times=[1.0]), v["sampler"].update(timesteps=[999, 500, 0])),
        ["saliency.times has 4 times", "3 steps"],
    ),
    "times with one name": (lambda v: v["saliency"].update(times=[0.5, 0.501]), ["saliency.times", "whole percents"]),
    "a layer that is not there": (
        lambda v: v["saliency"].update(layers=["skip_03", "block_10"]),
        ["saliency.layers has 'block_10'", "skip_01 to skip_09, as many blocks, and middle_01"],
    ),
    "a layer of another spelling": (
        lambda v: v["saliency"].update(layers=["skip_3"]),
        ["saliency.layers has 'skip_3'", "skip_01 to skip_09"],
    ),
    "a layer of one pixel": (
        lambda v: (v["unet"].update(channels=[16, 32, 32, 32, 32]), v["saliency"].update(layers=["middle_01"])),
        ["saliency.layers has middle_01", "one pixel"],
    ),
    "a layer twice": (
        lambda v: v["saliency"].update(layers=["skip_03", "skip_03"]),
        ["saliency.layers is ['skip_03', 'skip_03']", "twice"],
    ),
    "more seeds in sanity checks than there are": (
        lambda v: v["saliency"].update(sanity_seeds=21),
        ["saliency.sanity_seeds is 21", "seeds of saliency.seeds"],
    ),
    "more shown than there are": (
        lambda v: v["saliency"].update(seeds=6, shown=7),
        ["saliency.shown is 7", "the 6 seeds of saliency.seeds"],
    ),
    "masks beyond memory": (
        lambda v: (v["data"].update(image_size=256), v["saliency"].update(masks=10**7)),
        ["saliency.masks"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_unsound_values_are_refused_in_one_line_that_names_the_key(case: str) -> None:
    change, said = BAD[case]
    values = copy.deepcopy(VALUES)
    change(values)
    with pytest.raises(UserError) as refused:
        params.parse(yaml.safe_dump(values))
    assert "\n" not in str(refused.value)
    for part in said:
        assert part in str(refused.value)


def test_a_subject_that_nobody_maps_may_be_small() -> None:
    values = copy.deepcopy(VALUES)
    values["saliency"].update(layers=["skip_99"])
    values["subjects"]["baseline"]["stages"].remove("saliency")
    assert not params.parse(yaml.safe_dump(values)).looks("saliency", "baseline")

"""What follows from the numbers of an architecture is what the built network has."""

from pathlib import Path

import pytest

from pipeline import params
from pipeline.diffusion import unet
from pipeline.orchestration import profiles

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("profile", profiles.names(ROOT / "profiles"))
def test_weights_are_counted_without_building_the_network(profile: str) -> None:
    values = params.parse(profiles.apply((ROOT / "params.yaml").read_text(), profile, ROOT / "profiles"))
    for variant in values.variants:
        drops = values.train.label_dropout > 0
        made = unet.build(values.architecture(variant), values.data.image_size, 1, 10, 0, drops)
        counted = params.memory.weights(values.architecture(variant), values.data.image_size, drops)
        assert counted == sum(weight.numel() for weight in made.parameters()), variant

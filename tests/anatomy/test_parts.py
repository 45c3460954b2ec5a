"""Every unit of the U is a part, once, and each block takes the skip across from it."""

import pytest
import torch
from torch import nn

from pipeline.anatomy import parts
from pipeline.diffusion.subject import Subject
from pipeline.errors import UserError

BUILDING = {"ResnetBlock2D", "Attention", "Transformer2DModel", "Downsample2D", "Upsample2D"}
SUBJECTS = ["variant", "three levels", "no encoder blocks", "told"]


@pytest.fixture(params=SUBJECTS)
def subject(request: pytest.FixtureRequest, variant, told) -> Subject:
    made = {
        "variant": variant,
        "three levels": lambda: variant(channels=[8, 8, 16], res_blocks=2),
        "no encoder blocks": lambda: variant(channels=[8, 16], res_blocks=0, projections=True),
        "told": told,
    }
    return made[request.param]()


def inside(address: str, addresses: list[str]) -> bool:
    return any(address == each or address.startswith(f"{each}.") for each in addresses)


def test_skips_are_numbered_from_the_top_and_blocks_from_the_bottom() -> None:
    model = nn.Module()
    model.down_blocks = nn.ModuleList([level(2, 1, 1), level(1, 0, 0)])
    model.up_blocks = nn.ModuleList([level(2, 2, 0, ups=1), level(3, 0, 0)])
    assert [unit.addresses for unit in parts.skips(model)] == [
        ("conv_in",),
        ("down_blocks.0.resnets.0", "down_blocks.0.attentions.0"),
        ("down_blocks.0.resnets.1",),
        ("down_blocks.0.downsamplers.0",),
        ("down_blocks.1.resnets.0",),
    ]
    assert [unit.addresses for unit in parts.blocks(model)] == [
        ("up_blocks.0.resnets.0", "up_blocks.0.attentions.0"),
        ("up_blocks.0.resnets.1", "up_blocks.0.attentions.1", "up_blocks.0.upsamplers.0"),
        ("up_blocks.1.resnets.0",),
        ("up_blocks.1.resnets.1",),
        ("up_blocks.1.resnets.2",),
    ]
    assert [unit.name for unit in parts.skips(model)] == [f"skip_0{number}" for number in range(1, 6)]
    assert [(unit.name, unit.level, unit.index) for unit in parts.blocks(model)][1:3] == [
        ("block_02", 0, 1),
        ("block_03", 1, 0),
    ]
    assert parts.blocks(model)[1].address == "up_blocks.0.upsamplers.0"


def level(resnets: int, attentions: int, downs: int, ups: int = 0) -> nn.Module:
    made = nn.Module()
    for name, count in (("resnets", resnets), ("attentions", attentions), ("downsamplers", downs), ("upsamplers", ups)):
        setattr(made, name, nn.ModuleList(nn.Identity() for _ in range(count)) if count else None)
    return made


def test_a_decoder_that_does_not_take_every_skip_is_one_sentence() -> None:
    model = nn.Module()
    model.down_blocks, model.up_blocks = nn.ModuleList([level(2, 0, 0)]), nn.ModuleList([level(2, 0, 0)])
    with pytest.raises(UserError, match="decoder has 2 blocks for 3 skips, but each block must take one"):
        parts.blocks(model)


def test_every_unit_of_the_encoder_and_decoder_is_in_one_part(subject) -> None:
    addresses = [a for unit in [*parts.skips(subject.model), *parts.blocks(subject.model)] for a in unit.addresses]
    assert len(set(addresses)) == len(addresses)
    units = [name for name, module in subject.model.named_modules() if type(module).__name__ in BUILDING]
    assert all(inside(name, [*addresses, "mid_block"]) for name in units)
    assert all(any(inside(name, [address]) for name in units) for address in addresses if address != "conv_in")


def test_each_block_takes_the_skip_across_from_it(subject) -> None:
    forms, model = parts.forms(subject), subject.model
    encoder, decoder = parts.skips(model), parts.blocks(model)
    for unit, before in zip(decoder[1:], decoder, strict=False):
        skip = forms[encoder[len(decoder) - unit.number].name].shape
        below = forms[before.name].shape
        assert model.get_submodule(unit.addresses[0]).norm1.num_channels == below[0] + skip[0]
        assert below[1:] == skip[1:], unit.name


def test_the_table_says_what_the_parts_give(subject) -> None:
    table, forms = parts.table(subject), parts.forms(subject)
    assert list(table.name) == [u.name for u in [*parts.skips(subject.model), *parts.blocks(subject.model)]]
    last = [forms[row.name].shape for row in table.itertuples()]
    assert list(zip(table.channels, table.resolution, strict=True)) == [(c, side) for c, side, _ in last]
    assert all(torch.Size(shape)[1] == shape[2] for shape in last)


def test_guidance_costs_a_second_pass(told) -> None:
    one, two = parts.table(told()), parts.table(told(3.0))
    assert (two.multiply_adds == 2 * one.multiply_adds).all()

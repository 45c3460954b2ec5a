"""A network without some parts is, bit for bit, the whole one with something else in their place."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import chain, combinations

import pytest
import torch
from diffusers import UNet2DModel
from torch.utils.flop_counter import FlopCounterMode

from pipeline.anatomy import parts
from pipeline.anatomy.parts import Form, UNet, recording
from pipeline.anatomy.without import Fill, Reduced
from pipeline.diffusion.subject import Subject
from pipeline.errors import UserError

ARMS: dict[str, dict] = {
    "attention": {},
    "three levels": {"channels": [8, 8, 16]},
    "no encoder blocks, never told t": {"channels": [8, 8], "res_blocks": 0, "time_embedding": False},
    "projections": {"channels": [8, 16], "res_blocks": 0, "projections": True},
}
TOLD: dict[str, dict] = {
    "told words": {},
    "an odd side, no middle": {"sample_size": 7, "mid_block_type": None},
}


@pytest.fixture(params=[*ARMS, *TOLD])
def subject(request: pytest.FixtureRequest, variant, told) -> Subject:
    return variant(**ARMS[request.param]) if request.param in ARMS else told(**TOLD[request.param])


def call(subject: Subject, network: UNet) -> torch.Tensor:
    x = torch.randn(3, *subject.shape, generator=torch.Generator().manual_seed(2))
    return subject.predict(network, x, 300, torch.tensor([0, 2, 1]))


def some_sets(count: int) -> Iterable[frozenset[int]]:
    """Every set of a few skips; of many: those from the top, from the bottom, and each alone."""
    numbers = range(1, count + 1)
    if count <= 5:
        return map(frozenset, chain.from_iterable(combinations(numbers, size) for size in range(count + 1)))
    singles = [frozenset({number}) for number in numbers]
    return {
        frozenset(),
        *singles,
        *(frozenset(numbers[:i]) for i in numbers),
        *(frozenset(numbers[i:]) for i in numbers),
    }


def replaced(subject: Subject, forms: dict[str, Form], nb: int, removed: Iterable[int], fill: Fill) -> torch.Tensor:
    """The whole network, computed whole, with the parts' outputs replaced on their way to the decoder's blocks."""
    model, decoder, hooks = subject.model, parts.blocks(subject.model), []

    def stand_in(_module: torch.nn.Module, _inputs: tuple, out: object) -> object:
        tensor = torch.zeros_like(parts.first(out)) if fill.block is None else fill.block
        return (tensor,) if isinstance(out, tuple) else tensor

    def swap(number: int, before: int) -> Callable:
        """The skip comes second in the concatenated input of its block's residual block."""

        def hook(_module: torch.nn.Module, inputs: tuple) -> tuple:
            x = inputs[0].clone()
            x[:, before:] = fill.skips.get(number, torch.zeros_like(x[:, before:]))
            return (x, *inputs[1:])

        return hook

    if nb:
        hooks.append(model.get_submodule(decoder[nb - 1].address).register_forward_hook(stand_in))
    for number in removed:
        residual = model.get_submodule(decoder[len(decoder) - number].addresses[0])
        before = residual.norm1.num_channels - forms[parts.skips(model)[number - 1].name].shape[0]
        hooks.append(residual.register_forward_pre_hook(swap(number, before)))
    try:
        return call(subject, model)
    finally:
        for hook in hooks:
            hook.remove()


def recorded(subject: Subject) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """What the whole network gives, and what its parts do."""
    with recording(subject.model, [*parts.blocks(subject.model), *parts.skips(subject.model)]) as own:
        return call(subject, subject.model), own


def hooks_of(model: UNet) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


@torch.inference_mode()
def test_skipping_equals_zeroing_bit_for_bit_for_every_number_of_blocks_and_sets_of_skips(subject) -> None:
    model = subject.model
    forms, count, before, plain = (
        parts.forms(subject, 3),
        len(parts.blocks(model)),
        hooks_of(model),
        call(subject, model),
    )
    for nb in range(count + 1):
        for removed in some_sets(count):
            found = call(subject, Reduced(model, nb, removed, forms).network)
            assert torch.equal(found, replaced(subject, forms, nb, removed, Fill())), (nb, removed)
            assert torch.equal(found, plain) == (nb == 0 and not removed), (nb, removed)
    assert torch.equal(call(subject, model), plain)
    assert hooks_of(model) == before


@torch.inference_mode()
def test_another_fill_takes_the_parts_place(subject) -> None:
    forms, decoder, encoder = parts.forms(subject, 3), parts.blocks(subject.model), parts.skips(subject.model)
    _, own = recorded(subject)
    for nb in range(1, len(decoder) + 1):
        kept = range(1, len(decoder) - nb + 1)
        skips = {number: torch.randn_like(own[encoder[number - 1].name]) for number in kept}
        reduced = Reduced(subject.model, nb, frozenset(kept), forms)
        reduced.fill = Fill(torch.randn_like(own[decoder[nb - 1].name]), skips)
        found = call(subject, reduced.network)
        assert torch.equal(found, replaced(subject, forms, nb, kept, reduced.fill)), nb


@torch.inference_mode()
def test_a_part_s_own_output_changes_nothing(subject) -> None:
    forms, decoder, encoder = parts.forms(subject, 3), parts.blocks(subject.model), parts.skips(subject.model)
    plain, own = recorded(subject)
    skips = {unit.number: own[unit.name] for unit in encoder}
    for nb in range(len(decoder) + 1):
        for removed in (frozenset(), frozenset({1}), frozenset(skips)):
            reduced = Reduced(subject.model, nb, removed, forms)
            reduced.fill = Fill(own[decoder[nb - 1].name] if nb else None, skips)
            assert torch.equal(call(subject, reduced.network), plain), (nb, removed)


@torch.inference_mode()
@pytest.mark.parametrize("fill", ["zeros", "cache"])
def test_a_network_that_gets_no_skips_does_not_miss_them(variant, fill: str) -> None:
    subject = variant(skips=False)
    plain, own = recorded(subject)
    reduced = Reduced(subject.model, 0, frozenset({1, 2}), parts.forms(subject, 3))
    reduced.fill = Fill(None, {number: own[f"skip_{number:02d}"] for number in (1, 2)} if fill == "cache" else {})
    assert torch.equal(call(subject, reduced.network), plain)


@torch.inference_mode()
def test_what_is_removed_is_not_computed(subject) -> None:
    model, decoder, encoder = subject.model, parts.blocks(subject.model), parts.skips(subject.model)
    forms, count, called = parts.forms(subject, 3), len(decoder), list[str]()
    for address in ["mid_block", *(address for unit in [*encoder, *decoder] for address in unit.addresses)]:
        if address != "mid_block" or model.mid_block is not None:
            model.get_submodule(address).register_forward_hook(lambda *_, a=address: called.append(a))
    for nb in range(1, count + 1):
        for removed in some_sets(count):
            called.clear()
            call(subject, Reduced(model, nb, removed, forms).network)
            deepest = max(set(range(1, count - nb + 1)) - removed, default=1)
            expected = [*encoder[:deepest], *decoder[nb:]]
            assert called == [address for unit in expected for address in unit.addresses], (nb, removed)


def test_the_table_s_multiply_adds_are_what_leaving_parts_out_saves(subject) -> None:
    def cost(network: UNet) -> int:
        with FlopCounterMode(display=False) as counter:
            subject.predict(network, torch.zeros(1, *subject.shape), 0, torch.zeros(1).long())
        return counter.get_total_flops() // 2

    table = parts.table(subject).set_index("name")["multiply_adds"]
    forms, count = parts.forms(subject, 3), len(parts.blocks(subject.model))
    without = [cost(Reduced(subject.model, nb, frozenset(), forms).network) for nb in range(count + 1)]
    for nb in range(1, count):
        both = table[f"block_{nb + 1:02d}"] + (table[f"skip_{count - nb:02d}"] if count - nb > 1 else 0)
        assert without[nb] - without[nb + 1] == both, nb
    assert (table > 0).all()
    assert without[0] - without[1] >= table["block_01"] + table[f"skip_{count:02d}"], "and the middle"


def test_parts_that_are_not_there_are_one_sentence(variant) -> None:
    model = variant().model
    for nb, removed in ((5, frozenset()), (0, frozenset({5})), (-1, frozenset()), (0, frozenset({0}))):
        with pytest.raises(UserError, match="has 4 blocks and as many skips"):
            Reduced(model, nb, removed, {})


def test_it_is_a_network_of_its_own_kind_that_shares_the_weights(variant) -> None:
    subject = variant()
    network = Reduced(subject.model, 1, frozenset(), parts.forms(subject, 3)).network
    assert isinstance(network, UNet2DModel)
    assert {p.data_ptr() for p in network.parameters()} < {p.data_ptr() for p in subject.model.parameters()}


def test_recording_leaves_no_hook_when_it_is_interrupted_or_refuses_a_part(variant) -> None:
    model = variant().model
    (unit, *_), before = parts.blocks(model), hooks_of(model)
    within = []

    def interrupted() -> None:
        with recording(model, [unit]):
            within.append(hooks_of(model))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (within, hooks_of(model)) == ([before + 1], before)
    with pytest.raises(AttributeError), recording(model, [unit, replace(unit, addresses=("up_blocks.9",))]):
        pass
    assert hooks_of(model) == before

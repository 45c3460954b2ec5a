"""A run keeps what it needs to go on and the snapshots that it passed, and a killed one ends in the same bits."""

import contextlib
import copy
import functools
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.diffusion import checkpoint, training, unet
from tests.diffusion.runs import CPU, FIVE_UPDATES, bits


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("stop", [0, 1, 3])
def test_a_run_taken_up_again_ends_in_the_same_bits(begin, tmp_path: Path, stop: int, optimizer: str) -> None:
    begin = functools.partial(begin, optimizer=optimizer)
    whole = begin()
    rows = list(whole)
    first = begin()
    for i, _ in enumerate(first):
        if i == stop:
            break
    checkpoint.save(tmp_path / "c", "key", *first.state())
    second = begin()
    found = checkpoint.load(tmp_path / "c", "key", CPU)
    assert found is not None
    second.restore(*found)
    assert second.updates == 4 * stop
    list(second)
    assert repr(second.rows) == repr(rows)
    assert bits(second) == bits(whole)


def test_a_run_killed_between_two_checkpoints_ends_in_the_same_bits(begin, tmp_path: Path) -> None:
    whole = begin(**FIVE_UPDATES)
    rows = list(whole)

    class KilledError(Exception):
        pass

    for fatal in (1, 3, 4):
        run = begin(**FIVE_UPDATES)

        def kill(_images: int, run: training.Training = run, fatal: int = fatal) -> None:
            if run.updates == fatal:
                raise KilledError

        run.updated = kill
        with contextlib.suppress(KilledError):
            for _ in run:
                checkpoint.save(tmp_path / f"{fatal}", "key", *run.state())
        assert run.updates == fatal
        found = checkpoint.load(tmp_path / f"{fatal}", "key", CPU)
        assert found is not None
        again = begin(**FIVE_UPDATES)
        again.restore(*found)
        assert again.updates == (fatal - 1) // 2 * 2
        assert again.seconds == found[1]["seconds"] <= run.seconds
        assert (again.seconds > 0) == (again.updates > 0)
        list(again)
        assert repr(again.rows) == repr(rows)
        assert bits(again) == bits(whole)


def copied(run: training.Training) -> dict[str, torch.Tensor]:
    return copy.deepcopy(run.finished().state_dict())


def same(weights: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> bool:
    return weights.keys() == others.keys() and all(torch.equal(weights[name], others[name]) for name in weights)


@pytest.mark.parametrize("switches", [{}, {"channels_last": True}, {"precision": "bfloat16"}])
def test_a_snapshot_is_the_averaged_weights_at_the_first_whole_batch(begin, switches: dict) -> None:
    run, usual = begin(snapshots=[5, 40, 41, 45, 96, 157], **switches), begin(**switches)
    weights = {row.images_seen: copied(run) for row in run}
    assert list(weights) == [0, 8, 32, 40, 48, 64, 96, 128, 160], "a row at each"
    assert list(run.snapshots) == [8, 40, 48, 96, 160]
    for images_seen, snapshot in run.snapshots.items():
        assert same(snapshot, weights[images_seen])
        assert {tensor.device for tensor in snapshot.values()} == {CPU}
    assert not same(run.snapshots[8], run.snapshots[40])
    list(usual)
    assert usual.snapshots == {}
    assert run.losses == usual.losses
    assert bits(run) == bits(usual)


def test_a_snapshot_is_a_network_of_its_own(begin, tiny) -> None:
    run = begin(snapshots=[32])
    for row in run:
        if row.images_seen == 32:
            x, t, labels = torch.randn(2, 1, 8, 8), torch.tensor([3, 900]), torch.tensor([0, 2])
            with torch.inference_mode():
                then = unet.output(run.finished(), x, t, labels)
    model = tiny(seed=9).eval()
    model.load_state_dict(run.snapshots[32])
    with torch.inference_mode():
        assert torch.equal(unet.output(model, x, t, labels), then)
        assert not torch.equal(unet.output(run.finished(), x, t, labels), then)


def test_there_is_a_loss_of_every_update_and_a_row_s_is_their_mean(begin) -> None:
    run = begin(snapshots=[5, 40])
    rows = list(run)
    assert len(run.losses) == run.updates_total == 20
    seen = [row.images_seen // 8 for row in rows]
    assert seen == [0, 1, 4, 5, 8, 12, 16, 20]
    for row, (first, last) in zip(rows[1:], pairwise(seen), strict=True):
        assert row.train_loss == pytest.approx(np.mean(run.losses[first:last]), rel=1e-12)


@pytest.mark.parametrize("every", [8, 32])
@pytest.mark.parametrize("fatal", [3, 5, 6, 8, 9])
def test_snapshots_and_losses_outlive_a_killed_run_bit_for_bit(begin, tmp_path: Path, fatal: int, every: int) -> None:
    changes = {"images": 80, "snapshots": [40, 50], "difference": {"learned_variance": True}}
    whole = begin(**changes)
    rows = list(whole)
    assert list(whole.snapshots) == [40, 56]

    class KilledError(Exception):
        pass

    run, kept = begin(**changes), []

    def kill(_images: int) -> None:
        if run.updates == fatal:
            raise KilledError

    run.updated = kill
    with contextlib.suppress(KilledError):
        for row in run:
            if row.images_seen % every == 0:
                checkpoint.save(tmp_path / "c", "key", *run.state())
                kept = list(run.snapshots)
    again = begin(**changes)
    again.restore(*checkpoint.load(tmp_path / "c", "key", CPU))
    assert list(again.snapshots) == kept
    assert len(again.losses) == again.updates < fatal
    list(again)
    assert again.losses == whole.losses
    assert list(again.snapshots) == list(whole.snapshots)
    assert all(same(again.snapshots[images_seen], whole.snapshots[images_seen]) for images_seen in whole.snapshots)
    assert repr(again.rows) == repr(rows)
    assert bits(again) == bits(whole)

"""A run that is kept goes on from its last checkpoint, is never trained twice, and leaves other runs' files alone."""

from pathlib import Path

from pipeline.diffusion import checkpoint
from pipeline.diffusion.resumed import Kept
from tests.diffusion.runs import bits

KEY, OTHER = (checkpoint.key([name], "data") for name in ("one", "another"))


def test_a_run_that_was_cut_off_goes_on_and_ends_in_the_same_bytes(begin, tmp_path: Path) -> None:
    whole = begin()
    rows = list(whole)
    kept, first = Kept(tmp_path, "run-0", KEY), begin()
    assert not kept.restore(first)
    for row in kept.rows(first, 64):
        if row.images_seen == 96:
            break
    assert list(tmp_path.iterdir()) == [kept.unfinished]
    again = begin()
    assert kept.restore(again)
    assert again.images_seen == 64, "a checkpoint is written about every 64 images"
    new = list(kept.rows(again, 64))
    assert [row.images_seen for row in new] == [96, 128, 160]
    assert repr(again.rows) == repr(rows)
    assert bits(again) == bits(whole)
    assert list(tmp_path.iterdir()) == [kept.finished]


def test_a_finished_run_is_not_trained_again(begin, tmp_path: Path) -> None:
    kept, run = Kept(tmp_path, "run-0", KEY), begin()
    assert len(list(kept.rows(run, 32))) == 6
    again = begin()
    updates: list[int] = []
    again.updated = updates.append
    assert kept.restore(again)
    assert list(kept.rows(again, 32)) == updates == []
    assert bits(again) == bits(run)


def test_other_runs_checkpoints_stay_but_for_the_finished_one_that_it_replaces(begin, tmp_path: Path) -> None:
    older, mine = Kept(tmp_path, "run-0", OTHER), Kept(tmp_path, "run-0", KEY)
    beside = Kept(tmp_path, "run-1", OTHER)
    for left in (older.finished, older.unfinished, beside.finished):
        left.write_bytes(b"another run's")
    run = begin()
    assert not mine.restore(run), "the key is of other parameters"
    list(mine.rows(run, 32))
    assert set(tmp_path.iterdir()) == {mine.finished, older.unfinished, beside.finished}

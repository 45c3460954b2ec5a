"""A checkpoint is whole and of this run, or it is not taken."""

import errno
import resource
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from pipeline.diffusion import checkpoint
from pipeline.errors import UserError

CPU = torch.device("cpu")
TENSORS = {"a": torch.arange(6.0).view(2, 3), "b": torch.tensor(3)}
STATE = {"updates": 7, "rows": [{"loss": 0.1 + 0.2, "first": float("nan")}]}


def test_tensors_and_state_come_back_exactly(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "deep" / "c", "key", {**TENSORS, "view": TENSORS["a"].T}, STATE)
    found = checkpoint.load(tmp_path / "deep" / "c", "key", CPU)
    assert found is not None
    tensors, state = found
    assert torch.equal(tensors["a"], TENSORS["a"])
    assert torch.equal(tensors["view"], TENSORS["a"].T)
    assert tensors["b"].dtype == torch.int64
    assert state["updates"] == 7
    assert state["rows"][0]["loss"] == 0.1 + 0.2


def test_none_other_than_this_run_s_whole_one_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "c"
    assert checkpoint.load(path, "key", CPU) is None
    checkpoint.save(path, "key", TENSORS, STATE)
    assert checkpoint.load(path, "another", CPU) is None
    whole = path.read_bytes()
    for length in (0, 5, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert checkpoint.load(path, "key", CPU) is None


@pytest.mark.parametrize("metadata", [None, {"key": "key"}, {"key": "key", "state": "{half"}])
def test_a_file_of_another_kind_is_not_taken(tmp_path: Path, metadata: dict | None) -> None:
    save_file(TENSORS, tmp_path / "c", metadata=metadata)
    assert checkpoint.load(tmp_path / "c", "key", CPU) is None


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        SafetensorError("I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_one_sentence_and_the_checkpoint_before_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    checkpoint.save(tmp_path / "c", "key", TENSORS, STATE)

    def full(_tensors: dict, path: Path, metadata: dict) -> None:
        Path(path).write_bytes(b"half")
        raise error

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(UserError, match=r"no space left on the disk for the checkpoint .*c \(") as caught:
        checkpoint.save(tmp_path / "c", "key", TENSORS, {"updates": 8})
    assert "\n" not in str(caught.value)
    found = checkpoint.load(tmp_path / "c", "key", CPU)
    assert found is not None
    assert found[1]["updates"] == 7
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


def test_any_other_trouble_is_not_taken_for_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(checkpoint, "save_file", denied)
    with pytest.raises(PermissionError):
        checkpoint.save(tmp_path / "c", "key", TENSORS, STATE)


def test_a_write_that_the_system_stops_half_way_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "c", "key", {"a": torch.ones(3)}, {"updates": 7})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, limits[1]))
    try:
        # a full disk reaches safetensors in the same way, with the system's other sentence
        with pytest.raises(SafetensorError, match=r"File too large \(os error 27\)"):
            checkpoint.save(tmp_path / "c", "key", {"a": torch.zeros(2**18)}, {"updates": 8})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    found = checkpoint.load(tmp_path / "c", "key", CPU)
    assert found is not None
    assert found[1] == {"updates": 7}
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_a_key_is_of_the_values_and_of_the_code_in_the_rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "PIPELINE", tmp_path)
    for room in ("data", "judges"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "code.py").write_text("a = 1")
    key = checkpoint.key([1, "a"], "data")
    assert checkpoint.key([1, "b"], "data") != key
    (tmp_path / "judges/code.py").write_text("a = 2")
    assert checkpoint.key([1, "a"], "data") == key, "code of another room"
    (tmp_path / "data/code.py").write_text("a = 2")
    assert checkpoint.key([1, "a"], "data") != key

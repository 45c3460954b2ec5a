"""A program of ours ends in a sentence or at once, and leaves nothing undone."""

import errno
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from pipeline import errors

PROGRAM = """
import atexit, sys
from pipeline import errors
def main():
    atexit.register(lambda: print("done at the end"))
    class Slow:
        def __del__(self): print("taken apart")
    main.kept = Slow()
    print("worked", end="")
    {last}
if __name__ == "__main__":
    errors.run(main)
"""


@pytest.mark.parametrize(
    ("last", "status", "out", "err"),
    [
        ("pass", 0, "workeddone at the end\n", ""),
        ("raise errors.UserError('that is no good.')", 1, "worked", "error: that is no good."),
        ("raise KeyboardInterrupt", 130, "worked", "interrupted: finished results are kept"),
    ],
)
def test_a_program_ends_as_it_should(tmp_path: Path, last: str, status: int, out: str, err: str) -> None:
    (tmp_path / "program.py").write_text(PROGRAM.format(last=last))
    done = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == status
    assert done.stdout.startswith(out)
    assert done.stderr.startswith(err)
    assert ("taken apart" in done.stdout) == (status != 0), "where all went well nothing is taken apart"


class _Guided(BaseModel):
    guidance: float


def _invalid() -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        _Guided.model_validate({"guidance": "much"})
    return caught.value


KNOWN = {
    "a full disk": (OSError(errno.ENOSPC, "No space left on device", "out/a.npy"), "no space left .* out/a.npy"),
    "a full quota": (OSError(errno.EDQUOT, "Disk quota exceeded", "out"), "no space left on the disk that holds out"),
    "NumPy's full disk": (OSError("74688 requested and 65408 written"), "no space left"),
    "safetensors' full disk": (RuntimeError("Error: I/O error: No space left on device (os error 28)"), "no space"),
    "NumPy's memory": (MemoryError("Unable to allocate 8.00 TiB for an array"), "memory is too small .*8.00 TiB"),
    "PyTorch's memory": (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "memory is too small"),
    "CUDA's memory": (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), "smaller batches take less"),
    "no permission": (PermissionError(errno.EACCES, "Permission denied", "a.json"), r"a.json cannot .*\(Permission"),
    "a long name": (OSError(errno.ENAMETOOLONG, "File name too long", "a" * 300), "File name too long"),
    "pydantic": (_invalid(), "guidance is 'much', but Input should be a valid number"),
    "our own": (errors.UserError("that is no good."), "that is no good."),
}


@pytest.mark.parametrize("case", KNOWN)
def test_what_others_raise_is_a_sentence(case: str) -> None:
    error, said = KNOWN[case]
    sentence = errors.sentence(error)
    assert sentence is not None
    assert re.search(said, sentence), sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), RuntimeError("shapes differ"), OSError("x")])
def test_a_mistake_of_ours_keeps_its_traceback(error: Exception) -> None:
    assert errors.sentence(error) is None


def test_a_sentence_is_one_line_and_never_endless() -> None:
    said = str(errors.UserError("begin\n" + "x" * 10**6 + " end"))
    assert "\n" not in said
    assert said.startswith("begin ")
    assert said.endswith(" end")
    assert len(said) < errors.LONGEST + 10

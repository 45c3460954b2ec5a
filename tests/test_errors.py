"""A program of ours ends in a sentence or at once, and leaves nothing undone."""

import subprocess
import sys
from pathlib import Path

import pytest

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

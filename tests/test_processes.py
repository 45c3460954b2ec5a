"""Items worked on side by side, each in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.processes import side_by_side


@pytest.mark.parametrize(("at_once", "processes"), [(1, 1), (2, 3), (8, 3)])
def test_every_item_is_done_once_in_a_process_of_its_own(tmp_path: Path, at_once: int, processes: int) -> None:
    def work(item: int) -> list[int]:
        (tmp_path / str(item)).write_text(str(os.getpid()))
        return [item] * 100_000  # more than a pipe holds

    given = side_by_side(work, [0, 1, 2], at_once)
    assert [(each[0], len(each)) for each in given] == [(0, 100_000), (1, 100_000), (2, 100_000)]
    ran_in = {path.name: int(path.read_text()) for path in tmp_path.iterdir()}
    assert set(ran_in) == {"0", "1", "2"}
    assert len(set(ran_in.values())) == processes
    assert (os.getpid() in ran_in.values()) == (at_once == 1)


SPAWNING = """
import os, sys
from functools import partial
from pathlib import Path
from pipeline.errors import UserError
from pipeline.processes import side_by_side

def write(folder, item):
    if item == 9:
        raise UserError("9 is refused.")
    (folder / str(item)).write_text(f"{os.getpid()} {os.getppid()}")

if __name__ == "__main__":
    side_by_side(partial(write, Path(sys.argv[1])), [int(item) for item in sys.argv[2:]], 3, "spawn")
"""


def test_a_child_that_is_spawned_does_the_same(tmp_path: Path) -> None:
    script, out = tmp_path / "script.py", tmp_path / "out"
    script.write_text(SPAWNING)
    out.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}

    def run(*items: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(script), str(out), *items]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    done = run("0", "1", "2")
    assert done.returncode == 0, done.stderr
    processes, parents = zip(*(path.read_text().split() for path in out.iterdir()), strict=True)
    assert (len(set(processes)), len(set(parents))) == (3, 1)
    refused = run("3", "9")
    assert refused.returncode == 1
    assert "UserError: 9 is refused." in refused.stderr


@pytest.mark.parametrize(("items", "most"), [(4, 2), (5, 3), (3, 3)])
def test_no_more_than_so_many_go_at_a_time(tmp_path: Path, items: int, most: int) -> None:
    def work(item: int) -> None:
        (tmp_path / f"{item}.at").touch()
        time.sleep(0.5)
        (tmp_path / f"{item}.seen").write_text(str(len(list(tmp_path.glob("*.at")))))
        (tmp_path / f"{item}.at").unlink()

    side_by_side(work, range(items), 2)
    assert max(int(path.read_text()) for path in tmp_path.glob("*.seen")) <= most


def test_the_first_error_stops_the_others_and_is_raised_here(tmp_path: Path) -> None:
    def work(item: int) -> None:
        if item == 1:
            raise UserError("the loss of replica 1 became nan.")
        time.sleep(60)

    start = time.perf_counter()
    with pytest.raises(UserError, match=r"^the loss of replica 1 became nan\.$"):
        side_by_side(work, [0, 1, 2], 2)
    assert time.perf_counter() - start < 30


def test_a_child_that_is_killed_is_a_sentence() -> None:
    with pytest.raises(UserError, match=r"the process of [78] was ended by signal 9; what it had finished is kept"):
        side_by_side(lambda item: os.kill(os.getpid(), signal.SIGKILL), [7, 8], 2)


def test_a_child_ends_with_its_parent_whatever_ended_it(tmp_path: Path) -> None:
    program = (
        "import os, time; from pathlib import Path; from pipeline.processes import side_by_side\n"
        f"write = lambda item: Path({str(tmp_path)!r}, str(item)).write_text(str(os.getpid()))\n"
        "side_by_side(lambda item: (write(item), time.sleep(300)), [0, 1], 2)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
    while len([path for path in tmp_path.iterdir() if path.read_text()]) < 2:
        time.sleep(0.02)
    children = [int(path.read_text()) for path in tmp_path.iterdir()]
    parent.kill()
    parent.wait()
    until = time.monotonic() + 30
    while any(_runs(child) for child in children) and time.monotonic() < until:
        time.sleep(0.02)
    assert not any(_runs(child) for child in children)


def _runs(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False

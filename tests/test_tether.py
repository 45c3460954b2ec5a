"""What a killed program has started ends too, and what starts anew waits for what is ending."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline import tether

STAGE = """
import sys, time
from pathlib import Path
from pipeline import errors
def main():
    Path(sys.argv[1]).write_text("begun")
    try:
        while True:
            time.sleep(0.05)
    finally:
        Path(sys.argv[1]).write_text("tidied up")
errors.run(main)
"""
STARTER = "import subprocess, sys; subprocess.run({command})"
IGNORING = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "  # as a script's shell does for its jobs


def wait_until(holds: object, seconds: float = 30) -> None:
    patience = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < patience
        time.sleep(0.05)


@pytest.fixture
def stage(tmp_path: Path) -> list[str]:
    (tmp_path / "stage.py").write_text(STAGE)
    return [sys.executable, str(tmp_path / "stage.py"), str(tmp_path / "said")]


def start(starter: list[str], tmp_path: Path, **environment: str) -> "subprocess.Popen[bytes]":
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **environment}
    process = subprocess.Popen(starter, env=env, cwd=tmp_path, stderr=subprocess.DEVNULL)
    wait_until((tmp_path / "said").exists)
    return process


@pytest.mark.parametrize("before", ["", IGNORING], ids=["in the foreground", "in the background"])
@pytest.mark.parametrize("through_a_shell", [False, True])
def test_a_stage_ends_with_the_dvc_that_was_killed(
    tmp_path: Path, stage: list[str], through_a_shell: bool, before: str
) -> None:
    command = ["/bin/sh", "-c", f"{' '.join(stage)}; true"] if through_a_shell else stage
    starter = start([sys.executable, "-c", before + STARTER.format(command=command)], tmp_path, DVC_STAGE="toy")
    starter.kill()
    starter.wait()
    wait_until(lambda: (tmp_path / "said").read_text() == "tidied up")


def test_a_stage_ends_with_the_flow_that_was_killed_though_dvc_is_there(tmp_path: Path, stage: list[str]) -> None:
    flow = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    starter = [sys.executable, "-c", STARTER.format(command=stage)]
    dvc = start(starter, tmp_path, DVC_STAGE="toy", ANATOMY_FLOW=str(flow.pid))
    flow.kill()
    wait_until(lambda: (tmp_path / "said").read_text() == "tidied up")
    flow.wait()
    assert dvc.wait(30) == 0


def test_a_stage_that_was_started_by_hand_stays(tmp_path: Path, stage: list[str]) -> None:
    code = f"import subprocess as s; print(s.Popen({stage}, stdout=s.DEVNULL, stderr=s.DEVNULL).pid)"
    started = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    process = int(started.stdout)
    wait_until((tmp_path / "said").exists)
    time.sleep(5 * tether.EVERY)
    assert (tmp_path / "said").read_text() == "begun"
    os.kill(process, signal.SIGTERM)
    wait_until(lambda: (tmp_path / "said").read_text() == "tidied up")


def test_a_stage_waits_for_its_like_that_is_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".dvc").mkdir()
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("DVC_STAGE", "train@wide-0")
    code = "import time\nfrom pipeline import tether\nwith tether.alone():\n print('mine', flush=True)\n time.sleep(1)"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    other = subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"mine\n"
    with tether.alone():
        assert other.wait(5) == 0, "the other one is done"
    other.stdout.close()


def test_it_knows_parents() -> None:
    assert tether.parent_of(os.getpid()) == os.getppid()
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert tether.parent_of(child.pid) == os.getpid()
    child.kill()
    child.wait()
    assert tether.parent_of(child.pid) == 0


FLOW = """
import subprocess, sys, time
from pathlib import Path
from pipeline import tether
tether.guard()
server = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
time.sleep(3)
Path(sys.argv[1]).write_text(str(server.pid))
time.sleep(300)
"""


def test_what_a_killed_flow_started_beside_its_stages_ends(tmp_path: Path) -> None:
    flow = start([sys.executable, "-c", FLOW, str(tmp_path / "said")], tmp_path)
    wait_until(lambda: (tmp_path / "said").read_text())
    server = int((tmp_path / "said").read_text())
    assert tether.parent_of(server) == flow.pid
    flow.kill()
    flow.wait()
    wait_until(lambda: not tether._is_there(server))

"""The flow over a toy DVC project: same files as `dvc repro`, failures contained, nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.orchestration.graph import Graph

TOY = """
stages:
  first: {cmd: "python -c \\"print('hello from first'); open('a', 'w').write('1')\\"", outs: [a]}
  left: {cmd: "python left.py", deps: [a, left.py], outs: [b]}
  right: {cmd: "python -c \\"open('c', 'w').write(open('a').read() + 'r')\\"", deps: [a], outs: [c]}
  last: {cmd: "python -c \\"open('d', 'w').write(open('b').read() + open('c').read())\\"", deps: [b, c], outs: [d]}
"""
GOOD = "open('b', 'w').write(open('a').read() + 'l')\n"
RUN = """
import sys
from pipeline import errors
from pipeline.orchestration import flow
from pipeline.params import Flow
params = Flow(workers=2, timeout_minutes=float(sys.argv[1]), retries=int(sys.argv[2]))
def main():
    for o in flow.run(params):
        print("outcome", o.stage, "ran" if o.ran else "unchanged")
errors.run(main)
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text(TOY)
    (tmp_path / "left.py").write_text(GOOD)
    (tmp_path / "run.py").write_text(RUN)
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, cwd=tmp_path, check=True, env=environment(tmp_path))
    return tmp_path


def environment(root: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PREFECT_HOME": str(root.parent / "prefect"), "DVC_NO_ANALYTICS": "1"}


def start(root: Path, timeout_minutes: float = 5, retries: int = 1) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "run.py", str(timeout_minutes), str(retries)],
        cwd=root,
        env=environment(root),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def alive(root: Path) -> list[str]:
    """Command lines of the other processes that work in this folder."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name not in ("self", "thread-self", str(os.getpid())) and (process / "cwd").readlink() == root:
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_the_flow_gives_what_repro_gives_and_then_has_nothing_to_do(toy: Path) -> None:
    process = start(toy)
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 0, said
    assert "first | hello from first" in said, "the stage's output is in the log"
    by_flow = {name: (toy / name).read_text() for name in "abcd"}
    assert by_flow == {"a": "1", "b": "1l", "c": "1r", "d": "1l1r"}
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "repro"], cwd=toy, env=environment(toy), capture_output=True, text=True
    )
    assert "Running stage" not in done.stdout
    (toy / "left.py").write_text(GOOD + "# changed\n")
    assert Graph().stale == ["left", "last"]


def test_a_failed_stage_is_named_and_what_hangs_on_it_left_out(toy: Path) -> None:
    (toy / "left.py").write_text("import sys; sys.exit('error: the left hand does not know.')\n")
    process = start(toy)
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 1
    last = next(line for line in said.splitlines() if line.startswith("error: "))
    assert "stage left: the left hand does not know" in last
    assert "left out, because they need what failed: last." in last
    assert (toy / "c").is_file(), "the other branch ran"
    assert not (toy / "d").exists()
    assert said.count("| error: the left hand") == 1, "what is the user's to mend is not tried again"


def test_bad_luck_is_tried_again_as_often_as_asked(toy: Path) -> None:
    unlucky = "import os\nif not os.path.exists('tried'):\n    open('tried', 'w').close()\n    raise OSError('lost')\n"
    (toy / "left.py").write_text(unlucky + GOOD)
    process = start(toy, retries=1)
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 0, said
    assert said.count("left | OSError: lost") == 1
    assert (toy / "d").read_text() == "1l1r"


@pytest.mark.parametrize("how", ["timeout", "interrupt", "terminate"])
def test_an_ended_flow_leaves_no_child_and_no_lock(toy: Path, how: str) -> None:
    (toy / "left.py").write_text("import time; open('begun', 'w').close(); time.sleep(300)\n")
    process = start(toy, timeout_minutes=0.3 if how == "timeout" else 5, retries=0)
    while not (toy / "begun").exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    if how != "timeout":
        process.send_signal(signal.SIGINT if how == "interrupt" else signal.SIGTERM)
    said = process.communicate(timeout=90)[0]
    assert process.returncode == (1 if how == "timeout" else 130), said
    assert alive(toy) == []
    (toy / "left.py").write_text(GOOD)
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "repro"], cwd=toy, env=environment(toy), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (toy / "d").read_text() == "1l1r"

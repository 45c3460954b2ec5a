"""The flow over a toy DVC project: same files as `dvc repro`, failures contained, nothing left behind."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipeline.orchestration import children
from pipeline.orchestration.children import Children
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
def toy(dvc: Path) -> Path:
    (dvc / "dvc.yaml").write_text(TOY)
    (dvc / "left.py").write_text(GOOD)
    (dvc / "run.py").write_text(RUN)
    return dvc


def environment(root: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PREFECT_HOME": str(root.parents[1] / "prefect"), "DVC_NO_ANALYTICS": "1"}


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


def repro(root: Path) -> str:
    """What `dvc repro` says in this folder."""
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "repro"], cwd=root, env=environment(root), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_flow_gives_what_repro_gives_for_all_bad_luck_and_then_has_nothing_to_do(toy: Path) -> None:
    unlucky = "import os\nif not os.path.exists('tried'):\n    open('tried', 'w').close()\n    raise OSError('lost')\n"
    (toy / "left.py").write_text(unlucky + GOOD)
    process = start(toy, retries=1)
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 0, said
    assert said.count("left | OSError: lost") == 1, "bad luck is tried again as often as asked"
    assert "first | hello from first" in said, "the stage's output is in the log"
    by_flow = {name: (toy / name).read_text() for name in "abcd"}
    assert by_flow == {"a": "1", "b": "1l", "c": "1r", "d": "1l1r"}
    assert "Running stage" not in repro(toy)
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


def test_a_terminated_flow_leaves_no_child_and_no_lock(toy: Path) -> None:
    (toy / "left.py").write_text("import time; open('begun', 'w').close(); time.sleep(300)\n")
    process = start(toy, retries=0)
    while not (toy / "begun").exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=90)[0]
    assert process.returncode == 130, said
    assert alive(toy) == []
    (toy / "left.py").write_text(GOOD)
    repro(toy)
    assert (toy / "d").read_text() == "1l1r"


def test_a_stage_that_takes_too_long_leaves_no_child_and_no_lock(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.orchestration import flow

    monkeypatch.setattr(flow, "get_run_logger", lambda: logging.getLogger("toy"))
    (toy / "dvc.yaml").write_text(TOY.replace("deps: [a, left.py]", "deps: [left.py]"))
    (toy / "left.py").write_text("import time; open('begun', 'w').close(); time.sleep(300)\n")

    class AsSoonAsItHasBegun(threading.Timer):
        def run(self) -> None:
            assert self.interval == 0.6
            while not self.finished.wait(0.05):
                if (toy / "begun").exists():
                    self.function()
                    return

    monkeypatch.setattr(threading, "Timer", AsSoonAsItHasBegun)
    outcome = flow._reproduce("left", 0.01, Children())
    assert (toy / "begun").exists()
    assert (outcome.reason, outcome.mine) == ("not done in 0.01 minutes", False)
    assert alive(toy) == []
    (toy / "left.py").write_text("open('b', 'w').write('l')\n")
    repro(toy)


SLEEPY = "import subprocess, sys; print('begun', flush=True); subprocess.run([sys.executable, '-c', {nested!r}])"
STUBBORN = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(300)"


@pytest.mark.parametrize("nested", ["import time; time.sleep(300)", STUBBORN])
def test_a_command_that_takes_too_long_is_ended_with_its_own_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nested: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(children, "GRACE_SECONDS", 1.0)
    said: list[str] = []
    command = [sys.executable, "-c", SLEEPY.format(nested=nested)]
    assert Children().run(command, dict(os.environ), 1.5, said.append) is None
    assert said[0] == "begun"
    assert alive(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_ends_the_flow_ends_its_children_and_gives_the_signals_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    from pipeline.orchestration import flow

    monkeypatch.chdir(tmp_path)
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    under_way, begun, statuses = Children(), threading.Event(), list[int | None]()
    command = [sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(300)"]

    def work() -> None:
        for _ in range(2):  # the second is not begun any more
            statuses.append(under_way.run(command, dict(os.environ), 300, lambda line: begun.set()))

    def wait_for_it() -> None:
        with flow._ended_with_us(under_way):
            worker.start()
            assert begun.wait(30)
            os.kill(os.getpid(), number)
            time.sleep(30)

    worker = threading.Thread(target=work)
    with pytest.raises(KeyboardInterrupt):
        wait_for_it()
    worker.join(30)
    assert statuses == [-signal.SIGINT, -signal.SIGINT]
    assert alive(tmp_path) == []
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before

"""A process that ends with the ones that it was started for, whatever ended them, and starts when they have ended.

DVC starts a stage through a shell, and the flow starts DVC. Killed by a signal that cannot be caught, neither can end
what it has started; so a stage looks by itself, several times a second, whether they are still there.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

EVERY = 0.2  # seconds between two looks
GRACE_SECONDS = 10.0  # for a process to end by itself once it has been interrupted
FLOW = "ANATOMY_FLOW"  # environment variable: the process id of the flow that started this process
STAGE, ROOT = "DVC_STAGE", "DVC_ROOT"  # what DVC tells each stage: its name and the project's folder
SHELLS = ("sh", "bash", "dash", "zsh", "fish", "ksh")


def tie() -> None:
    """Let this process end soon after the DVC or the flow that started it; one that a user started by hand stays.

    It is interrupted first, so that it removes what it has half written, and killed after some seconds. A process that
    leads a group, such as the DVC that the flow started, ends with its group.
    """
    if STAGE in os.environ or FLOW in os.environ:
        _start_watching(_lineage())


def tie_to_parent() -> None:
    """Let this process, a child that `multiprocessing` started, end soon after its parent. Threads of the parent are
    not in it."""
    _start_watching([(os.getpid(), os.getppid())])


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Within the block, no other process runs this stage in this project: one that is still ending is waited for."""
    if STAGE not in os.environ or not (Path(os.environ.get(ROOT, "")) / ".dvc").is_dir():
        yield
        return
    folder = Path(os.environ[ROOT]) / ".dvc" / "tmp"
    folder.mkdir(exist_ok=True)
    with open(folder / f"stage-{os.environ[STAGE].replace('/', '-')}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # given back by the system when the other process has ended, however it did
        yield


def _lineage() -> list[tuple[int, int]]:
    """Return (child, parent) for each process that must stay another's child: this one, the shell that DVC may have put
    between, and what FLOW names."""
    me, parent = os.getpid(), os.getppid()
    found = [(me, parent)]
    if _name(parent) in SHELLS:
        found.append((parent, parent_of(parent)))
    return found


def _start_watching(lineage: list[tuple[int, int]]) -> None:
    # A shell starts the background jobs of a script with SIGINT ignored, and so is it in all that these start.
    deaf = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    interrupt = signal.SIGTERM if deaf else signal.SIGINT
    threading.Thread(target=_watch, args=(lineage, interrupt), daemon=True).start()


def _watch(lineage: list[tuple[int, int]], interrupt: signal.Signals) -> None:
    flow = int(os.environ.get(FLOW, "0"))
    while all(parent_of(child) == parent for child, parent in lineage) and (not flow or _is_there(flow)):
        time.sleep(EVERY)
    _end(interrupt)
    time.sleep(GRACE_SECONDS)
    _end(signal.SIGKILL)


def _end(number: signal.Signals) -> None:
    me = os.getpid()
    (os.killpg if os.getpgrp() == me else os.kill)(me, number)


def parent_of(process: int) -> int:
    """Return the id of a process's parent, or 0 where there is no such process."""
    if process == os.getpid():
        return os.getppid()
    return int(_status(process, "PPid", "ppid") or 0)


def _name(process: int) -> str:
    return Path(_status(process, "Name", "comm")).name.lstrip("-")


def _is_there(process: int) -> bool:
    state = _status(process, "State", "stat")
    return bool(state) and not state.startswith(("Z", "X"))  # one that nobody has waited for has ended too


def _status(process: int, key: str, column: str) -> str:
    """Return what the system says of a process, or an empty text where there is none. key: in Linux's /proc; column: of
    `ps`, which other systems are asked by."""
    if sys.platform != "linux":
        asked = subprocess.run(
            ["ps", "-o", f"{column}=", "-p", str(process)], capture_output=True, text=True, check=False
        )
        return asked.stdout.strip()
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(f"{key}:")), "")


def run() -> None:
    """Run a module, such as DVC, in this process, which `import pipeline` has tied; its name and its arguments are
    those of the program."""
    import runpy

    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def guard() -> "subprocess.Popen[bytes]":
    """Start a process that ends the other programs of this one's group which this process started, such as Prefect's
    server, once this process is gone. Those that lead groups of their own end by themselves."""
    command = [sys.executable, __file__, str(os.getpid())]
    return subprocess.Popen(command, cwd="/", start_new_session=True, stdin=subprocess.DEVNULL)


def _guard(flow: int) -> None:
    import psutil

    children = set[psutil.Process]()
    try:
        group, watched = os.getpgid(flow), psutil.Process(flow)
        while watched.is_running() and watched.status() != psutil.STATUS_ZOMBIE:
            for child in watched.children():
                with contextlib.suppress(OSError):
                    if os.getpgid(child.pid) == group:
                        children.add(child)
            time.sleep(EVERY)
    except (psutil.NoSuchProcess, ProcessLookupError):
        pass  # it has ended between two looks
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.terminate()


if __name__ == "__main__":
    _guard(int(sys.argv[1]))

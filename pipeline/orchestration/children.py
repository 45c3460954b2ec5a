"""Child processes that never outlive this one: each has a session of its own, which is ended as a whole."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable

GRACE_SECONDS = 10.0


class Children:
    """The processes that are running; `end()` ends them all, and then no other one can start."""

    def __init__(self) -> None:
        self._alive: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self.ended = False

    def run(
        self, command: list[str], env: dict[str, str], timeout_seconds: float, say: Callable[[str], None]
    ) -> int | None:
        """Run a command, give each line of its output to `say` as it comes, and return its exit status, or None where
        it ran out of time."""
        with self._lock:
            if self.ended:
                return -signal.SIGINT
            process = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",  # a stray byte in a stage's output is no reason to end it
                text=True,  # universal newlines: a progress bar's carriage returns end lines too
                start_new_session=True,
            )
            self._alive.add(process)
        timed_out = threading.Event()

        def expire() -> None:
            timed_out.set()
            end(process)

        timer = threading.Timer(timeout_seconds, expire)
        timer.start()
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.strip():
                    say(line.rstrip())
            status = process.wait()
        finally:
            timer.cancel()
            end(process)
            process.stdout.close()
            with self._lock:
                self._alive.discard(process)
        return None if timed_out.is_set() else status

    def end(self) -> None:
        """Interrupt every running process, wait, and kill what is left."""
        with self._lock:
            self.ended = True
            alive = list(self._alive)
        for process in alive:
            end(process)


def end(process: "subprocess.Popen[str]") -> None:
    """Interrupt the process's whole session, give it some seconds to release its locks, then kill what is left."""
    group = process.pid
    if process.poll() is None:
        _signal(group, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
    _signal(group, signal.SIGKILL)
    process.wait()
    patience = time.monotonic() + GRACE_SECONDS
    while _signal(group, 0) and time.monotonic() < patience:
        time.sleep(0.02)


def _signal(group: int, number: int) -> bool:
    """Send a signal to a process group, and say whether there is one."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True

"""The Prefect flow over DVC's own graph: a task per stage, after the stages that it needs, several at a time."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")  # its first start makes a database

from prefect import State, Task, flow, get_run_logger, task
from prefect.client.schemas.objects import TaskRun
from prefect.futures import wait
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from pipeline import tether
from pipeline.errors import UserError
from pipeline.orchestration.children import Children
from pipeline.orchestration.graph import Graph
from pipeline.params import Flow

USER_ERROR = "error: "  # how the sentence of a `UserError` begins in a stage's output
MISTAKE = "Mistake"  # the state of a stage with wrong parameters or data: trying again would not help


@dataclass(frozen=True)
class Outcome:
    """The end of a stage. seconds: how long it took; ran: whether it ran or was restored; reason: why it failed, or
    None; mine: whether the user's parameters or data are wrong."""

    stage: str
    seconds: float
    ran: bool
    reason: str | None
    mine: bool = False


def run(params: Flow) -> list[Outcome]:
    """Bring the project in the current folder up to date; a failure is a `UserError` that names the stages.

    Stages that need a failed one are left out, and all others run. An interrupt first ends every child process.
    """
    graph, children, outcomes = Graph(), Children(), dict[str, Outcome]()
    if not graph.stale:
        return []

    def worth_another_try(task: "Task[..., Any]", task_run: TaskRun, state: "State[Any]") -> bool:
        return state.name != MISTAKE and task_run.run_count <= params.retries and not children.ended

    @task(task_run_name="{stage}", retries=params.retries, retry_condition_fn=worth_another_try)
    def reproduce(stage: str) -> "State[None]":
        outcomes[stage] = outcome = _reproduce(stage, params.timeout_minutes, children)
        if outcome.reason:
            return Failed(name=MISTAKE if outcome.mine else "Failed", message=outcome.reason)
        return Completed(message="ran" if outcome.ran else "unchanged or restored")

    @flow(name="diffusion-anatomy", task_runner=ThreadPoolTaskRunner(params.workers))  # type: ignore[arg-type]
    def anatomy() -> "State[None]":
        with _ended_with_us(children):
            under_way: dict[str, Any] = {}
            for stage in graph.stale:
                needed = [under_way[name] for name in sorted(graph.dependencies[stage]) if name in under_way]
                under_way[stage] = reproduce.submit(stage, wait_for=needed, return_state=False)
            wait(list(under_way.values()))
        trouble = _trouble(graph.stale, outcomes)
        return Failed(message=trouble) if trouble else Completed()

    guardian = tether.guard()
    try:
        anatomy(return_state=True)
    finally:
        guardian.kill()
        guardian.wait()
    trouble = _trouble(graph.stale, outcomes)
    if trouble:
        raise UserError(trouble)
    return [outcomes[stage] for stage in graph.stale]


@contextlib.contextmanager
def _ended_with_us(children: Children) -> Iterator[None]:
    """End the children when the block ends, also by Ctrl-C or SIGTERM; a second signal cannot stop that.

    It is entered inside the flow, because Prefect's engine sets a SIGTERM handler of its own before.
    """
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, signal.default_int_handler) for number in signals}
    try:
        yield
    finally:
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        children.end()
        for number, handler in before.items():
            signal.signal(number, handler)


def _reproduce(stage: str, timeout_minutes: float, children: Children) -> Outcome:
    """Run one stage through DVC once, and return how it ended."""
    logger, lines, start = get_run_logger(), list[str](), time.perf_counter()
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        tether.FLOW: str(os.getpid()),
        "PYTHONUNBUFFERED": "1",  # a line reaches the log when it is printed, not when the stage ends
    }

    def say(line: str) -> None:
        lines.append(line)
        logger.info("%s | %s", stage, line)

    repro = ["dvc", "--wait-for-lock", "repro", "--single-item", stage]
    command = [sys.executable, "-c", "from pipeline import tether; tether.run()", *repro]
    status = children.run(command, env, timeout_minutes * 60, say)
    seconds, ran = time.perf_counter() - start, any(line.startswith("Running stage") for line in lines)
    if status == 0:
        return Outcome(stage, seconds, ran, None)
    said = [line.removeprefix(USER_ERROR) for line in lines if line.startswith(USER_ERROR)]
    if said:
        return Outcome(stage, seconds, ran, said[-1], mine=True)
    if status is None:
        return Outcome(stage, seconds, ran, f"not done in {timeout_minutes:g} minutes")
    own = [line for line in lines if not (line.startswith("ERROR: ") and "failed to run:" in line)]  # DVC's echo of it
    return Outcome(stage, seconds, ran, own[-1] if own else "no output")


def _trouble(stages: list[str], outcomes: dict[str, Outcome]) -> str:
    """Return in one sentence what failed and what was left out because of it; the text is empty where all is well."""
    failed = [f"stage {o.stage}: {o.reason.rstrip('.')}" for o in outcomes.values() if o.reason]
    left_out = [stage for stage in stages if stage not in outcomes]
    needed = f"left out, because they need what failed: {', '.join(left_out)}"
    return "; ".join([*failed, *([needed] if left_out else [])]) + "." if failed else ""

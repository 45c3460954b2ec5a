"""The Prefect flow over DVC's own graph: a task per stage, each after the stages it needs, as many at once as asked."""

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

from pipeline.errors import UserError
from pipeline.orchestration.children import Children
from pipeline.orchestration.graph import Graph
from pipeline.params import Flow

USER_ERROR = "error: "  # what a stage's own sentence starts with
MISTAKE = "Mistake"  # the state of a stage whose parameters or data are at fault: trying again would not help


@dataclass(frozen=True)
class Outcome:
    """How a stage ended. reason: None where all is well; mine: the user's parameters or data are at fault."""

    stage: str
    seconds: float
    ran: bool
    reason: str | None
    mine: bool = False


def run(params: Flow) -> list[Outcome]:
    """Bring the project in the current folder up to date; a failure is a `UserError` that names the stages.

    Stages that hang on a failed one are left out, all others run. An interrupt ends every child before it is passed on.
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

    anatomy(return_state=True)
    trouble = _trouble(graph.stale, outcomes)
    if trouble:
        raise UserError(trouble)
    return [outcomes[stage] for stage in graph.stale]


@contextlib.contextmanager
def _ended_with_us(children: Children) -> Iterator[None]:
    """Whatever ends the block, Ctrl-C and SIGTERM among it, ends the children; a second signal cannot cut that short.

    Entered inside the flow, whose engine puts a SIGTERM handler of its own in place of ours.
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
    """One stage through DVC, once."""
    logger, lines, start = get_run_logger(), list[str](), time.perf_counter()
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",  # a line reaches the log when it is printed, not when the stage ends
    }

    def say(line: str) -> None:
        lines.append(line)
        logger.info("%s | %s", stage, line)

    command = [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--single-item", stage]
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
    """What failed and what was left out for it, in one sentence; empty where all is well."""
    failed = [f"stage {o.stage}: {o.reason.rstrip('.')}" for o in outcomes.values() if o.reason]
    left_out = [stage for stage in stages if stage not in outcomes]
    needed = f"left out, because they need what failed: {', '.join(left_out)}"
    return "; ".join([*failed, *([needed] if left_out else [])]) + "." if failed else ""

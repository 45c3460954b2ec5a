"""The Prefect flow over DVC's own graph: a task per stage, each after the stages it needs, as many at once as asked."""

import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")  # its first start makes a database

from prefect import flow, get_run_logger, task
from prefect.task_runners import ThreadPoolTaskRunner

from pipeline.errors import UserError
from pipeline.orchestration.children import Children
from pipeline.orchestration.graph import Graph
from pipeline.params import Flow

USER_ERROR = "error: "  # what a stage's own sentence starts with


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
    graph, children = Graph(), Children()
    if not graph.stale:
        return []

    @task(task_run_name="{stage}", retries=0)
    def reproduce(stage: str, needed: list[Outcome]) -> Outcome:
        return _reproduce(stage, needed, params, children)

    @flow(name="diffusion-anatomy", task_runner=ThreadPoolTaskRunner(params.workers))  # type: ignore[arg-type]
    def anatomy() -> list[Outcome]:
        under_way: dict[str, Any] = {}
        for stage in graph.stale:
            needed = [under_way[name] for name in sorted(graph.dependencies[stage]) if name in under_way]
            under_way[stage] = reproduce.submit(stage, needed)
        return [future.result() for future in under_way.values()]

    def interrupt(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=children.end).start()
        signal.default_int_handler(number, frame)

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        outcomes = anatomy()
    finally:
        children.end()
        signal.signal(signal.SIGINT, before)
    failed = [outcome for outcome in outcomes if outcome.reason]
    if failed:
        raise UserError("; ".join(f"stage {outcome.stage}: {outcome.reason}" for outcome in failed))
    return outcomes


def _reproduce(stage: str, needed: list[Outcome], params: Flow, children: Children) -> Outcome:
    """One stage through DVC, tried again where it may have been bad luck."""
    lacking = [outcome.stage for outcome in needed if outcome.reason]
    if lacking:
        return Outcome(stage, 0.0, False, f"left out, because {', '.join(lacking)} failed")
    logger = get_run_logger()
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--single-item", stage]
    start, outcome = time.perf_counter(), None
    for _attempt in range(params.retries + 1):
        lines: list[str] = []

        def say(line: str, lines: list[str] = lines) -> None:
            lines.append(line)
            logger.info("%s | %s", stage, line)

        status = children.run(command, env, params.timeout_minutes * 60, say)
        seconds = time.perf_counter() - start
        ran = any(line.startswith("Running stage") for line in lines)
        if status == 0:
            return Outcome(stage, seconds, ran, None)
        said = [line.removeprefix(USER_ERROR) for line in lines if line.startswith(USER_ERROR)]
        if said:
            return Outcome(stage, seconds, ran, said[-1], mine=True)
        why = f"not done in {params.timeout_minutes:g} minutes" if status is None else (lines or ["no output"])[-1]
        outcome = Outcome(stage, seconds, ran, why)
    assert outcome is not None
    return outcome

"""The connection to MLflow, and the run of a training while it goes on.

It only observes: an error here costs one warning and never a result, because results are in the files.
"""

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

EXPERIMENT = "diffusion-anatomy"
DEFAULT_URI = "sqlite:///mlflow.db"
ARTIFACTS = Path("mlartifacts")
STAGE, VARIANT, REPLICA, KEY, WEIGHTS, RECORDED = (
    f"anatomy.{tag}" for tag in ("dvc_stage", "variant", "replica", "key", "weights", "recorded")
)


class Row(Protocol):
    """A row of a loss curve."""

    @property
    def images_seen(self) -> int: ...
    @property
    def train_loss(self) -> float: ...
    @property
    def validation_loss(self) -> float: ...


class Recorder:
    """MLflow's client for this project's experiment, which is None once it has failed."""

    def __init__(self) -> None:
        self.client: Any = None
        self.experiment = ""
        with self.guarded("reach"):
            self._connect()

    def _connect(self) -> None:
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("DO_NOT_TRACK", "1")
        uri = os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_URI
        import logging

        import mlflow
        from mlflow import MlflowClient

        for noisy in ("alembic", "mlflow.store.db.utils"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        mlflow.set_tracking_uri(uri)
        client = MlflowClient(tracking_uri=uri)
        with _alone() if uri.startswith("sqlite") else contextlib.nullcontext():
            experiment = client.get_experiment_by_name(EXPERIMENT)
            if experiment is None:
                location = ARTIFACTS.resolve().as_uri() if uri.startswith("sqlite") else None
                self.experiment = client.create_experiment(EXPERIMENT, artifact_location=location)
            else:
                self.experiment = experiment.experiment_id
        self.client = client

    @contextlib.contextmanager
    def guarded(self, doing: str) -> Iterator[None]:
        """Turn any failure inside into one warning and stop recording."""
        try:
            yield
        except Exception as error:  # whatever the store or the network throws must not reach the result
            self.client = None
            uri = os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_URI
            reason = " ".join(str(error).split())[:160]
            print(
                f"warning: MLflow at {uri} could not be used to {doing} the run ({reason}); nothing on disk is lost, "
                "and `uv run anatomy record` records it later.",
                file=sys.stderr,
                flush=True,
            )

    def find(self, **tags: str) -> list[Any]:
        """Return the runs of the experiment that have all these tags, newest first."""
        wanted = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
        found: list[Any] = self.client.search_runs([self.experiment], wanted, order_by=["attributes.start_time DESC"])
        return found

    def create(self, name: str, **tags: str) -> str:
        """Create a run of this name, and return its id."""
        tags = {"mlflow.runName": name, **tags}
        commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
        if commit.returncode == 0:
            tags["mlflow.source.git.commit"] = commit.stdout.strip()
        run_id: str = self.client.create_run(self.experiment, tags=tags).info.run_id
        return run_id

    def batch(self, run_id: str, metrics: Mapping[str, tuple[float, int]], params: Mapping[str, Any]) -> None:
        """Log metrics (name -> value and step) and parameters in one call; a value that is not a number is left out."""
        from mlflow.entities import Metric, Param

        now = int(time.time() * 1000)
        self.client.log_batch(
            run_id,
            metrics=[Metric(name, value, now, step) for name, (value, step) in metrics.items() if value == value],
            params=[Param(name, str(value)[:500]) for name, value in params.items()],
        )


class Live:
    """The MLflow run of a training in progress."""

    def __init__(self, recorder: Recorder, run_id: str, logged: int):
        self.recorder, self.run_id, self.logged = recorder, run_id, logged

    def log(self, row: Row) -> None:
        """Add a row of the loss curve, unless the run has it from before an interruption."""
        if self.recorder.client is None or row.images_seen <= self.logged:
            return
        with self.recorder.guarded("log"):
            self.recorder.batch(self.run_id, curve(row), {})

    def finish(self, model: Path) -> None:
        """Mark the run with the hash of its final weights."""
        if self.recorder.client is None:
            return
        with self.recorder.guarded("close"):
            self.recorder.client.set_tag(self.run_id, WEIGHTS, weights_sha256(model))


@contextlib.contextmanager
def live(variant: str, replica: int, key: str, params: dict[str, Any], costs: dict[str, Any]) -> Iterator[Live]:
    """Open (or, after an interruption, reopen) the run of the training with this `key`, for the time of the block."""
    recorder, run_id, logged = Recorder(), "", -1
    if recorder.client is not None:
        with recorder.guarded("open"):
            unfinished = [run for run in recorder.find(**{KEY: key}) if WEIGHTS not in run.data.tags]
            if unfinished:
                run_id = unfinished[0].info.run_id
                recorder.client.update_run(run_id, status="RUNNING")
                history = recorder.client.get_metric_history(run_id, "train.validation_loss")
                logged = max((point.step for point in history), default=-1)
            else:
                run_id = recorder.create(f"{variant}-{replica}", **tags_of(variant, replica), **{KEY: key})
                recorder.batch(run_id, {}, flat(params) | flat({"costs": costs}))
    status = "FAILED"
    try:
        yield Live(recorder, run_id, logged)
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        if recorder.client is not None:
            with recorder.guarded("close"):
                recorder.client.set_terminated(run_id, status)


def tags_of(variant: str, replica: int) -> dict[str, str]:
    """Return the tags by which a training's run is found."""
    return {VARIANT: variant, REPLICA: str(replica), STAGE: f"train@{variant}-{replica}"}


def weights_sha256(model: Path) -> str:
    """Return the hash of a saved model's file of weights."""
    return hashlib.sha256((model / "diffusion_pytorch_model.safetensors").read_bytes()).hexdigest()


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested dictionaries as one with dotted names."""
    out: dict[str, Any] = {}
    for name, value in values.items():
        out |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return out


def curve(row: Row) -> dict[str, tuple[float, int]]:
    return {
        "train.loss": (row.train_loss, int(row.images_seen)),
        "train.validation_loss": (row.validation_loss, int(row.images_seen)),
    }


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let one process in at a time, because several that create a new SQLite store together would collide."""
    with open("mlflow.db.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

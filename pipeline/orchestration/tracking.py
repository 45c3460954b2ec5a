"""The connection to MLflow, and the run of a training while it goes on.

It only observes: an error here costs one warning and never a result, because results are in the files.
"""

import contextlib
import fcntl
import hashlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

EXPERIMENT = "diffusion-anatomy"
DEFAULT_URI = "sqlite:///mlflow.db"
ARTIFACTS = Path("mlartifacts")
PATIENCE = 60.0  # seconds after which a training that goes on is worth following
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
            _bring_along(uri)
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
    """The MLflow run of a training in progress, which is opened once the training has lasted `PATIENCE` seconds.

    A shorter training is recorded from its files when the report is made: to connect would take it seconds.
    """

    def __init__(self, variant: str, replica: int, key: str, shown: dict[str, Any]):
        self.variant, self.replica, self.key, self.shown = variant, replica, key, shown
        self.opens_at = time.monotonic() + PATIENCE
        self.waiting: list[Row] = []
        self.recorder: Recorder | None = None
        self.run_id, self.logged = "", -1

    def log(self, row: Row) -> None:
        """Add a row of the loss curve, unless the run has it from before an interruption."""
        self.waiting.append(row)
        if self.recorder is None and time.monotonic() >= self.opens_at:
            self._open()
        if self.recorder is None or self.recorder.client is None:
            return
        with self.recorder.guarded("log"):
            for each in self.waiting:
                if each.images_seen > self.logged:
                    self.recorder.batch(self.run_id, curve(each), {})
            self.waiting.clear()

    def _open(self) -> None:
        """Create the run, or take up the one that an interruption left."""
        self.recorder = recorder = Recorder()
        if recorder.client is None:
            return
        with recorder.guarded("open"):
            unfinished = [run for run in recorder.find(**{KEY: self.key}) if WEIGHTS not in run.data.tags]
            if unfinished:
                self.run_id = unfinished[0].info.run_id
                recorder.client.update_run(self.run_id, status="RUNNING")
                history = recorder.client.get_metric_history(self.run_id, "train.validation_loss")
                self.logged = max((point.step for point in history), default=-1)
            else:
                name = title(self.shown.get("report", {}).get("folder", ""), f"{self.variant}-{self.replica}")
                tags = tags_of(self.variant, self.replica)
                self.run_id = recorder.create(name, **tags, **{KEY: self.key})
                recorder.batch(self.run_id, {}, flat(self.shown))

    def finish(self, model: Path) -> None:
        """Mark the run with the hash of its final weights."""
        self._guarded(lambda client: client.set_tag(self.run_id, WEIGHTS, weights_sha256(model)))

    def close(self, status: str) -> None:
        """End the run with this status of MLflow's."""
        self._guarded(lambda client: client.set_terminated(self.run_id, status))

    def _guarded(self, act: Callable[[Any], None]) -> None:
        if self.recorder is not None and self.recorder.client is not None:
            with self.recorder.guarded("close"):
                act(self.recorder.client)


@contextlib.contextmanager
def live(variant: str, replica: int, key: str, params: dict[str, Any], costs: dict[str, Any]) -> Iterator[Live]:
    """Follow the training that has this `key`, for the time of the block."""
    run, status = Live(variant, replica, key, params | {"costs": costs}), "FAILED"
    try:
        yield run
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        run.close(status)


def tags_of(variant: str, replica: int) -> dict[str, str]:
    """Return the tags by which a training's run is found."""
    return {VARIANT: variant, REPLICA: str(replica), STAGE: f"train@{variant}"}


def title(report: str, name: str) -> str:
    """Return a run's name: that of what it is of and, where a profile's report has a folder of its own, that folder's
    name before it, so that the runs of several profiles can be told apart."""
    folder = Path(report).relative_to("reports").as_posix() if Path(report).parts[:1] == ("reports",) else "."
    return name if folder == "." else f"{folder} {name}"


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


def _bring_along(uri: str) -> None:
    """Let a database in this folder keep its files in this folder, also where the folder was copied or moved.

    MLflow writes the whole path of each run's files into its database, so a copy would go on writing into the place
    that it was copied from.
    """
    path = Path(uri.removeprefix("sqlite:///"))
    if not uri.startswith("sqlite:///") or not path.is_file() or path.resolve().parent != Path.cwd().resolve():
        return
    here = ARTIFACTS.resolve().as_uri()
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'experiments'").fetchone():
            return
        asked = "SELECT artifact_location FROM experiments WHERE name = ?"
        for (before,) in database.execute(asked, [EXPERIMENT]).fetchall():
            if before and before != here and before.startswith("file:") and before.endswith(f"/{ARTIFACTS}"):
                database.execute("UPDATE experiments SET artifact_location = ? WHERE name = ?", [here, EXPERIMENT])
                database.execute(
                    "UPDATE runs SET artifact_uri = ? || substr(artifact_uri, ?) WHERE substr(artifact_uri, 1, ?) = ?",
                    [here, len(before) + 1, len(before) + 1, f"{before}/"],
                )


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let one process in at a time, because several that create a new SQLite store together would collide."""
    with open("mlflow.db.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

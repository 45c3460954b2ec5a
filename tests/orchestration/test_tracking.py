"""A training is followed by MLflow, and what goes wrong with it costs a warning."""

import shutil
from pathlib import Path

import pytest

from pipeline.orchestration import tracking
from tests.orchestration.runs import ROWS, curve, found


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, "KILLED"), (ValueError, "FAILED")])
def test_an_interrupted_run_says_so_and_is_taken_up_again(here: Path, error: type, status: str) -> None:
    def interrupted() -> None:
        with tracking.live("wide", 3, "key", {}, {}) as live:
            for row in ROWS[:2]:
                live.log(row)
            raise error

    with pytest.raises(error):
        interrupted()
    assert [run.info.status for run in found()] == [status]
    with tracking.live("wide", 3, "key", {}, {}) as live:
        for row in ROWS:
            live.log(row)
        live.finish(Path("outputs/train/wide/model/3"))
    (run,) = found()
    assert run.info.status == "FINISHED"
    assert curve(run.info.run_id) == [(0, 1.0), (64, 0.4), (128, 0.2)], "no row twice"


def test_an_unreachable_server_costs_one_warning(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with tracking.live("wide", 3, "key", {}, {}) as live:
        for row in ROWS:
            live.log(row)
        live.finish(Path("outputs/train/wide/model/3"))
    assert capsys.readouterr().err.count("warning: MLflow") == 1


def test_a_short_training_is_left_to_the_report_and_a_long_one_is_followed_from_its_first_row(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "PATIENCE", 60)
    with tracking.live("wide", 3, "key", {}, {}) as live:
        live.log(ROWS[0])
        live.finish(Path("outputs/train/wide/model/3"))
    assert live.recorder is None, "MLflow has not even been imported"
    with tracking.live("wide", 3, "key", {}, {}) as live:
        live.log(ROWS[0])
        live.opens_at = 0
        live.log(ROWS[1])
    (run,) = found()
    assert curve(run.info.run_id) == [(0, 1.0), (64, 0.4)]


def test_a_copied_folder_keeps_its_runs_and_writes_into_itself(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tracking.Recorder()
    old = first.create("first")
    (here / "note.txt").write_text("mine")
    first.client.log_artifact(old, "note.txt")
    copy = shutil.copytree(here, here.parent / "copied")
    before = {path: path.read_bytes() for path in sorted((here / "mlartifacts").rglob("*")) if path.is_file()}
    monkeypatch.chdir(copy)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{copy}/mlflow.db")
    second = tracking.Recorder()
    new = second.create("second")
    second.client.log_artifact(new, "note.txt")
    for run_id in (old, new):
        assert second.client.get_run(run_id).info.artifact_uri.startswith(f"{copy.as_uri()}/mlartifacts/")
        assert [each.path for each in second.client.list_artifacts(run_id)] == ["note.txt"]
    after = {path: path.read_bytes() for path in sorted((here / "mlartifacts").rglob("*")) if path.is_file()}
    assert after == before, "nothing was written into the old place"


def test_runs_of_several_profiles_have_names_of_their_own() -> None:
    assert tracking.title("reports", "wide-3") == "wide-3"
    assert tracking.title("reports/tiny", "wide-3") == "tiny wide-3"

"""A training is followed by MLflow, and what goes wrong with it costs a warning."""

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

"""MLflow is told once of everything, and what goes wrong with it costs a warning."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from pipeline.orchestration import tracking


@dataclass
class Row:
    images_seen: int
    train_loss: float
    validation_loss: float


ROWS = [Row(0, float("nan"), 1.0), Row(64, 0.5, 0.4), Row(128, 0.3, 0.2)]


@pytest.fixture
def here(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with made-up outputs of one variant, as the current one, and a store of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{shutil.copy(store, tmp_path)}")
    trained, evaluated = tmp_path / "outputs/train/wide/3", tmp_path / "outputs/evaluate/wide/3"
    (trained / "model").mkdir(parents=True)
    evaluated.mkdir(parents=True)
    (trained / "model/diffusion_pytorch_model.safetensors").write_bytes(b"weights")
    pd.DataFrame(ROWS).to_csv(trained / "loss.csv", index=False)
    (trained / "costs.json").write_text(json.dumps({"architecture": {}, "parameters": 9}))
    (trained / "timing.json").write_text(json.dumps({"train_seconds": 3.5, "device": "cpu"}))
    sampled = tmp_path / "outputs/sample/wide/3"
    sampled.mkdir(parents=True)
    (sampled / "timing.json").write_text(json.dumps({"seconds": 8.0, "images": 40}))
    tell(tmp_path, 0.9)
    figures = tmp_path / "figures"
    figures.mkdir()
    (figures / "samples.png").write_bytes(b"png")
    return tmp_path


def tell(root: Path, accuracy: float) -> None:
    number = {"accuracy": {"value": accuracy, "n": 40, "ci95": [accuracy - 0.1, accuracy + 0.1]}}
    (root / "outputs/evaluate/wide/3/metrics.json").write_text(json.dumps(number))
    snapshots = {"64": {"accuracy": {"value": 0.3, "n": 20}}, "end": {"accuracy": {"value": accuracy, "n": 20}}}
    (root / "outputs/evaluate/wide/3/snapshots.json").write_text(json.dumps(snapshots))


def record() -> list[str]:
    values = {"train": {"lr": 0.1}, "variants": {}}
    return tracking.record(Path("outputs"), Path("figures"), values, {"wide": {"c": [8]}}, [3])


def runs() -> list:
    return tracking.Recorder().find(**{tracking.VARIANT: "wide"})


def curve(run_id: str, name: str = "train.validation_loss") -> list[tuple[int, float]]:
    points = tracking.Recorder().client.get_metric_history(run_id, name)
    return sorted((point.step, point.value) for point in points)


def test_a_variant_restored_from_its_files_is_recorded_whole_and_once(here: Path) -> None:
    assert record() == ["wide-3"]
    assert record() == []
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert run.data.params == {"train.lr": "0.1", "unet.c": "[8]", "costs.parameters": "9"}
    assert run.data.metrics["evaluate.accuracy"] == 0.9
    assert run.data.metrics["evaluate.accuracy.low"] == pytest.approx(0.8)
    assert run.data.metrics["evaluate.accuracy.n"] == 40
    assert run.data.metrics["train.seconds"] == 3.5
    assert run.data.metrics["sample.seconds_per_image"] == 0.2
    assert curve(run.info.run_id, "snapshots.accuracy") == [(64, 0.3), (128, 0.9)]
    assert run.data.tags[tracking.STAGE] == "train@wide-3"
    assert curve(run.info.run_id) == [(0, 1.0), (64, 0.4), (128, 0.2)]
    (picture,) = tracking.Recorder().client.list_artifacts(run.info.run_id, "figures")
    assert picture.path == "figures/samples.png"


def test_other_numbers_of_the_same_weights_are_recorded_too(here: Path) -> None:
    record()
    tell(here, 0.7)
    assert record() == ["wide-3"]
    assert sorted(run.data.metrics["evaluate.accuracy"] for run in runs()) == [0.7, 0.9]


def test_a_live_run_is_completed_and_not_doubled(here: Path) -> None:
    with tracking.live("wide", 3, "key", {"train": {"lr": 0.1}}, {"parameters": 9}) as live:
        for row in ROWS:
            live.log(row)
        live.finish(Path("outputs/train/wide/3/model"))
    assert record() == ["wide-3"]
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert run.data.metrics["evaluate.accuracy"] == 0.9
    assert curve(run.info.run_id) == [(0, 1.0), (64, 0.4), (128, 0.2)]
    assert record() == []


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, "KILLED"), (ValueError, "FAILED")])
def test_an_interrupted_run_says_so_and_is_taken_up_again(here: Path, error: type, status: str) -> None:
    def interrupted() -> None:
        with tracking.live("wide", 3, "key", {}, {}) as live:
            for row in ROWS[:2]:
                live.log(row)
            raise error

    with pytest.raises(error):
        interrupted()
    assert [run.info.status for run in runs()] == [status]
    with tracking.live("wide", 3, "key", {}, {}) as live:
        for row in ROWS:
            live.log(row)
        live.finish(Path("outputs/train/wide/3/model"))
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert curve(run.info.run_id) == [(0, 1.0), (64, 0.4), (128, 0.2)], "no row twice"


def test_an_unreachable_server_costs_one_warning(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with tracking.live("wide", 3, "key", {}, {}) as live:
        for row in ROWS:
            live.log(row)
        live.finish(Path("outputs/train/wide/3/model"))
    assert capsys.readouterr().err.count("warning: MLflow") == 1
    assert record() == []
    assert capsys.readouterr().err.count("warning: MLflow") == 1

"""MLflow is told once of everything, and what goes wrong with it costs a warning."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from pipeline import params
from pipeline.orchestration import recording, tracking

ROOT = Path(__file__).parents[2]


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
    for picture in ("ablation/samples", "training/wide", "intervene/cat/jumps", "intervene/dog/jumps"):
        (tmp_path / "reports/figures" / picture).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"reports/figures/{picture}.png").write_bytes(b"png")
    (tmp_path / "reports/report.md").write_text("# Report")
    (tmp_path / "reports/summary.json").write_text(json.dumps(SUMMARY))
    return tmp_path


SUMMARY = {
    "train.wide.loss": {"value": 0.1, "n": 5},
    "intervene.cat.jump-0050-n02.ssim": {"value": 0.9, "n": 6, "ci95": [0.8, 1.0]},
    "shortcut.cat.untouched.time": {"value": 1.0, "n": 6, "quartiles": [0.9, 1.1]},
    "claims.cat.rest_helps": {"value": 0.2, "n": 6, "ci95": [0.1, 0.3], "verdict": "supported"},
    "intervene.dog.jump-0050-n02.ssim": {"value": 0.4, "n": 6, "ci95": [0.3, 0.5]},
}


def tell(root: Path, accuracy: float) -> None:
    number = {"accuracy": {"value": accuracy, "n": 40, "ci95": [accuracy - 0.1, accuracy + 0.1]}}
    (root / "outputs/evaluate/wide/3/metrics.json").write_text(json.dumps(number))
    snapshots = {"64": {"accuracy": {"value": 0.3, "n": 20}}, "end": {"accuracy": {"value": accuracy, "n": 20}}}
    (root / "outputs/evaluate/wide/3/snapshots.json").write_text(json.dumps(snapshots))


def record() -> list[str]:
    """Record everything, and return the names of the trainings that were recorded."""
    return [name for name in recording.record(Path("outputs"), Path("reports"), values()) if name.startswith("wide")]


def values(**changes: object) -> params.Params:
    """The parameters of params.yaml with one variant, one training seed and no subject."""
    whole = params.load(ROOT / "params.yaml")
    own = {"variants": {"wide": {"channels": [32, 64, 64]}}, "replicas": [3], "subjects": {}}
    return whole.model_copy(update={**own, **changes})


def runs() -> list:
    return tracking.Recorder().find(**{tracking.VARIANT: "wide"})


def pictures(run) -> list[str]:
    """The artifacts of a run by their paths."""
    client, waiting, found = tracking.Recorder().client, [""], []
    while waiting:
        for each in client.list_artifacts(run.info.run_id, waiting.pop() or None):
            (waiting if each.is_dir else found).append(each.path)
    return sorted(found)


def test_every_subject_has_a_run_with_its_numbers_verdicts_and_pictures_once(here: Path) -> None:
    subject = params.Subject(model="models/cat", prompts=["a cat"], guidance=2.0)
    asked = values(variants={}, subjects={"cat": subject})
    assert recording.record(Path("outputs"), Path("reports"), asked) == ["subject cat", "report"]
    assert recording.record(Path("outputs"), Path("reports"), asked) == []
    (run,) = tracking.Recorder().find(**{recording.SUBJECT: "cat"})
    assert run.data.metrics["intervene.jump-0050-n02.ssim"] == 0.9
    assert run.data.metrics["intervene.jump-0050-n02.ssim.low"] == 0.8
    assert run.data.metrics["shortcut.untouched.time.n"] == 6
    assert run.data.tags["claims.rest_helps"] == "supported"
    assert run.data.params["subject.guidance"] == "2.0"
    assert pictures(run) == ["figures/intervene/cat/jumps.png"]
    (whole,) = tracking.Recorder().find(**{recording.REPORT: "reports"})
    assert pictures(whole) == ["figures/ablation/samples.png", "figures/training/wide.png", "report.md", "summary.json"]


def curve(run_id: str, name: str = "train.validation_loss") -> list[tuple[int, float]]:
    points = tracking.Recorder().client.get_metric_history(run_id, name)
    return sorted((point.step, point.value) for point in points)


def test_a_variant_restored_from_its_files_is_recorded_whole_and_once(here: Path) -> None:
    assert record() == ["wide-3"]
    assert record() == []
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert run.data.params["train.lr"] == "0.003"
    assert run.data.params["unet.channels"] == "[32, 64, 64]"
    assert run.data.params["costs.parameters"] == "9"
    assert run.data.metrics["evaluate.accuracy"] == 0.9
    assert run.data.metrics["evaluate.accuracy.low"] == pytest.approx(0.8)
    assert run.data.metrics["evaluate.accuracy.n"] == 40
    assert run.data.metrics["train.seconds"] == 3.5
    assert run.data.metrics["sample.seconds_per_image"] == 0.2
    assert curve(run.info.run_id, "snapshots.accuracy") == [(64, 0.3), (128, 0.9)]
    assert run.data.tags[tracking.STAGE] == "train@wide-3"
    assert curve(run.info.run_id) == [(0, 1.0), (64, 0.4), (128, 0.2)]
    assert pictures(run) == ["figures/training/wide.png"], "its own, and no other's"


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

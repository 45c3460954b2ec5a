"""MLflow is told once of every training, subject and report, from their files."""

import json
from pathlib import Path

import pandas as pd
import pytest

from pipeline import params
from pipeline.orchestration import recording, tracking
from pipeline.params import Params
from tests.orchestration.runs import ROWS, curve, found

ROOT = Path(__file__).parents[2]
NUMBER = {"value": 0.5, "n": 9, "ci95": [0.4, 0.6]}


@pytest.fixture
def values() -> Params:
    """The default's parameters with the third replica of one variant alone."""
    whole = params.load(ROOT / "params.yaml")
    return whole.model_copy(update={"variants": {"wide": whole.variants["wide"]}, "replicas": [3]})


@pytest.fixture
def made(here: Path) -> Path:
    """Made-up outputs and a report of one variant and one subject."""
    trained, sampled = (here / f"outputs/{stage}/wide/log/3" for stage in ("train", "sample"))
    evaluated = here / "outputs/evaluate/wide/3"
    for folder in (trained, sampled, evaluated):
        folder.mkdir(parents=True)
    pd.DataFrame(ROWS).to_csv(trained / "loss.csv", index=False)
    (trained / "costs.json").write_text(json.dumps({"architecture": {}, "parameters": 9}))
    (trained / "timing.json").write_text(json.dumps({"train_seconds": 3.5, "device": "cpu"}))
    (sampled / "timing.json").write_text(json.dumps({"seconds": 8.0, "images": 40}))
    tell(here, 0.9)
    for picture in ("training/wide.png", "training/all.png", "intervene/baseline/skips.png"):
        path = here / "reports/figures" / picture
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"png")
    summary = {
        "evaluate.wide.accuracy": NUMBER,
        "intervene.baseline.skips.ssim": NUMBER,
        "claims.baseline.skips_matter": {"verdict": "supported"},
        "claims.wide_is_better": {"verdict": "no data"},
    }
    (here / "reports/summary.json").write_text(json.dumps(summary))
    (here / "reports/report.md").write_text("A report.")
    return here


def tell(root: Path, accuracy: float) -> None:
    number = {"accuracy": {"value": accuracy, "n": 40, "ci95": [accuracy - 0.1, accuracy + 0.1]}}
    (root / "outputs/evaluate/wide/3/metrics.json").write_text(json.dumps(number))
    snapshots = {"64": {"accuracy": {"value": 0.3, "n": 20}}, "end": {"accuracy": {"value": accuracy, "n": 20}}}
    (root / "outputs/evaluate/wide/3/snapshots.json").write_text(json.dumps(snapshots))


def record(values: Params) -> list[str]:
    return recording.record(Path("outputs"), Path("reports"), values)


def files(run_id: str, folder: str | None = None) -> set[str]:
    """The paths of a run's files, folders walked."""
    listed = tracking.Recorder().client.list_artifacts(run_id, folder)
    return {path for each in listed for path in (files(run_id, each.path) if each.is_dir else {each.path})}


def test_what_is_restored_from_its_files_is_recorded_whole_and_once(made: Path, values: Params) -> None:
    assert record(values) == ["wide-3", "subject baseline", "report"]
    assert record(values) == []
    (run,) = found()
    assert run.info.status == "FINISHED"
    assert run.data.params["train.lr"] == str(values.train.lr)
    assert run.data.params["unet.channels"] == str(values.architecture("wide").channels)
    assert run.data.params["costs.parameters"] == "9"
    assert not [name for name in run.data.params if name.startswith(("variants", "costs.architecture"))]
    assert run.data.metrics["evaluate.accuracy"] == 0.9
    assert run.data.metrics["evaluate.accuracy.low"] == pytest.approx(0.8)
    assert run.data.metrics["evaluate.accuracy.n"] == 40
    assert run.data.metrics["train.seconds"] == 3.5
    assert run.data.metrics["sample.seconds_per_image"] == 0.2
    assert curve(run.info.run_id, "snapshots.accuracy") == [(64, 0.3), (128, 0.9)]
    assert run.data.tags[tracking.STAGE] == "train@wide"
    assert curve(run.info.run_id) == [(0, 1.0), (64, 0.4), (128, 0.2)]
    assert files(run.info.run_id) == {"figures/training/wide.png"}


def test_a_subject_and_the_report_have_runs_with_what_is_theirs(made: Path, values: Params) -> None:
    record(values)
    (subject,) = found(**{recording.SUBJECT: "baseline"})
    assert subject.data.metrics == {
        "intervene.skips.ssim": 0.5,
        "intervene.skips.ssim.n": 9,
        "intervene.skips.ssim.low": 0.4,
        "intervene.skips.ssim.high": 0.6,
    }
    assert subject.data.tags["claims.skips_matter"] == "supported"
    assert subject.data.params["subject.model"] == values.subjects["baseline"].model
    assert files(subject.info.run_id) == {"figures/intervene/baseline/skips.png"}
    (report,) = found(**{recording.REPORT: "reports"})
    assert files(report.info.run_id) == {"report.md", "summary.json", "figures/training/all.png"}


def test_other_numbers_of_the_same_weights_are_recorded_too(made: Path, values: Params) -> None:
    record(values)
    tell(made, 0.7)
    assert record(values) == ["wide-3"]
    assert sorted(run.data.metrics["evaluate.accuracy"] for run in found()) == [0.7, 0.9]


def test_a_live_run_is_completed_and_not_doubled(made: Path, values: Params) -> None:
    with tracking.live("wide", 3, "key", {"train": {"lr": 0.1}}, {"parameters": 9}) as live:
        for row in ROWS:
            live.log(row)
        live.finish(Path("outputs/train/wide/model/3"))
    assert record(values)[0] == "wide-3"
    (run,) = found()
    assert run.info.status == "FINISHED"
    assert run.data.metrics["evaluate.accuracy"] == 0.9
    assert curve(run.info.run_id) == [(0, 1.0), (64, 0.4), (128, 0.2)]
    assert record(values) == []


def test_an_unreachable_server_costs_one_warning(
    made: Path, values: Params, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert record(values) is None
    assert capsys.readouterr().err.count("warning: MLflow") == 1

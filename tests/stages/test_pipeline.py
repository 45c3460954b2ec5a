"""The whole pipeline on a tiny scale: what runs, what does not, and what is left when something goes wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

TRAIN = (
    "stages/train.py --params params.yaml --variant baseline --data outputs/prepare "
    "--checkpoint checkpoints/here.safetensors --out scratch"
).split()
SAMPLE = "stages/sample.py --params params.yaml --model outputs/train/baseline/model --out scratch/samples".split()
UNTIMED = ("timing.json", "seconds")


def test_one_command_makes_every_result(project) -> None:
    per_variant = [f"{s}@{v}" for s in ("train", "sample", "evaluate") for v in ("baseline", "res_blocks_0")]
    assert sorted(project.ran) == sorted(["check", "prepare", "judges", "floor", "report", *per_variant])
    summary = json.loads((project.root / "reports/summary.json").read_text())
    for name, number in summary.items():
        assert np.isfinite(number["value"]), name
        assert number["n"] >= 1, name
        if "ci95" in number:
            assert number["ci95"][0] <= number["ci95"][1], name
    for variant in ("baseline", "res_blocks_0"):
        for metric in ("fd_classifier", "kd_classifier", "precision", "recall", "accuracy"):
            assert summary[f"evaluate.{variant}.{metric}"]["n"] == 40
            assert "ci95" in summary[f"evaluate.{variant}.{metric}"]
    report = (project.root / "reports/report.md").read_text()
    assert f"{summary['evaluate.res_blocks_0.fd_classifier']['value']:.2f}" in report
    assert {p.name for p in (project.root / "reports/figures").iterdir()} >= {"samples.png", "loss.png"}


def test_a_second_run_does_nothing(sound) -> None:
    done = sound.run("-m", "dvc", "repro")
    assert "Running stage" not in done.stdout
    assert "up to date" in done.stdout


def test_a_changed_variant_reruns_itself_and_the_report_alone(sound) -> None:
    sound.write(variants={"baseline": {}, "res_blocks_0": {"res_blocks": 0, "norm_groups": 2}})
    assert sound.repro() == ["check", "train@res_blocks_0", "sample@res_blocks_0", "evaluate@res_blocks_0", "report"]
    before = len(_mlflow_runs(sound.root))
    sound.write()
    restored = sound.run("-m", "dvc", "repro")
    assert "is cached" in restored.stdout, "the old variant comes back from the run-cache"
    assert len(_mlflow_runs(sound.root)) == before, "what is recorded already is not recorded twice"


def test_every_variant_has_one_run_with_curve_metrics_and_pictures(project) -> None:
    runs = [r for r in _mlflow_runs(project.root) if r.data.tags["anatomy.dvc_stage"] == "train@baseline"]
    assert len(runs) == 1
    metrics = runs[0].data.metrics
    summary = json.loads((project.root / "reports/summary.json").read_text())
    assert metrics["evaluate.accuracy"] == pytest.approx(summary["evaluate.baseline.accuracy"]["value"])
    assert {"train.loss", "train.validation_loss", "evaluate.fd_classifier.low"} <= set(metrics)
    assert runs[0].data.params["unet.res_blocks"] == "1"
    assert len(runs[0].data.tags["mlflow.source.git.commit"]) == 40
    assert runs[0].info.status == "FINISHED"


def test_a_restored_variant_is_recorded_from_its_files(project, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/other.db"
    first = project.run("-m", "pipeline.orchestration.cli", "record", MLFLOW_TRACKING_URI=uri)
    assert "baseline" in first.stdout, first.stderr
    again = project.run("-m", "pipeline.orchestration.cli", "record", MLFLOW_TRACKING_URI=uri)
    assert "baseline" not in again.stdout
    assert len(_mlflow_runs(project.root, uri)) == 2


def test_the_same_seeds_give_the_same_bytes_twice(project) -> None:
    done = project.run(*TRAIN)
    assert done.returncode == 0, done.stderr
    for name in ("model/diffusion_pytorch_model.safetensors", "model/config.json", "loss.csv", "validation.csv"):
        assert (project.root / "scratch" / name).read_bytes() == (
            project.root / "outputs/train/baseline" / name
        ).read_bytes(), name


def test_killed_half_way_it_goes_on_and_ends_in_the_same_bytes(project) -> None:
    project.write(train={"images": 2560})
    whole = project.run(*TRAIN)
    assert whole.returncode == 0, whole.stderr
    expected = project.files("scratch/model") | {"loss": (project.root / "scratch/loss.csv").read_bytes()}
    checkpoint = project.root / "checkpoints/here.safetensors"
    assert not checkpoint.exists(), "a finished run leaves no checkpoint"
    process = subprocess.Popen(
        [sys.executable, *TRAIN], cwd=project.root, env=project.environment(), stderr=subprocess.DEVNULL
    )
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was killed before its end"
    again = project.run(*TRAIN)
    assert "goes on from image" in again.stdout
    actual = project.files("scratch/model") | {"loss": (project.root / "scratch/loss.csv").read_bytes()}
    assert actual == expected
    project.write()


def test_an_unreachable_mlflow_server_costs_one_warning_and_no_result(project) -> None:
    done = project.run(*TRAIN, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("warning: MLflow") == 1
    assert (project.root / "scratch/model/diffusion_pytorch_model.safetensors").is_file()


def test_an_image_is_the_same_alone_and_among_many(project) -> None:
    together = np.load(project.root / "outputs/sample/baseline/images.npy")
    project.write(sample={"count": 1, "first_seed": 17})
    assert project.run(*SAMPLE).returncode == 0
    alone = np.load(project.root / "scratch/samples/images.npy")
    np.testing.assert_array_equal(alone[0], together[17])
    project.write()


BAD = {
    "misspelt key": ({"train": {"bacth_size": 4}}, "train.bacth_size", "batch_size"),
    "odd size": ({"data": {"image_size": 15}}, "data.image_size", "multiple of 2"),
    "attention elsewhere": ({"variants": {"baseline": {}, "far": {"attention": [3]}}}, "far", "8, 4"),
    "one class": ({"data": {"classes": [3]}}, "data.classes", "two"),
    "no variants": ({"variants": {}}, "variants", "baseline"),
    "a word for a number": ({"train": {"lr": "1e-3"}}, "train.lr", "number"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_parameters_are_one_sentence_and_change_nothing(project, case: str) -> None:
    sections, *words = BAD[case]
    project.write(**sections)
    before = project.files("outputs", "reports")
    for command in (TRAIN, ["-m", "pipeline.orchestration.cli", "check"]):
        done = project.run(*command)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        sentence = done.stderr.strip().splitlines()
        assert len(sentence) == 1, done.stderr
        assert all(word in sentence[0] for word in words), sentence
    repro = project.run("-m", "dvc", "repro")
    assert repro.returncode != 0
    if sections != {"variants": {}}:  # with no variant there is no graph, and DVC says so itself
        assert f"{sentence[0]}\n" in repro.stderr
    assert project.files("outputs", "reports") == before
    project.write()


def test_truncated_weights_are_one_sentence(project) -> None:
    weights = project.root / "outputs/train/baseline/model/diffusion_pytorch_model.safetensors"
    whole = weights.read_bytes()
    weights.unlink()
    weights.write_bytes(whole[: len(whole) // 2])
    before = project.files("outputs", "scratch")
    done = project.run(*SAMPLE)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "model" in done.stderr.strip().splitlines()[-1]
    assert project.files("outputs", "scratch") == before
    weights.write_bytes(whole)


def _mlflow_runs(root: Path, uri: str = "") -> list:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri or f"sqlite:///{root}/mlflow.db")
    experiment = client.get_experiment_by_name("diffusion-anatomy")
    return list(client.search_runs([experiment.experiment_id]))

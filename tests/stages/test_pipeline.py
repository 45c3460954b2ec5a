"""The whole pipeline on a tiny scale: what runs, what does not, and what is left when something goes wrong."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from string import ascii_uppercase

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline.diffusion import checkpoint
from pipeline.orchestration import tracking
from tests.programs import Done

TRAIN = (
    "stages/train.py --params params.yaml --variant baseline --data outputs/prepare "
    "--checkpoints checkpoints --out scratch"
).split()
SAMPLE = "stages/sample.py --params params.yaml --trained outputs/train/baseline --out scratch/samples".split()
CHECK = "stages/check.py --params params.yaml --out outputs/check".split()
ANATOMY = ["-m", "pipeline.orchestration.cli"]
SNAPSHOTS = "outputs/sample/baseline/snapshots/0"
WEIGHTS = ("diffusion_pytorch_model.safetensors", "config.json")
TRAINED = [f"{folder}/{name}" for folder in ("model/0", "snapshots/0/256", "snapshots/0/640") for name in WEIGHTS]
TRAINED += [f"log/0/{name}" for name in ("loss.csv", "updates.csv", "validation.csv", "costs.json")]


def test_one_command_makes_every_result(project) -> None:
    per_variant = [f"{s}@{v}" for s in ("train", "sample", "evaluate") for v in ("baseline", "res_blocks_0")]
    looking = ("trajectory", "feature_maps", "intervene", "shortcut", "saliency", "timesteps")
    per_variant += [f"{s}@{v}" for s in looking for v in ("baseline", "res_blocks_0")]
    others = ["check", "prepare", "judges", "floor", "segment", "layers", "growth", "embedding@baseline", "report"]
    others += ["clip", "scores", "selection", "guidance", "text"]
    assert sorted(project.ran) == sorted([*others, *per_variant])
    summary = json.loads((project.root / "reports/tiny/summary.json").read_text())
    pages = {path.name: path.read_text() for path in (project.root / "reports/tiny").glob("*.md")}
    assert f"{summary['evaluate.res_blocks_0.fd_classifier']['value']:.2f}" in pages["ablation.md"]
    for name, number in summary.items():
        assert np.isfinite(number["value"]), name
        assert number["n"] >= 1, name
        if "ci95" in number:
            assert number["ci95"][0] <= number["ci95"][1], name
    for variant in ("baseline", "res_blocks_0"):
        for metric in (
            "fd_classifier",
            "kd_classifier",
            "precision",
            "recall",
            "density",
            "coverage",
            "accuracy",
            "second_accuracy",
        ):
            assert summary[f"evaluate.{variant}.{metric}"]["n"] == 104
            assert "ci95" in summary[f"evaluate.{variant}.{metric}"]
        for mark in (256, 640, 1280):
            assert summary[f"snapshots.{variant}.{mark}.fd_classifier"]["n"] == 26
    linked = {link.split(")")[0] for page in pages.values() for link in page.split("](figures/")[1:]}
    figures = project.root / "reports/tiny/figures"
    assert linked == {path.relative_to(figures).as_posix() for path in figures.rglob("*.*")}


def test_a_second_run_does_nothing(sound) -> None:
    done = sound.run("-m", "dvc", "repro")
    assert "Running stage" not in done.stdout
    assert "up to date" in done.stdout


def test_every_variant_has_one_run_with_curve_metrics_and_pictures(project) -> None:
    runs = [r for r in _trainings(project.root) if r.data.tags["anatomy.dvc_stage"] == "train@baseline"]
    assert len(runs) == 1
    metrics = runs[0].data.metrics
    summary = json.loads((project.root / "reports/tiny/summary.json").read_text())
    assert metrics["evaluate.accuracy"] == pytest.approx(summary["evaluate.baseline.accuracy"]["value"])
    assert {"train.loss", "train.validation_loss", "evaluate.fd_classifier.low"} <= set(metrics)
    assert runs[0].data.params["unet.res_blocks"] == "1"
    assert len(runs[0].data.tags["mlflow.source.git.commit"]) == 40
    assert runs[0].info.status == "FINISHED"


def test_restored_variants_are_recorded_from_their_files_and_once(project, store: Path, tmp_path: Path) -> None:
    uri = f"sqlite:///{shutil.copy(store, tmp_path)}"
    first = project.anatomy("record", MLFLOW_TRACKING_URI=uri)
    assert "baseline" in first.stdout, first.stderr
    again = project.anatomy("record", MLFLOW_TRACKING_URI=uri)
    assert "baseline" not in again.stdout
    assert len(_trainings(project.root, uri)) == 2


def test_a_changed_variant_reruns_itself_and_the_report_alone_by_the_flow_and_by_repro(sound) -> None:
    before, recorded = sound.files("outputs", "reports"), len(_trainings(sound.root))
    stages = ("train", "sample", "evaluate")
    looking = ("trajectory", "feature_maps", "intervene", "shortcut", "saliency", "timesteps")  # it is a subject too
    expected = {"check", *(f"{stage}@res_blocks_0" for stage in (*stages, *looking)), "growth", "scores", "report"}
    sound.write(variants={"baseline": {}, "res_blocks_0": {"res_blocks": 0, "norm_groups": 2}})
    flow = sound.run(*ANATOMY, "run")
    assert flow.returncode == 0, flow.stdout + flow.stderr
    ran = [line.split()[0] for line in flow.stdout.splitlines() if line.endswith("  ran")]
    assert (set(ran), len(ran), ran[0], ran[-1]) == (expected, len(expected), "check", "report")
    own = [f"{stage}@res_blocks_0" for stage in ("train", "sample", "evaluate")]
    assert [stage for stage in ran if stage in own] == own, "one after the other, whatever goes beside them"
    assert sound.files("outputs", "reports") != before
    assert len(_trainings(sound.root)) == recorded + 1, "a training that ran has a run"
    assert all("evaluate.accuracy" in run.data.metrics for run in _trainings(sound.root))
    shutil.rmtree(sound.root / "scratch", ignore_errors=True)
    graph = yaml.safe_load((sound.root / "dvc.yaml").read_text())["stages"]
    for stage in ("train", "sample", "evaluate"):  # what the flow made is what its stages make, one by one
        command = " ".join(graph[stage]["do"]["cmd"].split()).replace("${key}", "res_blocks_0")
        command = command.replace(f"--out outputs/{stage}", f"--out scratch/{stage}")
        command = command.replace("--checkpoints checkpoints", "--checkpoints scratch/checkpoints")
        _python, script, *args = command.split()
        assert sound.stage(script, *args).returncode == 0
    shutil.rmtree(sound.root / "scratch/checkpoints")
    alone = sound.files("scratch")
    timed = [f"scratch/{stage}/res_blocks_0/log/0/timing.json" for stage in ("train", "sample")]
    assert alone.keys() > {*timed, "scratch/evaluate/res_blocks_0/0/metrics.json"}
    for name in alone.keys() - timed:
        assert alone[name] == (sound.root / name.replace("scratch/", "outputs/")).read_bytes(), name

    sound.write()
    recorded = len(_trainings(sound.root))
    again = sound.repro()
    assert (set(again), len(again)) == (expected, len(expected)), "its own stages come from DVC's cache"
    assert [stage for stage in again if stage in own] == own
    assert sound.files("outputs", "reports") == before
    assert len(_trainings(sound.root)) == recorded, "a restored training is recorded already"


def test_a_replica_more_trains_none_of_the_others_again_and_goes_beside_them(sound) -> None:
    shutil.rmtree(sound.root / "scratch", ignore_errors=True)
    sound.write(replicas=[0, 1], compute={"threads": 2})
    both = sound.run(*TRAIN)  # two processes side by side
    assert both.returncode == 0, both.stderr
    assert "goes on from image 1280" in both.stdout
    assert "baseline-1 goes on" not in both.stdout
    first, second = (_trained(sound, "scratch", replica) for replica in (0, 1))
    assert first == _trained(sound, "outputs/train/baseline")
    assert all(first[name] != second[name] for name in first if "safetensors" in name)
    shutil.rmtree(sound.root / "scratch")
    shutil.rmtree(sound.root / "checkpoints")
    models = {name: {"model": f"outputs/train/{name}/model/1"} for name in ("baseline", "res_blocks_0")}
    sound.write(replicas=[1], subjects=models)
    assert sound.stage(*TRAIN).returncode == 0
    assert _trained(sound, "scratch", 1) == second, "a replica is the same alone and beside another"


def test_captions_and_masks_lie_beside_the_images(project) -> None:
    prepared = project.root / "outputs/prepare"
    for split in ("train", "validation", "test"):
        images, labels = (np.load(prepared / split / f"{name}.npy") for name in ("images", "labels"))
        masks, table = np.load(prepared / "masks" / f"{split}.npy"), pd.read_csv(prepared / f"captions/{split}.csv")
        assert (masks.shape, masks.dtype) == (images.shape[:3], bool)
        assert images[masks].mean() > 2 * images[~masks].mean()
        assert table["label"].tolist() == labels.tolist()
        form = r"the letter [A-Z], (leaning left|upright|leaning right), in a (thin|medium|bold) stroke$"
        assert table["caption"].str.match(form).all()
        assert [ascii_uppercase.index(text.split(",")[0][-1]) for text in table["caption"]] == labels.tolist()
        assert table["stroke"].between(1, 8).all()
    assert json.loads((prepared / "provenance.json").read_text())["repeated"] == {"validation": 0, "test": 0}


def test_the_same_seeds_give_the_same_bytes_with_an_unreachable_mlflow_server_too(
    sound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "PATIENCE", 0)
    shutil.rmtree(sound.root / "checkpoints", ignore_errors=True)
    done = sound.stage(*TRAIN, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("warning: MLflow") == 1
    assert _trained(sound, "scratch") == _trained(sound, "outputs/train/baseline")


def test_killed_half_way_it_goes_on_and_ends_in_the_same_bytes(sound) -> None:
    sound.write(train={"checkpoint_every": 128})
    shutil.rmtree(sound.root / "scratch", ignore_errors=True)
    checkpoints = sound.root / "checkpoints"
    shutil.rmtree(checkpoints, ignore_errors=True)
    checkpoints.mkdir()
    other = checkpoints / "baseline-0-ffffffffffff.safetensors"  # what a run with other parameters left
    older = checkpoints / "baseline-0-eeeeeeeeeeee.finished.safetensors"  # and one that came to its end
    for left in (other, older):
        left.write_bytes(b"another run's")
    process = subprocess.Popen(
        [sys.executable, *TRAIN], cwd=sound.root, env=sound.environment(), stderr=subprocess.DEVNULL
    )
    while not set(checkpoints.glob("baseline-0-*")) - {other, older} and process.poll() is None:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was killed before its end"
    assert not (sound.root / "scratch").exists()
    again = sound.stage(*TRAIN)
    assert "goes on from image" in again.stdout
    (finished,) = set(checkpoints.iterdir()) - {other}
    assert finished.name.endswith(".finished.safetensors"), "of finished runs the last one stays"
    other.unlink()
    assert _trained(sound, "scratch") == _trained(sound, "outputs/train/baseline")


def test_an_image_is_the_same_alone_and_among_many(sound) -> None:
    together = np.load(sound.root / "outputs/sample/baseline/images/0/images.npy")
    sound.write(sample={"count": 7, "snapshot_count": 2}, sampler={"first_seed": 17}, selection={"run": False})
    assert sound.stage(*SAMPLE).returncode == 0
    fewer = np.load(sound.root / "scratch/samples/images/0/images.npy")
    np.testing.assert_array_equal(fewer, together[17:24])
    snapshots = [np.load(sound.root / f"{at}/640/images.npy") for at in ("scratch/samples/snapshots/0", SNAPSHOTS)]
    np.testing.assert_array_equal(snapshots[0], snapshots[1][17:19])


BAD = {
    "misspelt key": ({"train": {"bacth_size": 4}}, "train.bacth_size", "batch_size"),
    "odd size": ({"data": {"image_size": 15}}, "data.image_size", "multiple of 2"),
    "attention elsewhere": ({"variants": {"baseline": {}, "far": {"attention": [3]}}}, "far", "16, 8"),
    "one class": ({"data": {"classes": [3]}}, "data.classes", "two"),
    "no variants": ({"variants": {}}, "variants", "baseline"),
    "a word for a number": ({"train": {"lr": "1e-3"}}, "train.lr", "number"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_parameters_are_one_sentence_and_change_nothing(sound, case: str) -> None:
    sections, *words = BAD[case]
    sound.write(**sections)
    before = sound.files("outputs", "reports", "dvc.lock")
    for done in (sound.stage(*CHECK), sound.anatomy("check")):
        _is_one_sentence_of(done, words)
    assert sound.files("outputs", "reports", "dvc.lock") == before


def test_bad_parameters_end_every_command_before_anything_is_changed(sound) -> None:
    sections, *words = BAD["misspelt key"]
    sound.write(**sections)
    before = sound.files("outputs", "reports", "dvc.lock")
    for command in (CHECK, [*ANATOMY, "check"]):
        sentence = _is_one_sentence_of(sound.run(*command), words)
    repro = sound.run("-m", "dvc", "repro")
    assert repro.returncode != 0
    assert f"{sentence}\n" in repro.stderr
    assert "Traceback" not in repro.stderr
    assert sound.files("outputs", "reports", "dvc.lock") == before


def _is_one_sentence_of(done: Done | subprocess.CompletedProcess[str], words: list[str]) -> str:
    assert (done.returncode, done.stdout) == (1, "")
    (sentence,) = done.stderr.splitlines()
    assert all(word in sentence for word in words), sentence
    return sentence


def test_truncated_weights_are_one_sentence(sound) -> None:
    weights = sound.root / "outputs/train/baseline/model/0/diffusion_pytorch_model.safetensors"
    whole = weights.read_bytes()
    weights.unlink()
    weights.write_bytes(whole[: len(whole) // 2])
    before = sound.files("outputs", "scratch")
    try:
        done = sound.stage(*SAMPLE)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)
        assert "outputs/train/baseline/model/0 holds no whole set of weights" in done.stderr.splitlines()[-1]
        assert sound.files("outputs", "scratch") == before
    finally:
        weights.write_bytes(whole)


def test_no_space_for_a_checkpoint_is_one_sentence(sound, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(tensors: dict, path: Path, metadata: dict) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(checkpoint, "save_file", full)
    sound.write(train={"checkpoint_every": 128})
    shutil.rmtree(sound.root / "checkpoints", ignore_errors=True)
    before = sound.files("outputs", "scratch")
    done = sound.stage(*TRAIN)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: no space left on the disk for the checkpoint")
    assert sound.files("outputs", "scratch", "checkpoints") == before, "no half-written file is left"


def _trained(project, folder: str, replica: int = 0) -> dict[str, bytes]:
    return {name: (project.root / folder / name.replace("/0", f"/{replica}")).read_bytes() for name in TRAINED}


def _trainings(root: Path, uri: str = "") -> list:
    """MLflow's runs of trainings."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri or f"sqlite:///{root}/mlflow.db")
    experiment = client.get_experiment_by_name("diffusion-anatomy")
    runs = client.search_runs([experiment.experiment_id])
    return [run for run in runs if "anatomy.dvc_stage" in run.data.tags]

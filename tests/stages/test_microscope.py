"""The stages that look inside a subject: a killed sweep goes on, and a policy that was found is applied."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import yaml

from pipeline.anatomy import followed, grown, overall, pooled

INTERVENE = (
    "stages/intervene.py --params params.yaml --subject baseline --judges outputs/judges --checkpoints checkpoints "
    "--out scratch/intervene"
).split()
SAMPLE = "stages/sample.py --params params.yaml --model outputs/train/baseline/model/0 --out scratch/fast".split()
TRAJECTORY = (
    "stages/trajectory.py --params params.yaml --subject twins --data outputs/prepare --judges outputs/judges "
    "--out scratch/followed"
).split()
POLICIES = "outputs/shortcut/baseline/0/policies"


def test_a_killed_sweep_goes_on_and_ends_in_the_same_bytes(sound) -> None:
    shutil.rmtree(sound.root / "scratch", ignore_errors=True)
    checkpoints = sound.root / "checkpoints"
    process = subprocess.Popen(
        [sys.executable, *INTERVENE], cwd=sound.root, env=sound.environment(), stderr=subprocess.DEVNULL
    )
    while len(list(checkpoints.glob("intervene-baseline-*/blocks-*.npz"))) < 2 and process.poll() is None:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was killed before its end"
    (store,) = checkpoints.glob("intervene-baseline-*")
    first = min(store.glob("blocks-*.npz"))
    with np.load(first) as saved:
        own = dict(saved)
    np.savez(first, allow_pickle=False, **{**own, "psnr": own["psnr"] * 0 + 1.5})
    shutil.copytree(store, sound.root / "scratch/store")
    assert sound.stage(*INTERVENE).returncode == 0
    assert not store.exists(), "a finished sweep leaves nothing behind"
    cells = pd.read_csv(sound.root / "scratch/intervene/0/cells.csv").groupby("cell")
    assert (cells.get_group(first.stem)["psnr"] == 1.5).all(), "it was taken as it was saved"
    shutil.rmtree(sound.root / "scratch/intervene")
    np.savez(sound.root / "scratch/store" / first.name, allow_pickle=False, **own)
    shutil.copytree(sound.root / "scratch/store", store)
    assert sound.stage(*INTERVENE).returncode == 0
    found, whole = (sound.root / folder for folder in ("scratch/intervene/0", "outputs/intervene/baseline/0"))
    assert {path.name: path.read_bytes() for path in found.iterdir()} == {
        path.name: path.read_bytes() for path in whole.iterdir()
    }


def test_every_cell_has_its_numbers_for_every_seed(project) -> None:
    found = project.root / "outputs/intervene/baseline/0"
    cells, curves = pd.read_csv(found / "cells.csv"), pd.read_csv(found / "curves.csv")
    assert set(curves["sweep"]) == {"jump", "skips", "blocks", "duration", "relax", "end"}
    assert (cells.groupby("cell").size() == 6).all()
    means = cells.groupby("cell")["ssim"].mean()
    np.testing.assert_allclose(curves.set_index("cell")["ssim"], means[curves["cell"]], atol=1e-5)
    assert (curves.loc[(curves["sweep"] == "jump") & (curves["n"] == 1), "ssim"] == 1).all()
    summary = json.loads((project.root / "reports/tiny/summary.json").read_text())
    for row in curves.to_dict("records"):
        assert summary[f"intervene.baseline.{row['cell']}.ssim"]["value"] == row["ssim"]


def test_images_are_followed_for_the_subjects_that_ask_for_it(project) -> None:
    outputs = project.root / "outputs"
    for subject in ("baseline", "res_blocks_0"):
        steps = pd.read_csv(outputs / f"trajectory/{subject}/0/steps.csv")
        assert steps["k"].tolist() == [5, 4, 3, 2, 1]
        assert (steps["n"] == 6).all()
    assert list((outputs / "intervene/res_blocks_0").iterdir()) == []
    summary = json.loads((project.root / "reports/tiny/summary.json").read_text())
    assert summary["trajectory.res_blocks_0.half_decided"]["n"] == 3
    assert "claims.res_blocks_0.coarse_first" in summary
    with np.load(outputs / "trajectory/baseline/0/pictures.npz") as pictures:
        ends, drawn = pictures["x0"][:, -1], np.load(outputs / "sample/baseline/images/0/images.npy")
        assert abs(ends.astype(int) - drawn[:3]).max() <= 1, "the same seeds, in other batches"


def test_every_variant_is_followed_and_the_baseline_over_its_training(project) -> None:
    outputs = project.root / "outputs"
    found = grown.load(outputs / "growth")
    assert set(found) == {
        *(grown.Network(variant, 0, "end") for variant in ("baseline", "res_blocks_0")),
        *(grown.Network("baseline", 0, mark) for mark in ("256", "640")),
    }
    for (variant, replica, mark), each in found.items():
        kind = f"images/{replica}" if mark == "end" else f"snapshots/{replica}/{mark}"
        drawn = np.load(outputs / f"sample/{variant}/{kind}/images.npy")
        assert abs(each.pictures["x0"][:, -1].astype(int) - drawn[:2]).max() <= 1, "the same seeds, in other batches"
        assert (each.branched is not None) == (variant == "baseline")
    summary = json.loads((project.root / "reports/tiny/summary.json").read_text())
    assert summary["growth.training.256.half_decided"]["n"] == 3
    assert summary["growth.effects.training_brings_form"]["n"] == 6, "no verdict: its judge cannot judge"
    assert "claims.training_brings_form" not in summary


def test_a_found_policy_is_applied_to_the_subject(sound) -> None:
    policies = sorted((sound.root / POLICIES).iterdir())
    assert policies
    methods = pd.read_csv(sound.root / "outputs/shortcut/baseline/0/methods.csv").set_index("method")
    for policy in policies[:1]:
        done = sound.stage(*SAMPLE, "--policy", str(policy))
        assert done.returncode == 0, done.stderr
        fast, whole = (
            np.load(sound.root / at / "images.npy")
            for at in ("scratch/fast/images", "outputs/sample/baseline/images/0")
        )
        assert fast.shape == whole.shape
        with np.load(sound.root / "outputs/shortcut/baseline/0/pictures.npz") as drawn:
            reported = drawn[f"found, {policy.stem}"]
        assert abs(fast[6 : 6 + len(reported)].astype(int) - reported).max() <= 1, "in other batches"
        assert methods.loc[f"found, {policy.stem}", "cost"] <= 1


def test_a_pipeline_told_a_text_is_sampled_as_a_variant_is(sound, text_pipeline) -> None:
    at = SAMPLE.index("--model")
    command = [*SAMPLE[:at], "--model", str(text_pipeline), "--out", "scratch/told"]
    sound.write(sampler={"clip": False})
    refused = sound.stage(*command)
    assert (refused.returncode, refused.stderr.splitlines()[-1].startswith("error: ")) == (1, True)
    done = sound.stage(*command, "--prompt", "a b", "--prompt", "c", "--guidance", "3")
    assert done.returncode == 0, done.stderr
    images = np.load(sound.root / "scratch/told/images/images.npy")
    assert images.shape == (104, 16, 16, 3)
    assert images.std() > 0


def test_parts_are_printed_for_a_variant_and_a_folder(project) -> None:
    by_name, by_folder = (
        project.anatomy("parts", where).stdout for where in ("baseline", "outputs/train/baseline/model/0")
    )
    assert by_name == by_folder
    assert "skip_01" in by_name
    assert "down_blocks.0.resnets.0" in by_name
    wrong = project.anatomy("parts", "nosuch")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
    assert "nosuch is neither" in wrong.stderr


def test_networks_of_one_subject_are_followed_side_by_side_on_images_of_their_own(sound) -> None:
    for name in ("3", "12"):
        shutil.copytree(sound.root / "outputs/train/baseline/model/0", sound.root / "scratch/twins" / name)
    twins = {"model": "scratch/twins", "prompts": [], "guidance": 1.0, "replicas": 5, "stages": ["trajectory"]}
    values = yaml.safe_load((sound.root / "params.yaml").read_text())
    values["subjects"]["twins"], values["compute"]["threads"] = twins, 2
    (sound.root / "params.yaml").write_text(yaml.safe_dump(values))
    done = sound.stage(*TRAJECTORY)
    assert done.returncode == 0, done.stderr
    first, second = (followed.load(folder) for folder in pooled.folders(sound.root / "scratch/followed"))
    assert first.images["seed"].tolist() == list(range(6))
    assert second.images["seed"].tolist() == list(range(6, 12))
    alone = followed.load(sound.root / "outputs/trajectory/baseline/0")
    pd.testing.assert_frame_equal(first.steps, alone.steps, atol=1e-3)
    both = overall.followed([first, second])
    assert (both.steps["n"] == 12).all()
    np.testing.assert_allclose(both.steps["psnr"], (first.steps["psnr"] + second.steps["psnr"]) / 2)

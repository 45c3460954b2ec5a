"""The benchmarks run; what they say of speed is not for a test to judge."""

import contextlib
import json
import runpy
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import nct, t, ttest_1samp, ttest_rel

from benchmarks import recipe, saliency, stability, startup, sweep, training
from pipeline import errors
from pipeline.orchestration import profiles
from pipeline.reporting.ledger import CLAIMS
from tests import programs

ROOT = Path(__file__).parents[1]


def run(tmp_path: Path, main: Callable[[], None], options: str) -> tuple[dict[str, Any], str]:
    """The benchmark in a folder with the tiny profile's parameters: what it wrote and what it printed."""
    text = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(profiles.apply(text, "tiny", ROOT / "profiles"))
    done = programs.run(lambda: errors.run(main), *options.split(), "--out", "out.json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    return json.loads((tmp_path / "out.json").read_text()), done.stdout


@pytest.mark.slow
def test_training_is_compared_with_the_plain_loop_switch_by_switch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "MATRIX", {"cpu": 192})  # many CPUs take a minute for a large one in bfloat16
    found, said = run(tmp_path, training.main, "--updates 1 --rounds 2 --images 96 --side-by-side 1")
    assert found["ours_over_plain"]["min"] > 0
    losses = found["loss_after_images"]
    assert 0.5 < losses["ours"] / losses["plain"] < 2, "the two loops train the same network on the same objective"
    assert set(found["switches"]) >= {"float32", "bfloat16, channels-last"}
    assert all(each["share_of_matrix_rate"] > 0 for each in found["switches"].values())
    assert found["side_by_side"]["images_per_second"] > 0
    assert "| ours |" in said


@pytest.mark.slow
@pytest.mark.parametrize("cells", ["params", "source"])
def test_a_sweep_as_a_tree_finds_what_the_plain_way_finds_with_fewer_calls(tiny, tmp_path: Path, cells: str) -> None:
    tiny().save_pretrained(tmp_path / "outputs/train/baseline/model/0")
    found, said = run(tmp_path, sweep.main, f"--seeds 6 --cells {cells}")
    assert (found["seeds"], found["batch_size"]["plain"], found["of"]) == (6, 6, cells)
    assert found["cells"] > 3
    assert found["calls"]["tree"] < found["calls"]["plain"] <= found["cells"] * found["steps"]
    assert found["predicted"]["by_steps"] == found["calls"]["plain"] / found["calls"]["tree"]
    assert found["predicted"]["by_multiply_adds"] > found["predicted"]["by_steps"], "removed blocks cost nothing"
    assert 0 <= found["largest_ssim_gap"] <= 1e-5
    assert "Measured:" in said


@pytest.mark.slow
def test_maps_are_counted_beside_the_network_s_plain_throughput(tmp_path: Path) -> None:
    found, said = run(tmp_path, saliency.main, "--maps 1 --rounds 2")
    assert (found["masks"], len(found["maps_per_second"]["rounds"])) == (32, 2)
    assert found["maps_per_second"]["median"] > 0
    assert found["share_of_plain_throughput"]["median"] > 0
    assert "maps a second of 32 masks each" in said


@pytest.mark.slow
def test_a_recipe_is_trained_drawn_and_judged_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(profiles.apply(text, "tiny", ROOT / "profiles"))
    for stage, read in (("check", ""), ("prepare", ""), ("judges", "--data outputs/prepare")):
        options = f"--params params.yaml --out outputs/{stage} {read}".split()
        script = str(ROOT / f"stages/{stage}.py")
        done = programs.run(lambda at=script: runpy.run_path(at, run_name="__main__"), *options, folder=tmp_path)
        assert done.returncode == 0, done.stderr
    short = recipe.Change("v", {"images": 64, "batch_size": 16, "warmup": 16})
    monkeypatch.setattr(recipe, "CHANGES", {"short": short})
    folders = (tmp_path / "outputs/prepare", tmp_path / "outputs/judges", tmp_path / "parts")
    job, counted = recipe.Job(tmp_path / "params.yaml", "short", 0, 20, 3, *folders), list[int]()
    monkeypatch.setattr(recipe, "_count", counted.append)
    found = recipe.measure(job)
    assert sum(counted) == recipe.work(job) == 3 * 64 + 2 * 20 * 3
    expected = {"validation_loss", "train_seconds", "slope_at_980", "slope_at_800"}
    expected |= {f"{name}_{what}" for name in ("ddpm", "ddim") for what in ("fd_classifier", "accuracy")}
    assert set(found) == expected
    assert found["ddpm_fd_classifier"] != found["ddim_fd_classifier"]
    monkeypatch.setattr(recipe.classifier, "load", None)
    assert recipe.measure(job) == found, "what is there is not measured again"


def test_a_recipe_is_compared_with_the_reference_seed_by_seed() -> None:
    base, other = [3.0, 5.0, 4.0], [2.5, 4.0, 3.9]
    found = {recipe.REFERENCE: [{"fd": value} for value in base], "other": [{"fd": value} for value in other]}
    result = recipe.summarise(found)
    alone, paired = result["other"]["numbers"]["fd"], result["other"]["differences"]["fd"]
    assert (alone["n"], paired["n"], paired["replicas"]) == (3, 3, pytest.approx([-0.5, -1.0, -0.1]))
    assert alone["ci95"] == pytest.approx([*ttest_1samp(other, 0).confidence_interval(0.95)])
    assert paired["ci95"] == pytest.approx([*ttest_rel(other, base).confidence_interval(0.95)])
    assert "ci95" not in recipe.over_seeds([1.0]), "one seed has no interval"
    assert "| other | 3.47 [" in recipe.table(result)


def test_a_moment_counts_for_one_kind_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    clock = startup.Clock()

    def after(seconds: float, act: Callable[..., None], *kind: str) -> None:
        now[0] += seconds
        act(*kind)

    after(1, clock.enter, "reading")
    after(2, clock.enter, "writing")  # inside reading: still reading
    after(4, clock.enter, "imports")  # importing counts as importing wherever it happens
    after(8, clock.enter, "reading")
    after(16, clock.leave)
    after(32, clock.leave)
    after(64, clock.leave)
    after(128, clock.leave)
    after(256, clock.enter, "end")
    assert clock.seconds == {
        **dict.fromkeys(startup.KINDS, 0.0),
        "work": 1 + 256,
        "reading": 2 + 4 + 64 + 128,
        "imports": 8 + 16 + 32,
    }


def test_of_a_context_manager_its_ends_are_timed_and_not_what_is_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    clock = startup.Clock()

    @contextlib.contextmanager
    def writing() -> Iterator[str]:
        now[0] += 1
        yield "inside"
        now[0] += 2

    with clock.around("writing", writing)() as what:
        assert what == "inside"
        now[0] += 4
    clock.enter("end")
    assert (clock.seconds["writing"], clock.seconds["work"]) == (3, 4)


def spent(**seconds: float) -> dict[str, float]:
    return {**dict.fromkeys(startup.KINDS, 0.0), **seconds}


LEFT = [  # what three processes left word of, in no order
    {
        "command": "stages/train.py --variant wide --out outputs/train/wide".split(),
        "born": 104.0,
        "ended": 110.0,
        "seconds": spent(imports=2, work=4),
    },
    {
        "command": "stages/evaluate.py --out outputs/evaluate/floor".split(),
        "born": 111.0,
        "ended": 114.0,
        "seconds": spent(imports=1.5, work=1, writing=0.5),
    },
    {"command": "stages/check.py --out outputs/check".split(), "born": 101.0, "ended": 103.0, "seconds": spent(work=2)},
]


def test_a_run_s_time_is_parted_into_work_and_overhead() -> None:
    found = startup.summarise(20.0, LEFT)
    assert list(found["stages"]) == ["check", "train@wide", "floor"], "in the order of their beginnings"
    assert found["stages"]["train@wide"] == {"total": 6, **spent(imports=2, work=4)}
    assert (found["work_seconds"], found["overhead_seconds"]) == (5, 15), "check is not what a run is for"
    assert (found["overhead_share"], found["between_stages_seconds"]) == (0.75, 9)
    heading, *rows, last = startup.table(found).splitlines()
    assert heading.split() == ["stage", "total", "s", *startup.KINDS]
    assert [row.split()[:2] for row in rows] == [["check", "2.0"], ["train@wide", "6.0"], ["floor", "3.0"]]
    assert rows[1].split()[2:] == " ".join(f"{100 * share:.0f} %" for share in (0, 1 / 3, 0, 2 / 3, 0, 0, 0)).split()
    assert "took 20.0 s, of which 5.0 s went" in last
    assert "15.0 s, 75.0 % of the run, are overhead; 9.0 s of them passed" in last


@pytest.mark.parametrize(
    ("command", "stage"),
    {
        "stages/prepare.py --out outputs/prepare": "prepare",
        "stages/evaluate.py --out outputs/evaluate/no_skips --params params.yaml": "evaluate@no_skips",
        "stages/intervene.py --out outputs/intervene/baseline": "intervene@baseline",
        "stages/report.py --outputs outputs --out reports/tiny": "report",
    }.items(),
)
def test_a_process_is_named_by_its_stage(command: str, stage: str) -> None:
    assert startup.stage_of(command.split()) == stage


@pytest.mark.parametrize(("mean", "pooled"), [(0.0, 1.0), (1.0, 1.0), (1.0, 4.0), (40.0, 1.0)])
def test_verdicts_differ_as_often_as_the_power_of_the_test_says(mean: float, pooled: float) -> None:
    seeds, values = 3, np.array([-1.0, 0.0, 1.0])  # of mean 0 and standard deviation 1
    found = stability.differing({"it": stability.Effects(values + mean, pooled)}, seeds, np.random.default_rng(0))
    dof, centre = pooled * (seeds - 1), mean * np.sqrt(seeds)
    border = t.ppf(0.975, dof)
    above, below = nct.sf(border, dof, centre), nct.cdf(-border, dof, centre)
    assert found == pytest.approx([1 - above**2 - below**2 - (1 - above - below) ** 2], abs=0.04)


def test_a_ledger_of_many_claims_without_an_effect_decides_fewer_of_the_others() -> None:
    rng, values = np.random.default_rng(0), np.array([-1.0, 0.0, 1.0])
    it, nothing = stability.Effects(values + 1, 4.0), stability.Effects(values, 4.0)
    alone = (stability.decide({"it": it}, 3, 4000, rng)[:, 0] == 1).mean()
    among = (stability.decide({"it": it, **{f"n{i}": nothing for i in range(9)}}, 3, 4000, rng)[:, 0] == 1).mean()
    assert 0.01 < among < 0.6 * alone


def test_stability_is_read_from_reports_of_several_training_seeds(tmp_path: Path) -> None:
    def report(name: str, *seeds: float) -> str:
        number = {"value": np.mean(seeds), "n": 9, "ci95": [0, 2], "dof": 2, "replicas": seeds, "verdict": "supported"}
        equal = {**number, "verdict": "contradicted"}
        (tmp_path / name).mkdir()
        equality = next(claim.name for claim in CLAIMS if claim.equal)
        summary = {"claims.width_helps": number, f"claims.{equality}": equal, "claims.width_doubles_time": number}
        (tmp_path / name / "summary.json").write_text(json.dumps(summary))
        return name

    reports = f"{report('one', 1.0, 1.1, 0.9)} {report('other', 1.2, 0.8, 1.0)}"
    done = programs.run(lambda: errors.run(stability.main), *reports.split(), "--out", "out.json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out.json").read_text())
    assert (found["claims"], found["training_seeds"]) == (1, 6)
    assert found["by_seeds"]["40"]["share"] == 0, "an effect of ten times its error is decided alike by any forty seeds"
    assert "40 training seeds: 0.0 of 1 verdicts differ" in done.stdout

    counted = {"claims.width_doubles_memory": {"value": 1.0, "n": 1, "verdict": "supported"}}
    (tmp_path / "one/summary.json").write_text(json.dumps(counted))
    refused = programs.run(lambda: errors.run(stability.main), "one", "--out", "none.json", folder=tmp_path)
    assert refused.returncode
    assert "No claim is decided over several training seeds" in refused.stderr

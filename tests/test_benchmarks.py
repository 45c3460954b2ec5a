"""The benchmarks run; what they say of speed is not for a test to judge."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.orchestration import profiles

ROOT = Path(__file__).parents[1]


def run(tmp_path: Path, script: str, options: str) -> tuple[dict[str, Any], str]:
    """The benchmark in a folder with the tiny profile's parameters: what it wrote and what it printed."""
    text = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(profiles.apply(text, "tiny", ROOT / "profiles"))
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / script), *options.split(), "--out", "out.json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads((tmp_path / "out.json").read_text()), done.stdout


def test_training_is_compared_with_the_plain_loop_switch_by_switch(tmp_path: Path) -> None:
    found, said = run(tmp_path, "training.py", "--updates 1 --rounds 2 --images 96 --side-by-side 1")
    assert found["ours_over_plain"]["min"] > 0
    losses = found["loss_after_images"]
    assert 0.5 < losses["ours"] / losses["plain"] < 2, "the two loops train the same network on the same objective"
    assert set(found["switches"]) >= {"float32", "bfloat16, channels-last"}
    assert all(each["share_of_matrix_rate"] > 0 for each in found["switches"].values())
    assert found["side_by_side"]["images_per_second"] > 0
    assert "| ours |" in said


@pytest.mark.parametrize("cells", ["params", "source"])
def test_a_sweep_as_a_tree_finds_what_the_plain_way_finds_with_fewer_calls(tiny, tmp_path: Path, cells: str) -> None:
    tiny().save_pretrained(tmp_path / "outputs/train/baseline/0/model")
    found, said = run(tmp_path, "sweep.py", f"--seeds 6 --cells {cells}")
    assert (found["seeds"], found["batch_size"]["plain"], found["of"]) == (6, 6, cells)
    assert found["cells"] > 3
    assert found["calls"]["tree"] < found["calls"]["plain"] <= found["cells"] * found["steps"]
    assert found["predicted"]["by_steps"] == found["calls"]["plain"] / found["calls"]["tree"]
    assert found["predicted"]["by_multiply_adds"] > found["predicted"]["by_steps"], "removed blocks cost nothing"
    assert 0 <= found["largest_ssim_gap"] <= 1e-5
    assert "Measured:" in said

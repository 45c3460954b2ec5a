"""The benchmarks run; what they say of speed is not for a test to judge."""

import json
import os
import subprocess
import sys
from pathlib import Path

from pipeline.orchestration import profiles

ROOT = Path(__file__).parents[1]


def test_training_is_compared_with_the_plain_loop_switch_by_switch(tmp_path: Path) -> None:
    text = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(profiles.apply(text, "tiny", ROOT / "profiles"))
    options = "--updates 1 --rounds 2 --images 96 --side-by-side 1 --out out.json".split()
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/training.py"), *options],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["ours_over_plain"]["min"] > 0
    losses = found["loss_after_images"]
    assert 0.5 < losses["ours"] / losses["plain"] < 2, "the two loops train the same network on the same objective"
    assert set(found["switches"]) >= {"float32", "bfloat16, channels-last"}
    assert all(each["share_of_matrix_rate"] > 0 for each in found["switches"].values())
    assert found["side_by_side"]["images_per_second"] > 0
    assert "| ours |" in done.stdout

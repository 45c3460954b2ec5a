"""A stage that is switched off leaves an empty folder, and is there at once."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = (  # the script in argv[1], with what follows as its own arguments
    "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__'); "
    "sys.exit('torch' in sys.modules)"
)


OF_SUBJECTS = {  # their arguments beside --params and --out
    "trajectory": "--subject baseline --judges none --data none",
    "feature_maps": "--subject baseline",
    "intervene": "--subject baseline --judges none --checkpoints none",
    "shortcut": "--subject baseline --judges none --data none",
    "timesteps": "--subject baseline --judges none --data none --clip none",
    "saliency": "--subject baseline",
}
OTHERS = {
    "segment": "--data none",
    "layers": "--data none --trained none --segmented none",
    "embedding": "--variant baseline --data none --trained none",
    "growth": "--trained none --judges none",
    "clip": "--data none",
    "scores": "--data none --clip none --sampled none",
    "selection": "--data none --judges none --clip none --sampled none",
    "guidance": "--data none --trained none --judges none --clip none",
    "text": "--data none --judges none --clip none --checkpoints none",  # which is off unless it is asked for
}


@pytest.mark.parametrize(
    ("stage", "how"),
    [*((stage, "the stage is switched off") for stage in OF_SUBJECTS | OTHERS)]
    + [(stage, "no stage looks at the subject") for stage in OF_SUBJECTS],
)
def test_an_empty_folder_and_no_wait_for_torch(stage: str, how: str, tmp_path: Path) -> None:
    text = (ROOT / "params.yaml").read_text()
    assert text.count("  run: true ") == 14
    off = text.replace("  run: true ", "  run: false ")
    no_one = text.replace("stages: [trajectory, feature_maps, intervene, shortcut, saliency, timesteps]", "stages: []")
    assert text not in (off, no_one)
    (tmp_path / "params.yaml").write_text(off if how == "the stage is switched off" else no_one)
    out = tmp_path / "out"
    out.mkdir()
    (out / "left from before").touch()
    given = f"--params {tmp_path}/params.yaml {(OF_SUBJECTS | OTHERS)[stage]} --out {out}"
    done = subprocess.run(
        [sys.executable, "-c", RUN, f"stages/{stage}.py", *given.split()], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert list(out.iterdir()) == []

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


@pytest.mark.parametrize(("stage", "other"), [("intervene", "--checkpoints"), ("shortcut", "--data")])
def test_an_empty_folder_and_no_wait_for_torch(stage: str, other: str, tmp_path: Path) -> None:
    text = (ROOT / "params.yaml").read_text()
    assert text.count("  run: true ") == 2
    (tmp_path / "params.yaml").write_text(text.replace("  run: true ", "  run: false "))
    out = tmp_path / "out"
    out.mkdir()
    (out / "left from before").touch()
    given = f"--params {tmp_path}/params.yaml --subject baseline --judges none {other} none --out {out}"
    done = subprocess.run(
        [sys.executable, "-c", RUN, f"stages/{stage}.py", *given.split()], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert list(out.iterdir()) == []

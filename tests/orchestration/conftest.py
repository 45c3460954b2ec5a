"""An empty DVC project, and a folder with an MLflow database, both copied from one made once."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.orchestration import tracking


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a git and a DVC of its own, and nothing else."""
    root = tmp_path_factory.mktemp("empty")
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, cwd=root, check=True)
    return root


@pytest.fixture
def dvc(empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the empty DVC project, as the current folder."""
    root = shutil.copytree(empty, tmp_path / "dvc")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def here(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a variant's weights, as the current one, and an MLflow database of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{shutil.copy(store, tmp_path)}")
    model = tmp_path / "outputs/train/wide/model/3"
    model.mkdir(parents=True)
    (model / "diffusion_pytorch_model.safetensors").write_bytes(b"weights")
    return tmp_path


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every training is followed from its first row on, however short it is."""
    monkeypatch.setattr(tracking, "PATIENCE", 0)

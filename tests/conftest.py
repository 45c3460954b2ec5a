"""A temporary copy of the project at its tiny scale, reproduced once for all the tests that look at it."""

import copy
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pipeline.orchestration import profiles

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers with a thread per core each would get in each other's way

ROOT = Path(__file__).parents[1]


class Project:
    """A copy of the project's files in a folder of its own, with its own git and DVC."""

    def __init__(self, root: Path):
        self.root, self.ran = root, list[str]()
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split("\n")
        for name in filter(None, listed):
            if (ROOT / name).is_file() and not name.startswith(("reports/", "dvc.lock")):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, root / name)
        self.params = yaml.safe_load(profiles.apply((ROOT / "params.yaml").read_text(), "tiny", ROOT / "profiles"))
        self.write()
        for command in ("init -q", "add -A", "-c user.name=t -c user.email=t@example.org commit -qm start"):
            subprocess.run(["git", *command.split()], cwd=root, check=True)

    def write(self, **sections: dict) -> None:
        """Write params.yaml, with these sections laid over the tiny profile."""
        values = copy.deepcopy(self.params)
        profiles.lay(values, sections)
        (self.root / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False))

    def environment(self, **extra: str) -> dict[str, str]:
        """The environment of a user in this folder: this Python first, the copy's own code, nothing sent anywhere."""
        return {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.root),
            "PREFECT_HOME": str(self.root / ".prefect"),
            "DVC_NO_ANALYTICS": "1",
            **extra,
        }

    def run(self, *command: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run a Python module or script in the folder; extra: environment variables."""
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.root,
            env=self.environment(**extra),
            capture_output=True,
            text=True,
            timeout=300,
        )

    def repro(self, *args: str) -> list[str]:
        """`dvc repro`; returns the stages that ran or were restored."""
        done = self.run("-m", "dvc", "repro", *args)
        assert done.returncode == 0, done.stdout + done.stderr
        return [line.split("'")[1] for line in done.stdout.splitlines() if line.startswith("Running stage")]

    def files(self, *folders: str) -> dict[str, bytes]:
        """Every file under these folders, or at these paths, by its path and content."""
        places = [self.root / folder for folder in folders]
        found = [p for place in places for p in (place, *sorted(place.rglob("*"))) if p.is_file()]
        return {str(path.relative_to(self.root)): path.read_bytes() for path in found}


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The copy, reproduced; a test that changes its parameters puts them back with `write()` and `repro()`."""
    made = Project(tmp_path_factory.mktemp("project"))
    made.ran = made.repro()
    return made


@pytest.fixture
def sound(project: Project) -> Iterator[Project]:
    """The project with its own parameters before and after the test."""
    project.write()
    yield project
    project.write()

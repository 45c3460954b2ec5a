"""A tiny copy of the project on coloured letters, a data set to which nothing was tuned, reproduced once by a real
`dvc repro` and shared by all tests of the stages."""

import copy
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from pipeline.orchestration import cli, profiles
from tests import letters, programs
from tests.stages.warm import warm

ROOT = Path(__file__).parents[2]
LETTERS = {  # laid over the tiny profile, whose images are digits of 8x8 pixels; 26 classes need more images of each
    "data": {"name": "letters", "image_size": 16, "caption": "the letter {class}, {slant}, in a {stroke} stroke"},
    "clip": {
        "plain": "an image of the letter {class}",
        **{word: f"a {word} image of the letter {{class}}" for word in ("good", "clear", "blurry")},
    },
    "unet": {"attention": [8]},
    "sample": {"count": 104, "snapshot_count": 26, "batch_size": 26},
    "guidance": {"seeds": 52, "batch_size": 26},
}


class Project:
    """A copy of the project's files in a folder of its own, with its own git and DVC."""

    def __init__(self, root: Path):
        self.root, self.ran = root, list[str]()
        self.first = [Path(sys.executable).parent]  # folders that programs are looked for in before all others
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
        letters.draw(root / "letters", each=24)
        self.params = yaml.safe_load(profiles.apply((ROOT / "params.yaml").read_text(), "tiny", ROOT / "profiles"))
        profiles.lay(self.params, LETTERS)
        self.write()
        for command in ("init -q", "add -A", "-c user.name=t -c user.email=t@example.org commit -qm start"):
            subprocess.run(["git", *command.split()], cwd=root, check=True)

    def write(self, **sections: object) -> None:
        """Write params.yaml, with these sections laid over the tiny profile."""
        values = copy.deepcopy(self.params)
        profiles.lay(values, sections)
        (self.root / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False))

    def environment(self, **extra: str) -> dict[str, str]:
        """The environment of a user in this folder: this Python first, the copy's own code, nothing sent anywhere."""
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {
            **inherited,  # with byte code kept, so that every stage after the first starts sooner
            "PATH": os.pathsep.join([*map(str, self.first), os.environ["PATH"]]),
            "PYTHONPATH": str(self.root),
            "PREFECT_HOME": str(self.root / ".prefect"),
            "DVC_NO_ANALYTICS": "1",
            **extra,
        }

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a Python module or script in the folder, in a process of its own."""
        return subprocess.run(
            ["python", *command],
            cwd=self.root,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=600,
        )

    def stage(self, script: str, *args: str, **environment: str) -> programs.Done:
        """Run a stage's script in the folder, inside this process."""
        return self._inside(lambda: runpy.run_path(str(ROOT / script), run_name="__main__"), *args, **environment)

    def anatomy(self, *args: str, **environment: str) -> programs.Done:
        """Run the `anatomy` command in the folder, inside this process."""
        return self._inside(cli.main, *args, **environment)

    def _inside(self, main: Callable[[], object], *args: str, **environment: str) -> programs.Done:
        store = f"sqlite:///{self.root}/mlflow.db"  # by its whole path: MLflow keeps connections by their address
        return programs.run(main, *args, folder=self.root, **{"MLFLOW_TRACKING_URI": store, **environment})

    def repro(self, *args: str) -> list[str]:
        """`dvc repro`; returns the stages that ran or were restored from its cache."""
        done = self.run("-m", "dvc", "repro", *args)
        assert done.returncode == 0, done.stdout + done.stderr
        begins = ("Running stage '", "Stage '")
        found = [line for line in done.stdout.splitlines() if line.startswith(begins) and "didn't change" not in line]
        return [line.split("'")[1] for line in found]

    def files(self, *folders: str) -> dict[str, bytes]:
        """Every file under these folders, or at these paths, by its path and content."""
        places = [self.root / folder for folder in folders]
        found = [p for place in places for p in (place, *sorted(place.rglob("*"))) if p.is_file()]
        return {str(path.relative_to(self.root)): path.read_bytes() for path in found}


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The copy, reproduced; a test that changes its parameters puts them back with `write()` and `repro()`."""
    made = Project(tmp_path_factory.mktemp("project"))
    with warm(made.root) as folder:
        made.first.insert(0, folder)
        made.ran = made.repro()
        yield made


@pytest.fixture
def sound(project: Project) -> Iterator[Project]:
    """The project with its own parameters before and after the test."""
    project.write()
    yield project
    project.write()

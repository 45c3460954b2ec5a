"""Every command and example of the README does what it says, on the tiny project."""

import contextlib
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from pipeline import params
from pipeline.anatomy.interventions import parse, plan
from pipeline.params import BASELINE
from tests.stages.conftest import ROOT, Project
from tests.text.made import clip_of, values_of

README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = {  # command: why no test runs it
    "uv run pytest": "is what runs this",
    "uv run dvc repro": "makes the project that these tests share",
    "uv run anatomy run": "has a test of its own beside those of `dvc repro`",
    "uv run anatomy profile NAME": "stands for the profiles below",
    "uv run anatomy parts SUBJECT": "stands for the one below",
    "uv run anatomy agree FOLDER FOLDER": "stands for the one below",
    "uv run anatomy apply FILE --subject NAME --count N --out FOLDER": "stands for the one below",
    "uv run anatomy fetch OWNER/NAME@REVISION FOLDER": "needs the network",
    "uv run anatomy fetch google/ddpm-cifar10-32@REVISION models/cifar10": "needs the network",
    "uv run mlflow ui --backend-store-uri sqlite:///mlflow.db": "serves until it is ended",
}


def blocks(language: str) -> list[str]:
    return [text for found, text in FENCED.findall(README) if found == language]


def commands() -> list[str]:
    """The commands of the README's fences and tables, without their comments."""
    fenced = [line.split("  #")[0].strip() for text in blocks("sh") for line in text.splitlines()]
    listed = re.findall(r"^\| `(uv run [^`]+)` \|", README, re.MULTILINE)
    return list(dict.fromkeys([*listed, *fenced]))


@pytest.fixture
def fifty(sound: Project) -> Iterator[Project]:
    """The project with the default's 50 steps, of which the README's examples speak, and a trained variant."""
    sound.write(sampler={"timesteps": 50})
    (sound.root / "cut.yaml").write_text(next(text for text in blocks("yaml") if text.startswith("# cut.yaml")))
    files = ("summary.json", "report.md")
    reports = [sound.root / folder / file for folder in ("reports", "another/reports") for file in files]
    for made in reports:  # two machines' reports, of the same numbers
        made.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(sound.root / "reports/tiny" / made.name, made)
    yield sound
    for made in ("cut.yaml", "agreement.json", "reports/README.md", *reports):
        (sound.root / made).unlink(missing_ok=True)


def test_every_command_that_no_test_runs_is_in_the_readme() -> None:
    assert NOT_RUN.keys() <= set(commands())


@pytest.mark.parametrize("command", [each for each in commands() if each not in NOT_RUN])
def test_a_command_of_the_readme_runs(fifty: Project, command: str) -> None:
    program, *args = shlex.split(command.removeprefix("uv run "))
    if program == "python":
        done = fifty.stage(*args)
    else:
        assert program == "anatomy", f"{command} is run by no test"
        done = fifty.anatomy(*args)
    assert done.returncode == 0, done.stderr
    if "agree" in args:
        assert "0 of" in done.stdout
        assert (fifty.root / "agreement.json").is_file()
    if "--out" in args and "--count" in args:
        folder, count = fifty.root / args[args.index("--out") + 1], int(args[args.index("--count") + 1])
        assert np.load(folder / "images" / "images.npy").shape == (count, 16, 16, 3)
        assert len(list(folder.glob("*.png"))) == (count if "apply" in args else 0)


def test_the_example_in_python_draws_by_a_policy(sound: Project) -> None:
    text, _ = blocks("python")
    names: dict[str, object] = {}
    with contextlib.chdir(sound.root):
        exec(compile(text, "README.md", "exec"), names)
    images = names["images"]
    assert isinstance(images, np.ndarray)
    assert (images.shape, images.dtype) == ((10, 16, 16, 3), np.uint8)


def test_the_example_in_python_of_a_network_that_is_told_captions(tmp_path: Path) -> None:
    from pipeline.text import network  # imports the whole of diffusers

    _, text = blocks("python")
    values, sentence = values_of(), re.findall(r'"(the digit [^"]+)"', text)
    unet = network.build(values.architecture(BASELINE), 16, 1, values.clip.width, 0).eval()
    network.save(unet, clip_of(sentence, 16, values), values.diffusion, tmp_path / "outputs/text/text/model/0")
    names: dict[str, object] = {}
    with contextlib.chdir(tmp_path):
        exec(compile(text, "README.md", "exec"), names)
    assert names["images"].shape == (1, 1, 16, 16)  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", blocks("yaml"))
def test_a_piece_of_yaml_is_accepted(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = yaml.safe_load(text.replace("REVISION", "0" * 40))
    if isinstance(values, list):
        assert len(plan(parse(values), 50, 9)) == 50 - 4 - 8, "a jump spares four steps and the end eight"
        return
    whole = yaml.safe_load((ROOT / "params.yaml").read_text())
    for section, entries in values.items():
        whole[section] |= entries
    monkeypatch.chdir(tmp_path)
    Path("models/cifar10").mkdir(parents=True)
    Path("models/cifar10/config.json").touch()  # what `anatomy fetch` makes
    params.parse(yaml.safe_dump(whole))


def test_a_command_that_applies_what_it_should_not_says_so(fifty: Project) -> None:
    cut = fifty.root / "cut.yaml"
    apply = ("apply", "cut.yaml", "--subject", "baseline", "--count", "2", "--out", "scratch/new")
    for text, said in {
        "- {remove: steps, start: 99, count: 2}": "steps 99 to 98 are removed from",
        "- {remove: blocks, start: 9, count: 2, number: 40}": "part 40 is removed, but the network has",
        "- {remove: colour, start: 9}": "'steps', 'blocks', 'skips', 'rest'",
        "{remove: steps}": "is no policy: ",
        "- [": "cut.yaml is not YAML",
        "": "the whole is None",
    }.items():
        cut.write_text(text)
        done = fifty.anatomy(*apply)
        assert done.returncode == 1
        assert said in done.stderr.splitlines()[-1]
    assert "no subject 'nobody'" in fifty.anatomy(*apply[:3], "nobody", *apply[4:]).stderr
    assert not (fifty.root / "scratch/new").exists()

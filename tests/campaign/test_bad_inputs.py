"""Whatever a user does by mistake ends in a sentence that says what is wrong, and changes nothing."""

import runpy
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pipeline.errors import LONGEST
from pipeline.orchestration import cli, profiles
from tests import programs
from tests.campaign import files, inputs

ROOT = Path(__file__).parents[2]
TABLES = {
    "parameters": inputs.PARAMETERS,
    "models": files.MODELS,
    "interventions": files.INTERVENTIONS,
    "images": files.IMAGES,
}
CASES = [pytest.param(case, id=f"{table}: {name}") for table, cases in TABLES.items() for name, case in cases.items()]
HARMFUL = ("remove it", "delete", "rm ")  # what nobody is told to do with files of their own


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny profile's parameters, a variant's weights, and a pipeline."""
    from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

    from pipeline import params
    from pipeline.diffusion import unet

    here = tmp_path_factory.mktemp("sound")
    text = profiles.apply((ROOT / "params.yaml").read_text(), "tiny", ROOT / "profiles")
    (here / "params.yaml").write_text(yaml.safe_dump(yaml.safe_load(text)))
    shutil.copytree(ROOT / "profiles", here / "profiles")
    values = params.parse(text)
    unet.build(values.unet, 8, 1, 10, 0).save_pretrained(here / inputs.MODEL)
    network = UNet2DModel(
        sample_size=8,
        in_channels=1,
        out_channels=1,
        block_out_channels=(8, 8),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
        norm_num_groups=4,
    )
    DDPMPipeline(network, DDPMScheduler()).save_pretrained(here / "models/pipeline")
    return here


@pytest.fixture
def here(sound: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it to spoil."""
    return shutil.copytree(sound, tmp_path / "here")


def state(here: Path) -> dict[str, bytes | str]:
    """What lies in a folder: the content of each file, and the kind of anything else."""
    found = {path.relative_to(here).as_posix(): path for path in sorted(here.rglob("*"))}
    return {name: path.read_bytes() if path.is_file() else "no file" for name, path in found.items()}


def run(command: str, here: Path) -> programs.Done:
    """Run a stage's script, or `anatomy`, in this process."""
    program, *args = shlex.split(command)
    script = str(ROOT / "stages" / program)
    main = cli.main if program == "anatomy" else lambda: runpy.run_path(script, None, "__main__")
    return programs.run(main, *args, folder=here)


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_a_sentence_and_changes_nothing(case: inputs.Case, here: Path) -> None:
    command, spoil, words = case
    spoil(here)
    before = state(here)
    done = run(command, here)
    said = done.stderr.replace("\r", "\n").strip().splitlines()[-1]
    assert done.returncode in (1, 2), "a sentence, or what argparse says of an argument"
    assert "error: " in said
    assert all(word in said for word in words.split(" | ")), said
    assert len(said) < LONGEST + 100
    assert not any(word in said for word in HARMFUL), said
    assert "dvc repro" not in said or "outputs/" in said or "trains variants" in said, said
    assert state(here) == before


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 100


def test_what_is_not_spoilt_passes(here: Path) -> None:
    for command in (inputs.CHECK, f"{inputs.SAMPLE} --count 2", inputs.PIPELINE):
        done = run(command, here)
        assert done.returncode == 0, done.stderr

"""The stage `saliency` writes every file of a subject from its weights alone, twice the same bytes."""

import json
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import params
from pipeline.orchestration import profiles
from tests import programs

ROOT = Path(__file__).parents[2]
STAGE = "--params params.yaml --subject baseline --out out"


@pytest.fixture
def place(tiny, tmp_path: Path) -> Path:
    """A folder with the tiny profile's parameters, and a network of its form."""
    text = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(profiles.apply(text, "tiny", ROOT / "profiles"))
    tiny().save_pretrained(tmp_path / "outputs/train/baseline/model/0")
    return tmp_path


def run(place: Path, options: str = STAGE) -> programs.Done:
    return programs.run(
        lambda: runpy.run_path(str(ROOT / "stages/saliency.py"), run_name="__main__"), *options.split(), folder=place
    )


def test_every_file_is_there_and_a_second_run_makes_the_same_bytes(place: Path) -> None:
    done = run(place)
    assert done.returncode == 0, done.stderr
    first = {path.name: path.read_bytes() for path in (place / "out/0").iterdir()}
    assert {name.split(".")[0] for name in first} == {
        *("games", "curves", "convergence", "sanity", "findings", "maps", "pictures")
    }
    chosen = params.load(place / "params.yaml").saliency
    games = pd.read_csv(place / "out/0/games.csv")
    assert games.groupby(["time", "method"]).size().unique().tolist() == [chosen.seeds]
    assert list(dict.fromkeys(games["time"])) == ["t100", "t050"]
    with np.load(place / "out/0/maps.npz") as maps:
        assert maps["rise"].shape == (2, chosen.seeds, 8, 8)
        assert maps["cam.skip_01"].shape == (2, chosen.shown, 8, 8)
    findings = json.loads(first["findings.json"])
    assert findings["effects.rise_explains"]["n"] == chosen.seeds
    assert findings["mean.sanity.cam.weights_100"]["n"] == chosen.sanity_seeds
    assert run(place).returncode == 0
    assert first == {path.name: path.read_bytes() for path in (place / "out/0").iterdir()}

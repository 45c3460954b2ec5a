"""The stage text on the digits 0 and 1: from captions to pipelines, what was found with them, and subjects."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from pipeline import params
from pipeline.data.prepared import Prepared
from pipeline.diffusion import subject
from pipeline.orchestration import cli
from pipeline.text import prompted
from pipeline.text.prompted import CLIP_LOSS, TEXT
from tests import programs
from tests.text.made import clip_of, prepare, text_of

ROOT = Path(__file__).parents[2]
TOLD = {"model": "outputs/text/text/model/0", "prompts": ["the digit 1, upright, in a bold stroke"], "guidance": 2.0}
SMALL = {
    "data": {"classes": [0, 1]},
    "text": {"images": 32, "clip_from": 16, "held_out": 2, "steps": 3},
    "subjects": {"told": {**TOLD, "replicas": 1, "stages": ["trajectory", "intervene"]}},
    "selection": {"run": False},
}
STAGE = "--params params.yaml --data prepare --judges judges --clip clip --checkpoints checkpoints --out outputs/text"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """What `prepare` makes of the digits 0 and 1, with judges beside it that have fresh weights."""
    import torch

    from pipeline.judges import classifier, reference
    from pipeline.judges.features import classifier_judge, extract

    folder = tmp_path_factory.mktemp("place")
    made, values = prepare(folder, **SMALL), params.load(folder / "params.yaml")
    real = made.split("train")
    torch.manual_seed(0)
    fresh = classifier.Classifier(8, 1, [8, 16], 16, 2).eval()
    classifier.save(fresh, folder / "judges/classifier")
    eye = classifier_judge(fresh)
    known = reference.choose(extract(eye, real.images, torch.device("cpu")), real.labels, 100)
    reference.save(folder / "judges/reference", made.sha256["train"], eye, known)
    clip_of(sorted(set(made.captions("train")["caption"])), 8, values).save(folder / "clip/model")
    return made


def run(dataset: Prepared, **sections: object) -> programs.Done:
    place, script = dataset.folder.parent, str(ROOT / "stages/text.py")
    (place / "params.yaml").write_text(text_of(**{**SMALL, **sections}))
    return programs.run(lambda: runpy.run_path(script, run_name="__main__"), *STAGE.split(), folder=place)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_captions_become_pipelines_and_what_was_found_with_them(dataset: Prepared) -> None:
    done = run(dataset)
    assert done.returncode == 0, done.stderr
    place, out = dataset.folder.parent, dataset.folder.parent / "outputs/text"
    values = params.load(place / "params.yaml")
    found = {name: prompted.load(prompted.found(out, name, 0)) for name in (TEXT, CLIP_LOSS)}
    for name, of in found.items():
        assert list(of.replicates) == list(of.numbers)
        expected = {"seen.all", "held_out.all", "seen_chance.all", "seen_rank.slant", "accuracy", "clip_score"}
        assert expected <= set(of.numbers)
        sets = [of.numbers[f"{name}.all"]["n"] for name in prompted.SETS if f"{name}.all" in of.numbers]
        assert sum(sets) == 18 == len(of.combinations) == len(of.pictures["grid"])
        assert of.numbers["clip_score"]["n"] == 20
        assert of.combinations["held_out"].sum() == 2
        assert of.combinations["trained"].sum() == dataset.count["train"]
        assert of.curve["images_seen"].tolist() == [0, 16, of.costs["images"]]
        assert of.costs["seconds"] > 0
        asked = params.Subject(model=str(prompted.model(out, name, 0)), prompts=TOLD["prompts"], guidance=2.0)
        assert subject.load(asked, values.diffusion).shape == (1, 8, 8)
    assert (found[TEXT].costs["images"], found[TEXT].costs["clip_from"]) == (32, None)
    assert (found[CLIP_LOSS].costs["images"], found[CLIP_LOSS].costs["clip_from"]) == (24, 16)
    assert set(found[TEXT].attended["word"]) == {"class", "slant", "stroke", "other"}
    assert len(found[TEXT].words) == len(found[TEXT].pictures["attention"]) == 2
    assert found[CLIP_LOSS].attended.empty
    assert set(found[CLIP_LOSS].pictures) == {"grid"}
    assert not np.array_equal(found[TEXT].pictures["grid"], found[CLIP_LOSS].pictures["grid"])

    first = files(out)
    again = run(dataset)
    assert again.returncode == 0, again.stderr
    assert files(out) == first, "from the checkpoints at the end of the trainings"
    assert len(list((place / "checkpoints").iterdir())) == 2
    parts = programs.run(cli.main, "parts", "told", folder=place)
    assert parts.returncode == 0, parts.stderr
    assert "skip_01" in parts.stdout

    alone = run(dataset, text={**SMALL["text"], "clip_weight": 0})
    assert alone.returncode == 0, alone.stderr
    assert {name.split("/")[0] for name in files(out)} == {TEXT}
    costs = json.loads((out / TEXT / "found/0/costs.json").read_text())
    assert costs["images"] == 32

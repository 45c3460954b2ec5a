"""params.yaml passes through unchanged, or is refused in a sentence that names the key."""

import ast
from pathlib import Path

import pytest
import yaml

from pipeline import params
from pipeline.errors import LONGEST, UserError
from tests import unsound, unsound_text

ROOT = Path(__file__).parents[1]
VALUES = yaml.safe_load((ROOT / "params.yaml").read_text())
BAD = {**unsound.BAD, **unsound_text.BAD}


def load(tmp_path: Path, change) -> params.Params:
    values = yaml.safe_load((ROOT / "params.yaml").read_text())
    change(values)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(values))
    return params.load(tmp_path / "params.yaml")


def test_what_a_stage_gets_is_what_the_file_says() -> None:
    assert params.load(ROOT / "params.yaml").model_dump() == VALUES


@pytest.mark.parametrize("section", params.Section.__subclasses__())
def test_no_value_lives_in_the_code(section: type[params.Section]) -> None:
    assert all(field.is_required() for field in section.model_fields.values())


def test_a_variant_is_the_baseline_with_its_difference() -> None:
    loaded = params.load(ROOT / "params.yaml")
    assert loaded.architecture("baseline").model_dump() == VALUES["unet"]
    assert loaded.architecture("wide").model_dump() == {**VALUES["unet"], **VALUES["variants"]["wide"]}


@pytest.mark.parametrize("case", BAD)
def test_unsound_values_are_refused_in_one_line_that_names_the_key(tmp_path: Path, case: str) -> None:
    change, words = BAD[case]
    with pytest.raises(UserError) as caught:
        load(tmp_path, change)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert len(sentence) <= LONGEST + 10
    assert sentence.startswith("params.yaml: ")
    assert all(word in sentence for word in words), sentence


def test_a_pipeline_in_a_folder_named_like_a_variant_is_not_that_variant(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("models/mine/wide").mkdir(parents=True)
    Path("models/mine/wide/config.json").touch()

    def change(values: dict) -> None:
        values["subjects"]["mine"] = {"model": "models/mine/wide", "prompts": [], "guidance": 1.0}
        values["subjects"]["mine"] |= {"replicas": 1, "stages": []}
        values["subjects"].pop("baseline")
        values["intervene"]["blocks"] = [2, 40]

    assert load(tmp_path, change).intervene.blocks == [2, 40]


def test_a_network_told_captions_can_be_a_guided_subject_whether_the_baseline_is_told_the_class(tmp_path: Path) -> None:
    def change(values: dict) -> None:
        values["text"].update(run=True, replicas=1)
        values["unet"].update(class_embedding=False)
        values["variants"]["wide"].update(class_embedding=True)
        values["guidance"].update(run=False)
        values["selection"].update(variant="wide")
        values["subjects"]["told"] = {
            "model": "outputs/text/clip_loss/model/0",
            "prompts": ["the digit 3, upright, in a bold stroke"],
            "guidance": 2.0,
            "replicas": 1,
            "stages": ["trajectory", "intervene"],
        }

    told = load(tmp_path, change).subjects["told"]
    assert (told.is_told_captions, told.is_trained_here, told.variant) == (True, True, "baseline")


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not there"):
        params.load(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("a: [1")
    with pytest.raises(UserError, match="not YAML"):
        params.load(tmp_path / "params.yaml")


@pytest.mark.parametrize("key", ["lr", "train"])
def test_a_key_that_is_there_twice_is_refused(key: str) -> None:
    text = (ROOT / "params.yaml").read_text()
    lines = text.splitlines()
    first = next(
        i for i, line in enumerate(lines) if line.strip().startswith(f"{key}:") and i > lines.index("train:") - 1
    )
    twice = "\n".join([*lines[: first + 1], lines[first], *lines[first + 1 :]])
    with pytest.raises(UserError, match=rf"^params.yaml: {key} is there twice, in lines {first + 1} and {first + 2};"):
        params.parse(twice)


def test_no_section_knows_another() -> None:
    assembling = {"__init__", "whole", "together", "looking", "memory", "reading", "sentences"}
    files = [path for path in (ROOT / "pipeline/params").glob("*.py") if path.stem not in assembling]
    assert len(files) > 15
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert node.module != "pipeline", path
                assert not (node.module or "").startswith("pipeline.") or node.module in (
                    "pipeline.errors",
                    "pipeline.files",
                    "pipeline.params.section",
                ), path

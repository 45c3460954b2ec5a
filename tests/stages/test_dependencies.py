"""The DVC graph declares what the code uses: files by their imports, parameters by their sections."""

import ast
from pathlib import Path

import pytest
import yaml

from pipeline import params
from pipeline.orchestration import dependencies

ROOT = Path(__file__).parents[2]
GRAPH = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
STAGES = {name: stage.get("do", stage) for name, stage in GRAPH.items()}
READERS = {"report": "pipeline/reporting/", "text": "pipeline/text/"}  # where a stage's sections are read too


def script(stage: str) -> str:
    return STAGES[stage]["cmd"].split()[1]


def test_declared_files_are_the_imported_ones() -> None:
    _, changes = dependencies.rewritten((ROOT / "dvc.yaml").read_text(), ROOT)
    assert not changes, "run `uv run anatomy deps`"


def test_every_import_is_one_that_can_be_followed() -> None:
    for folder in ("pipeline", "stages"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text()
            assert "import_module" not in text, path
            assert "__import__" not in text, path
            assert not any(isinstance(n, ast.ImportFrom) and n.level for n in ast.walk(ast.parse(text))), path


def test_unsound_parameters_stop_every_stage() -> None:
    assert set(STAGES["check"]["params"]) == set(yaml.safe_load((ROOT / "params.yaml").read_text()))
    assert all("outputs/check" in stage["deps"] for name, stage in STAGES.items() if name != "check")


def sections_read(path: str) -> set[str]:
    """The sections of params.yaml that a file takes: attributes of `values`, of any `params`, or of what `params.load`
    returns."""
    read = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Attribute):
            of, sections = ast.unparse(node.value), set(params.Params.model_fields)
            if of in ("values", "params.load(args.params)") or of.split(".")[-1] == "params":
                of_several = {"architecture": {"variants", "unet"}, "subject": {"subjects"}, "looks": {"subjects"}}
                read |= of_several.get(node.attr, {node.attr} & sections)
    return read


@pytest.mark.parametrize("stage", sorted(set(STAGES) - {"check"}))  # which looks at everything
def test_declared_parameters_are_the_sections_read(stage: str) -> None:
    declared = {name.split(".")[0] for name in STAGES[stage]["params"]}
    files = [script(stage)]
    if stage in READERS:
        files += [file for file in dependencies.closure(files[0], ROOT) if file.startswith(READERS[stage])]
    assert set().union(*(sections_read(file) for file in files if file.endswith(".py"))) == declared


def test_no_stage_imports_torch_before_the_pipeline_has_set_it_up() -> None:
    for stage in STAGES:
        tree = ast.parse((ROOT / script(stage)).read_text())
        assert "torch" not in {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}


def test_no_stage_needs_an_orchestrator_to_import() -> None:
    for stage in STAGES:
        for path in {*dependencies.closure(script(stage), ROOT), *dependencies.OBSERVERS}:
            if not path.endswith(".py"):
                continue
            tree = ast.parse((ROOT / path).read_text())
            top = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
            names = {a.name.split(".")[0] for n in top for a in n.names} | {
                (n.module or "").split(".")[0] for n in top if isinstance(n, ast.ImportFrom)
            }
            assert not names & {"dvc", "prefect", "mlflow"}, path

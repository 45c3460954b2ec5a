"""The DVC graph declares what the code uses: files by their imports, parameters by their sections."""

import ast
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
OBSERVERS = {"pipeline/progress.py", "pipeline/orchestration/tracking.py"}  # cannot change an output
PASSES_THROUGH = {"pipeline/params.py", "pipeline/together.py"}  # have no values of their own: tests/test_params.py
GRAPH = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
STAGES = {name: stage.get("do", stage) for name, stage in GRAPH.items()}


def imported(path: str) -> set[str]:
    """The project's files that `path` imports itself."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {name.replace(".", "/") + ".py" for name in names if name.split(".")[0] == "pipeline"}
    return {file for file in found if (ROOT / file).is_file()}


def reached(script: str) -> set[str]:
    """All of the project's files behind a script, without observers and what only they import."""
    seen: set[str] = set()
    waiting = [script]
    while waiting:
        path = waiting.pop()
        if path not in seen and path not in OBSERVERS | PASSES_THROUGH:
            seen.add(path)
            waiting += imported(path)
    return seen


def script(stage: str) -> str:
    return STAGES[stage]["cmd"].split()[1]


@pytest.mark.parametrize("stage", STAGES)
def test_declared_files_are_the_imported_ones(stage: str) -> None:
    declared = {dep for dep in STAGES[stage]["deps"] if dep.endswith(".py")}
    assert declared - PASSES_THROUGH == reached(script(stage))


def test_unsound_parameters_stop_every_stage() -> None:
    assert set(STAGES["check"]["params"]) == set(yaml.safe_load((ROOT / "params.yaml").read_text()))
    assert all("outputs/check" in stage["deps"] for name, stage in STAGES.items() if name != "check")


def sections_read(path: str) -> set[str]:
    """The sections of params.yaml that a script takes: attributes of `values`, or of what `params.load` returns."""
    read = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("values", "params.load(args.params)"):
            read |= {"variants", "unet"} if node.attr == "architecture" else {node.attr}
    return read - {"model_dump"}


@pytest.mark.parametrize("stage", STAGES)
def test_declared_parameters_are_the_sections_read(stage: str) -> None:
    declared = {name.split(".")[0] for name in STAGES[stage]["params"]}
    if stage in ("check", "report"):  # one looks at everything, the other's template reads more than its script
        assert sections_read(script(stage)) <= declared
    else:
        assert sections_read(script(stage)) == declared


def test_no_stage_imports_torch_before_the_pipeline_has_set_it_up() -> None:
    for stage in STAGES:
        tree = ast.parse((ROOT / script(stage)).read_text())
        assert "torch" not in {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}


def test_no_stage_needs_an_orchestrator_to_import() -> None:
    for stage in STAGES:
        for path in reached(script(stage)) | OBSERVERS:
            tree = ast.parse((ROOT / path).read_text())
            top = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
            names = {a.name.split(".")[0] for n in top for a in n.names} | {
                (n.module or "").split(".")[0] for n in top if isinstance(n, ast.ImportFrom)
            }
            assert not names & {"dvc", "prefect", "mlflow"}, path

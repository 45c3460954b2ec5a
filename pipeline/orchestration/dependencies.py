"""The files that each stage's result depends on, which are found from its imports and written into dvc.yaml.

The pages of the report are written there too, one for every chapter.
"""

import ast
from collections.abc import Iterator, Mapping, MutableMapping
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from pipeline.errors import UserError
from pipeline.files import read_text, write_text
from pipeline.orchestration.profiles import round_trip

GRAPH = Path("dvc.yaml")
CODE = ("stages/", "pipeline/")  # where code is; a dependency from elsewhere is data, and is left as it is
OBSERVERS = (  # files that cannot change an output
    "pipeline/progress.py",
    "pipeline/tether.py",
    "pipeline/orchestration/tracking.py",
    "pipeline/orchestration/recording.py",
)
PASSES_THROUGH = "pipeline/params/"  # passes values on unchanged: DVC watches the values themselves, in params.yaml
REPORT, FOLDER = "stages/report.py", "${report.folder}"  # the stage that writes a page per chapter, and where
CHECK = "stages/check.py"  # the one stage whose result depends on the code in `PASSES_THROUGH`


def write(check: bool, root: Path = Path()) -> str:
    """Bring the code dependencies in dvc.yaml up to date, and return a sentence that says what changed.

    check: change nothing; an out-of-date dvc.yaml is then a `UserError` that names the command to run.
    """
    path = root / GRAPH
    if not path.exists():
        raise UserError(f"{GRAPH} is not there; run this from the project's folder.")
    before = read_text(path)
    after, changes = rewritten(before, root)
    if not changes:
        return f"{GRAPH} lists the files that its stages import."
    if check:
        raise UserError(f"{GRAPH} does not list the files that its stages import; run `uv run anatomy deps`.")
    write_text(path, after)
    return "\n".join(f"{stage}: {', '.join(each)}" for stage, each in changes.items())


def rewritten(text: str, root: Path) -> tuple[str, dict[str, list[str]]]:
    """Return the text of a dvc.yaml with the code dependencies that its stages have, and the changes by stage.

    Comments, order and data dependencies stay. A change is a file with `+` or `-` before it. A stage whose command runs
    no script of `stages/` is left alone. A graph that cannot be read, or a script that is not there, is a
    `UserError`.
    """
    yaml = round_trip()
    yaml.indent(mapping=2, sequence=4, offset=2)
    try:
        graph = yaml.load(text)
    except YAMLError as error:
        raise UserError(f"{GRAPH} is not YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(graph, Mapping) or not isinstance(graph.get("stages"), Mapping):
        raise UserError(f"{GRAPH} holds no stages.")
    changes = dict[str, list[str]]()
    for name, stage in graph["stages"].items():
        stage = stage.get("do", stage) if isinstance(stage, MutableMapping) else stage
        if not isinstance(stage, MutableMapping) or not isinstance(stage.get("cmd"), str):
            raise UserError(f"{GRAPH}: stage {name} has no command in one text (cmd).")
        scripts = [word for word in stage["cmd"].split() if word.startswith("stages/")]
        if scripts and not (root / scripts[0]).is_file():
            raise UserError(f"{GRAPH}: stage {name} runs {scripts[0]}, which is not there.")
        if scripts:
            changed = _update(stage.setdefault("deps", []), closure(scripts[0], root))
            changed += _update_pages(stage["outs"]) if scripts[0] == REPORT else []
            changes |= {name: changed} if changed else {}
    out = StringIO()
    yaml.dump(graph, out)
    return (out.getvalue() if changes else text), changes


def _update(listed: list[Any], wanted: list[str]) -> list[str]:
    """Take out of a stage's list the code that is not wanted, put in what is missing, and return both as changes."""
    code = [file for file in listed if str(file).startswith(CODE)]
    gone = [file for file in code if file not in wanted]
    new = [file for file in wanted if file not in code]
    for file in gone:
        listed.remove(file)
    for file in new:
        before = [at for at, other in enumerate(listed) if other in wanted and wanted.index(other) < wanted.index(file)]
        listed.insert(before[-1] + 1 if before else 0, file)
    return [f"+ {file}" for file in new] + [f"- {file}" for file in gone]


def _update_pages(outs: list[Any]) -> list[str]:
    """Give the report an output for every chapter's page, in the chapters' order, and return the changes."""
    from pipeline.reporting.chapters import CHAPTERS  # a second of Matplotlib, which other commands need not wait for

    pages = [f"{FOLDER}/{chapter.NAME}.md" for chapter in CHAPTERS]
    listed = [next(iter(out)) for out in outs]
    gone = [each for each in listed[1:] if each.endswith(".md") and each not in pages]
    new = [each for each in pages if each not in listed]
    for each in gone:
        outs.remove(next(out for out in outs if each in out))
    for each in new:
        page = CommentedMap({each: CommentedMap({"cache": False})})
        page[each].fa.set_flow_style()
        outs.insert(1 + pages.index(each), page)  # after report.md, the first
    return [f"+ {each}" for each in new] + [f"- {each}" for each in gone]


def closure(script: str, root: Path = Path()) -> list[str]:
    """Return the project's files that a script's result depends on: itself first, the others sorted by name.

    They are the modules that it imports, directly or not, at the top of a file or inside a function; the packages on
    the way whose `__init__.py` holds code; and the files beside a module that have its stem, such as its template.
    Observers, and the parameters' own code, are left out with what only they import.
    """
    seen: set[str] = set()
    waiting = [script]
    while waiting:
        path = waiting.pop()
        left_out = path in OBSERVERS or (path.startswith(PASSES_THROUGH) and script != CHECK)
        if path not in seen and not left_out:
            seen.add(path)
            waiting += _imported(path, root)
    held = {path for path in seen if _holds_code(root / path)}
    beside = {each.as_posix() for path in held for each in _beside(Path(path), root)}
    return [script, *sorted(held - {script} | beside)]


def _imported(path: str, root: Path) -> Iterator[str]:
    """Yield the project's files that a file imports itself, the packages around them among them."""
    for node in ast.walk(ast.parse((root / path).read_text(encoding="utf-8"))):
        names = list[str]()
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            for depth in range(1, len(parts) + 1 if parts[0] == "pipeline" else 0):
                module = Path(*parts[:depth])
                files = (module.with_suffix(".py"), module / "__init__.py")
                yield from (file.as_posix() for file in files if (root / file).is_file())


def _holds_code(path: Path) -> bool:
    """Say whether a file holds more than a docstring; only a package's `__init__.py` may hold less."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return path.name != "__init__.py" or any(
        not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) for node in body
    )


def _beside(module: Path, root: Path) -> Iterator[Path]:
    """Yield the files in a module's folder that have its stem and another ending."""
    for file in sorted((root / module.parent).glob(f"{module.stem}.*")):
        if file.suffix != ".py":
            yield file.relative_to(root)
